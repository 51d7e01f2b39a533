import Foundation
import Subprocess
import Testing

/// A secret that is given to the program comes out nowhere.
///
/// The doors in: every option and argument of every command (as the parser lists them), the
/// variables of the environment, and the files that are read: pipeline, scenario, objectives,
/// invariants, history, log. The doors out: standard output, standard error with the log, the
/// files of reports, and the list of processes.
@Suite(.serialized, .timeLimit(.minutes(20)))
struct SecretDoorTests {
    private static let secret = "M4rkerS3cret"

    /// The spellings that were shown, and those next to them; nothing listens on port 1.
    static let spellings = [
        "postgresql://ann:M4rkerS3cret@127.0.0.1:1/shop",
        "postgresql://127.0.0.1:1/shop?pass%77ord=M4rkerS3cret",
        "host=127.0.0.1 port=1 user=ann password=M4rkerS3cret dbname=shop",
        "host=127.0.0.1 port=1 password='M4rkerS3cret and more'",
        "mongodb://ann:M4rkerS3cret@127.0.0.1:1/?serverSelectionTimeoutMS=50",
        "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=50&tls=true"
            + "&tlsCertificateKeyFilePassword=M4rkerS3cret",
        "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=50&authMechanism=MONGODB-AWS"
            + "&authMechanismProperties=AWS_SESSION_TOKEN:M4rkerS3cret",
        "mongodb://ann:M4rker/S3cret@127.0.0.1:1/shop", "postgresql://ann:p w M4rkerS3cret@h/shop",
        "redis://:M4rkerS3cret@127.0.0.1:1", "sqlite:postgresql://ann:M4rkerS3cret@h/shop",
        "https://ann:M4rkerS3cret@127.0.0.1:1/x?sig=M4rkerS3cret",
        "postgresql:ann:M4rkerS3cret@h", "password=M4rkerS3cret",
    ]

    private struct Listing: Decodable {
        struct Command: Decodable {
            var commandName: String
            var subcommands: [Command]?
            var arguments: [Argument]?
        }
        struct Argument: Decodable {
            struct Name: Decodable {
                var kind: String
                var name: String
            }
            var kind: String
            var names: [Name]?
        }
        var command: Command
    }

    /// What makes each command short, where the value is taken for what it is not.
    private static let rest: [String: [String]] = [
        "run": [
            Program.storefront, "--events", "1", "--rate", "max", "--raw", "memory:", "--warehouse",
            "memory:",
        ],
        "simulate": [Program.storefront, "--for", "1s", "--rate", "1"],
        "capacity": ["nothing.yaml"], "serve": ["127.0.0.1:0", "--warehouse", "sqlite:nothing"],
        "deploy mark": ["--version", "1", "--warehouse", "sqlite:nothing"],
        "datasets show": ["events"], "invariants show": ["nothing"], "slo explain": ["nothing"],
    ]

    private let folder: TestFolder

    init() throws {
        folder = try TestFolder()
    }

    private func expectNoSecret(_ ending: Ending, _ what: String) {
        for text in [ending.output, ending.errors] {
            #expect(!text.contains(Self.secret), "\(what): \(text)")
            #expect(!text.contains("S3cret"), "\(what): \(text)")
        }
    }

    private func run(
        _ arguments: [String],
        environment: [String: String] = [:]
    ) async throws -> Ending {
        try await Program.run(
            ["-k", "1", "20", "weir"] + arguments,
            environment: environment,
            through: "timeout",
            in: folder
        )
    }

    /// All commands with their options; an argument without a name is "".
    private func doors() async throws -> [(command: String, option: String)] {
        let ending = try await Program.run(["--experimental-dump-help"])
        let listing = try JSONDecoder().decode(Listing.self, from: Data(ending.output.utf8))
        func doors(_ command: Listing.Command, _ path: [String]) -> [(String, String)] {
            let own = (command.arguments ?? []).filter { $0.kind != "flag" }.map { argument in
                let name = argument.names?.first { $0.kind == "long" }?.name
                return (path.joined(separator: " "), name.map { "--\($0)" } ?? "")
            }
            return own
                + (command.subcommands ?? []).filter { $0.commandName != "help" }.flatMap {
                    doors($0, path + [$0.commandName])
                }
        }
        return doors(listing.command, [])
    }

    @Test func `no option of any command shows it, whatever it is taken for`() async throws {
        let doors = try await doors()
        #expect(doors.count > 60, "the parser lists them all: \(doors.count)")
        // The options that URLs are for are given every spelling; the others take turns.
        let often = ["--raw", "--warehouse", "--set", "--input", "--history", "--report"]
        var turn = 0
        for (command, option) in doors {
            turn += 1
            let isOften = often.contains(option) && ["run", "slo report"].contains(command)
            let spellings =
                isOften ? Self.spellings : [Self.spellings[turn % Self.spellings.count]]
            for spelling in spellings {
                let value = option == "--set" ? "spec.stores.raw.url=\(spelling)" : spelling
                let given = option.isEmpty ? [value] : [option, value]
                let rest = option.isEmpty ? [] : Self.rest[command] ?? []
                let arguments = command.split(separator: " ").map(String.init) + rest + given
                expectNoSecret(try await run(arguments), arguments.joined(separator: " "))
            }
        }
        // And as an option that there is not.
        for spelling in Self.spellings {
            for arguments in [
                ["run", "--\(spelling)"], [spelling], ["run", "x", "--raw=\(spelling)"],
            ] {
                expectNoSecret(try await run(arguments), spelling)
            }
        }
    }

