import Foundation
import GRDB

/// A SQLite file as anybody may read it, without the program that wrote it.
struct StoreFile: Sendable {
    let path: String

    /// The rows of a query, each with its values as text, a bar between them.
    func rows(_ sql: String) throws -> [String] {
        try open().read { database in
            try Row.fetchAll(database, sql: sql).map { row in
                row.databaseValues.map(StoreFile.text).joined(separator: "|")
            }
        }
    }

    /// The first value of the first row; 0 where it is null.
    func number(_ sql: String) throws -> Int64 {
        try open().read { try Int64.fetchOne($0, sql: sql) ?? 0 }
    }

    func bytes(_ sql: String) throws -> [UInt8] {
        try open().read { Array(try Data.fetchOne($0, sql: sql) ?? Data()) }
    }

    /// What SQLite finds wrong with the file; `ok` where nothing is.
    func integrity() throws -> [String] { try rows("PRAGMA integrity_check") }

    /// Holds the file's lock while `body` runs, as another program's transaction would.
    func locked(_ mode: String, while body: () async throws -> Void) async throws {
        var configuration = Configuration()
        // The transaction stays open across two calls, which is what is wanted here.
        configuration.allowsUnsafeTransactions = true
        configuration.busyMode = .timeout(10)
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        try await queue.writeWithoutTransaction { try $0.execute(sql: "BEGIN \(mode)") }
        let result: Result<Void, any Error>
        do {
            result = .success(try await body())
        } catch {
            result = .failure(error)
        }
        try await queue.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
        try result.get()
    }

    /// Runs statements as another program does, which knows of no foreign keys.
    func change(_ sql: String) throws {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        try DatabaseQueue(path: path, configuration: configuration).write {
            try $0.execute(sql: sql)
        }
    }

    /// Waits until `sql` gives at least `count`; the file need not be there yet.
    func wait(for sql: String, atLeast count: Int64) async throws {
        while true {
            if FileManager.default.fileExists(atPath: path), let now = try? number(sql),
                now >= count
            {
                return
            }
            try await ContinuousClock().sleep(for: .milliseconds(20))
        }
    }

    private func open() throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.busyMode = .timeout(10)
        return try DatabaseQueue(path: path, configuration: configuration)
    }

    private static func text(_ value: DatabaseValue) -> String {
        switch value.storage {
        case .null: "NULL"
        case .int64(let number): "\(number)"
        case .double(let number): "\(number)"
        case .string(let text): text
        case .blob(let data): data.map { String($0, radix: 16) }.joined(separator: " ")
        }
    }
}
