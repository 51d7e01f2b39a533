import Foundation
import GRDB
import Testing

/// A folder of its own for the files of one test.
struct TemporaryFolder: Sendable {
    private let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory
            .appending(path: "weir-\(ProcessInfo.processInfo.globallyUniqueString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    /// The names of the files in it, sorted.
    var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: url.path).sorted() }
    }

    func path(_ name: String) -> String { url.appending(path: name).path }

    func remove() {
        try? FileManager.default.removeItem(at: url)
    }

    func read(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: url.appending(path: name)))
    }

    func write(_ bytes: [UInt8], to name: String) throws {
        try Data(bytes).write(to: url.appending(path: name))
    }

    /// Another program's connection to a file, without our settings.
    func connection(to name: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        return try DatabaseQueue(path: path(name), configuration: configuration)
    }

    /// The rows that another program reads with `sql`, each value as text.
    func query(_ name: String, _ sql: String) throws -> [[String]] {
        let queue = try connection(to: name)
        let rows = try queue.read { database in
            try Row.fetchAll(database, sql: sql).map { row in
                Array(row.databaseValues).map { String.fromDatabaseValue($0) ?? "\($0)" }
            }
        }
        try queue.close()
        return rows
    }

    /// Holds a file of ours to SQLite's own check.
    func expectSound(_ name: String) throws {
        #expect(try query(name, "PRAGMA integrity_check") == [["ok"]])
    }
}

/// Gives a new folder to `body`, and removes it afterwards.
func withFolder(_ body: (TemporaryFolder) async throws -> Void) async throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    try await body(folder)
}
