import Foundation
import Testing

/// Every verb says the same of a URL that it cannot use.
@Suite(.timeLimit(.minutes(20)))
struct StoreURLTests {
    /// A URL, and what is said of it.
    struct Row: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var url: String
        var exitCode: Int32
        /// What the message names of the URL.
        var name: String
        var remedy: String
        /// Whether verbs that make a store take it.
        var isMade = false
    }

    /// A way to name a store.
    struct Door: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var arguments: [String]
        /// Whether the store is made where it is missing.
        var makes = false

        init(
            _ words: String,
            _ further: [String] = [],
            of option: String = "--warehouse",
            makes: Bool = false
        ) {
            testDescription = "\(words) \(option)"
            arguments = words.split(separator: " ").map(String.init) + further + [option]
            self.makes = makes
        }
    }

    private static let pipeline = Program.packageRoot.appending(path: "pipelines/storefront.yaml")
    private static let objectives = [
        "--objectives", Program.packageRoot.appending(path: "slo/storefront").path,
    ]
    private static let invariants = [
        "--invariants", Program.packageRoot.appending(path: "slo/invariants").path,
    ]

    private static let warehouses: [Door] = [
        Door(
            "run",
            [pipeline.path, "--events", "1", "--raw", "memory:"],
            makes: true
        ),
        Door("simulate", [pipeline.path, "--for", "1s"], makes: true),
        Door("capacity", [pipeline.path, "--raw", "memory:"], makes: true),
        Door("slo report", objectives),
        Door("slo status", objectives),
        Door("slo explain", ["message-success"] + objectives),
        Door("slo export", objectives),
        Door("slo replay", objectives + ["--window", "7d"]),
        Door("datasets list"), Door("datasets show", ["events"]),
        Door("invariants check", invariants),
        Door("invariants refresh", invariants),
        Door("invariants show"), Door("invariants schedule"),
        Door("deploy mark", ["--version", "1"]), Door("deploy list"),
        Door("serve", ["127.0.0.1:0"] + objectives),
    ]

    private static let postgreSQL = "postgresql://ann:s3cr3t@127.0.0.1:1/shop"

    /// No store is there, and a door that only reads makes none.
    private static let absent = Row(
        testDescription: "absent",
        url: "sqlite:nothing.sqlite",
        exitCode: 66,
        name: "nothing.sqlite",
        remedy: "expected one that 'weir run' has made",
        isMade: true
    )

    private static let warehouseRows: [Row] = [
        Row(
            testDescription: "malformed",
            url: "postgresql://ann:s3cr3t@127.0.0.1:port/shop",
            exitCode: 64,
            name: "postgresql:",
            remedy: "expected postgresql://"
        ),
        Row(
            testDescription: "an unknown parameter",
            url: "\(postgreSQL)?ssl=maybe",
            exitCode: 64,
            name: "postgresql:",
            remedy: "expected postgresql://"
        ),
        Row(
            testDescription: "a wrong word in a parameter",
            url: "\(postgreSQL)?sslmode=maybe",
            exitCode: 64,
            name: "127.0.0.1:1",
            remedy: "see the parameters"
        ),
        Row(
            testDescription: "a wrong number in a parameter",
            url: "\(postgreSQL)?connect_timeout=soon",
            exitCode: 64,
            name: "postgresql:",
            remedy: "expected postgresql://"
        ),
        Row(
            testDescription: "a file with an unknown parameter",
            url: "sqlite:nothing.sqlite?max_page=5",
            exitCode: 64,
            name: "sqlite:",
            remedy: "expected sqlite:<path>"
        ),
        absent,
        Row(
            testDescription: "in memory",
            url: "memory:",
            exitCode: 64,
            name: "memory:",
            remedy: "expected sqlite:<path> or postgresql://…",
            isMade: true
        ),
        Row(
            testDescription: "unreachable",
            url: postgreSQL,
            exitCode: 69,
            name: "127.0.0.1:1",
            remedy: "see that the server runs"
        ),
        Row(
            testDescription: "another scheme",
            url: "redis://ann:s3cr3t@127.0.0.1:1",
            exitCode: 64,
            name: "\"redis:…\"",
            remedy: "expected sqlite:<path>"
        ),
        Row(
            testDescription: "a raw store's scheme",
            url: "mongodb://ann:s3cr3t@127.0.0.1:1/shop",
            exitCode: 64,
            name: "\"mongodb:…\"",
            remedy: "postgresql://…"
        ),
    ]

    private static let rawStores: [Door] = [
        Door(
            "run",
            [pipeline.path, "--events", "1", "--warehouse", "memory:"],
            of: "--raw",
            makes: true
        ),
        Door("simulate", [pipeline.path, "--for", "1s"], of: "--raw", makes: true),
        Door("capacity", [pipeline.path, "--warehouse", "memory:"], of: "--raw", makes: true),
        Door("invariants check", invariants + ["--warehouse", "sqlite:w.sqlite"], of: "--raw"),
        Door("invariants refresh", invariants + ["--warehouse", "sqlite:w.sqlite"], of: "--raw"),
    ]

    private static let mongoDB = "mongodb://ann:s3cr3t@127.0.0.1:1/shop"

    private static let rawRows: [Row] = [
        Row(
            testDescription: "malformed",
            url: "mongodb://ann:s3cr3t@127.0.0.1:port/shop",
            exitCode: 64,
            name: "MongoDB",
            remedy: "expected mongodb://"
        ),
        Row(
            testDescription: "an unknown parameter",
            url: "\(mongoDB)?password=s3cr3t",
            exitCode: 64,
            name: "127.0.0.1:1",
            remedy: "see its spelling"
        ),
        Row(
            testDescription: "a wrong word in a parameter",
            url: "\(mongoDB)?ssl=maybe",
            exitCode: 64,
            name: "MongoDB",
            remedy: "expected"
        ),
        absent,
        Row(
            testDescription: "in memory",
            url: "memory:",
            exitCode: 64,
            name: "memory:",
            remedy: "expected sqlite:<path> or mongodb://…",
            isMade: true
        ),
        Row(
            testDescription: "unreachable",
            url: "\(mongoDB)?serverSelectionTimeoutMS=50",
            exitCode: 69,
            name: "127.0.0.1:1",
            remedy: "see that the server runs"
        ),
        Row(
            testDescription: "a warehouse's scheme",
            url: postgreSQL,
            exitCode: 64,
            name: "\"postgresql:…\"",
            remedy: "mongodb://…"
        ),
    ]

    private func expect(_ row: Row, at door: Door, in folder: TestFolder) async throws {
        guard !(row.isMade && door.makes) else { return }
        let ending = try await Program.run(door.arguments + [row.url], in: folder)
        let said = "\(door): \(ending.errors)"
        #expect(ending.exitCode == row.exitCode, "\(said)")
        #expect(ending.errors.contains(row.name), "\(said)")
        #expect(ending.errors.contains(row.remedy), "\(said)")
        #expect(!(ending.errors + ending.output).contains("s3cr3t"), "\(said)")
        #expect(ending.output.isEmpty, "\(said)")
    }

    @Test(arguments: warehouseRows)
    func `the URL of a warehouse`(row: Row) async throws {
        let folder = try TestFolder()
        for door in Self.warehouses { try await expect(row, at: door, in: folder) }
    }

    @Test(arguments: rawRows)
    func `the URL of a raw store`(row: Row) async throws {
        let folder = try TestFolder()
        let made = try await Program.run(
            [
                "run", Self.pipeline.path, "--events", "10", "--rate", "max", "--raw", "memory:",
                "--warehouse", "sqlite:w.sqlite",
            ],
            in: folder
        )
        #expect(made.exitCode == 0, "\(made.errors)")
        for door in Self.rawStores { try await expect(row, at: door, in: folder) }
    }
}