    @Test(arguments: spellings)
    func `no variable of the environment shows it`(spelling: String) async throws {
        let short = [
            "run", Program.storefront, "--events", "1", "--rate", "max", "--log-level", "debug",
        ]
        for (variable, other) in [
            ("WEIR_RAW_URL", "WEIR_WAREHOUSE_URL"), ("WEIR_WAREHOUSE_URL", "WEIR_RAW_URL"),
        ] {
            let ending = try await run(short, environment: [variable: spelling, other: "memory:"])
            #expect(ending.exitCode != 0)
            expectNoSecret(ending, variable)
        }
        for command in [["slo", "status"], ["datasets", "list"], ["invariants", "check"]] {
            let ending = try await run(command, environment: ["WEIR_WAREHOUSE_URL": spelling])
            expectNoSecret(ending, command.joined(separator: " "))
        }
    }

    @Test(arguments: spellings)
    func `no file shows it`(spelling: String) async throws {
        let yaml = "'\(spelling.replacing("'", with: "''"))'"
        let objective = """
            apiVersion: openslo/v1
            kind: DataSource
            metadata: {name: prom}
            spec: {type: prometheus, connectionDetails: {url: \(yaml), token: \(yaml)}}
            ---
            apiVersion: openslo/v1
            kind: SLO
            metadata: {name: web}
            spec: {service: \(yaml), budgetingMethod: \(yaml), indicator: \(yaml)}
            """
        try folder.write("slo.yaml", objective)
        try folder.write("notes.csv", "start,good,total\n\(spelling),1,2\n")
        try folder.write(
            "log.ndjson",
            "{\"specversion\":\"1.0\",\"id\":\"\(spelling)\",\n\(spelling)\n"
        )
        try folder.write("invariant.sql", "-- name: x\n-- \(spelling)\nSELECT '\(spelling)")
        try folder.write("scenario.yaml", "kind: \(yaml)\nspec: {faults: [{target: \(yaml)}]}\n")
        for place in [
            "url: \(yaml)", "url: \(yaml), bogus: \(yaml)", "url: 'memory:', owner: \(yaml)",
        ] {
            let text = Pipelines.shop.replacing("url: \"memory:\"", with: place)
            try folder.write("shop.yaml", text + "  \(yaml): \(yaml)\n")
            expectNoSecret(try await run(["run", "shop.yaml", "--events", "1"]), place)
        }
        for arguments in [
            ["slo", "lint", "slo.yaml"], ["slo", "report", "--objectives", "slo.yaml"],
            ["slo", "report", "--history", "notes.csv"],
            ["run", Program.storefront, "--input", "log.ndjson", "--raw", "memory:"]
                + ["--warehouse", "memory:"],
            ["run", Program.storefront, "--scenario", "scenario.yaml", "--events", "1"],
            ["invariants", "lint", "invariant.sql"],
        ] {
            expectNoSecret(try await run(arguments), arguments.joined(separator: " "))
        }
    }

    @Test(arguments: spellings.prefix(7))
    func `no report shows it in any format`(spelling: String) async throws {
        let names = ["a.json", "b.md", "c.html", "d.txt"]
        for format in ["text", "json"] {
            let ending = try await run(
                ["simulate", Program.storefront, "--for", "2s", "--rate", "5", "--format", format]
                    + ["--set", "spec.stores.raw.url=\(spelling)"]
                    + names.flatMap { ["--report", $0] }
            )
            #expect(ending.exitCode == 0, "\(ending.errors)")
            expectNoSecret(ending, spelling)
            #expect(ending.output.contains("--set"), "the command that repeats it is told")
            for name in names {
                let text = try folder.text(of: name)
                #expect(!text.contains("S3cret"), "\(name): \(spelling)")
            }
        }
    }

    @Test(arguments: spellings)
    func `the list of processes does not show it`(spelling: String) async throws {
        let ending = try await Program.run(
            [
                "run", Program.storefront, "--rate", "1", "--raw", "memory:", "--warehouse",
                "memory:",
            ]
                + ["--report", "\(spelling).json"],
            in: folder
        ) { program in
            var line = ""
            while !line.hasPrefix("weir\0") || !program.catchesInterrupts {
                try await ContinuousClock().sleep(for: .milliseconds(20))
                line = program.systemFile("cmdline")
            }
            #expect(line.contains("**"))
            #expect(!line.contains("S3cret"))
            try program.send(.interrupt)
        }
        #expect(ending.exitCode == 130, "\(ending.errors)")
        expectNoSecret(ending, spelling)
    }
}
