import Foundation
import GRDB
import Testing

/// Which of the two stores is in trouble.
enum StoreOption: String, CaseIterable, Sendable {
    case raw = "--raw"
    case warehouse = "--warehouse"

    var other: StoreOption { self == .raw ? .warehouse : .raw }
}

@Suite(.timeLimit(.minutes(20)))
struct StoreTroubleTests {
    private let folder: TestFolder

    init() throws {
        folder = try TestFolder()
    }

    private func run(_ store: StoreOption, _ path: String) async throws -> Ending {
        try await Program.run([
            "run", Program.storefront, "--events", "2000", "--rate", "max",
            store.rawValue, "sqlite:\(path)", store.other.rawValue, "memory:",
            "--format", "json",
        ])
    }

    @Test(arguments: StoreOption.allCases)
    func `a store below a regular file cannot be made`(store: StoreOption) async throws {
        let file = try folder.write("file", "a regular file")
        let ending = try await run(store, "\(file)/state/store.sqlite")
        #expect(ending.exitCode == 69)
        #expect(ending.errors.contains("\(file)/state cannot be made"))
        #expect(ending.errors.contains("name a directory that is writable"))
        #expect(ending.output.isEmpty)
    }

    @Test(arguments: StoreOption.allCases)
    func `a folder is no store`(store: StoreOption) async throws {
        let ending = try await run(store, folder.path)
        #expect(ending.exitCode == 69)
        let said = "\(folder.path) is a directory; name a file in it, such as"
        #expect(ending.errors.contains(said), "\(ending.errors)")
    }

    @Test(arguments: StoreOption.allCases)
    func `a file that is not SQLite is left as it is`(store: StoreOption) async throws {
        let text = String(repeating: "not a database\n", count: 500)
        let file = try folder.write("notes.txt", text)
        let ending = try await run(store, file)
        #expect(ending.exitCode == 65)
        #expect(ending.errors.contains("\(file) is not a SQLite database; name another file"))
        #expect(try folder.text(of: "notes.txt") == text)
    }

    @Test(arguments: StoreOption.allCases)
    func `a database of another program is left as it is`(store: StoreOption) async throws {
        let path = folder.path("other.sqlite")
        let other = try DatabaseQueue(path: path)
        try await other.write { try $0.execute(sql: "CREATE TABLE bookings (id INTEGER)") }
        try other.close()
        let ending = try await run(store, path)
        #expect(ending.exitCode == 65)
        #expect(ending.errors.contains("\(path) is a database of another program"))
        let tables = try StoreFile(path: path).rows("SELECT name FROM sqlite_master")
        #expect(tables == ["bookings"])
    }

    @Test func `raw store and warehouse need a file each`() async throws {
        let path = folder.path("one.sqlite")
        let ending = try await Program.run([
            "run", Program.storefront, "--events", "10",
            "--raw", "sqlite:\(path)", "--warehouse", "sqlite:\(path)",
        ])
        #expect(ending.exitCode == 65)
        #expect(ending.errors.contains(path))
        #expect(ending.errors.contains("name another file"))
    }

    /// The run waits a minute for room before it gives up, as it does for any store that may come
    /// back.
    @Test(arguments: StoreOption.allCases)
    func `a full store ends the run in bounded time, and is sound`(store: StoreOption) async throws
    {
        let path = folder.path("full.sqlite")
        let ending = try await run(store, "\(path)?max_pages=70")
        #expect(ending.exitCode == 69)
        // Bounded: the minute, and what a busy machine adds.
        #expect(ending.took < .seconds(600))
        #expect(ending.errors.contains("\(path) is full"))
        #expect(ending.errors.contains("make room or raise max_pages"))
        let report = try ending.report
        #expect(report.outcome == "failed")
        #expect(report.failure?.contains("is full") == true)
        #expect(report.isConserved)
        let file = StoreFile(path: path)
        #expect(try file.integrity() == ["ok"])
        #expect(try file.number("PRAGMA page_count") <= 70)
    }
}
