import Foundation
import GRDB
import SQLStores
import SQLiteStores
import Storage
import TestSupport
import Testing
import Timekeeping

/// What becomes of files that are not as they should be, under both stores.
struct SQLiteFileTests {
    enum Store: CaseIterable {
        case raw
        case warehouse

        /// Opens the store, touches everything in it, and closes it.
        func use(_ location: SQLiteLocation) async throws(StoreError) {
            switch self {
            case .raw:
                let store = try SQLiteRawStore(location)
                _ = try await store.nextPosition()
                _ = try await store.store([Shop().views(500, from: 9_000).write(at: 9_000)])
                try store.close()
            case .warehouse:
                let warehouse = try SQLiteWarehouse(location)
                _ = try await warehouse.windows(.second, categories: .total)
                try await warehouse.commit(Store.commit(500, from: 9_000))
                try warehouse.close()
            }
        }

        /// Makes a file with some 50 pages of it.
        func fill(_ location: SQLiteLocation) async throws {
            switch self {
            case .raw:
                let store = try SQLiteRawStore(location)
                _ = try await store.store([Shop().views(500).write(at: 1)])
                try store.close()
            case .warehouse:
                let warehouse = try SQLiteWarehouse(location)
                try await warehouse.commit(Store.commit(4_000, from: 1))
                try warehouse.close()
            }
        }

        static func commit(_ count: Int64, from first: Int64) -> WarehouseCommit {
            var commit = WarehouseCommit()
            for second in first..<first + count {
                commit.add(.second, Timestamp(seconds: second), .sample())
            }
            return commit
        }
    }

    /// Uses the store, which must fail, and holds the error to what every error must say.
    private func failure(
        _ store: Store,
        _ location: SQLiteLocation,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> StoreError {
        let error = try #require(
            await #expect(throws: StoreError.self, sourceLocation: sourceLocation) {
                try await store.use(location)
            },
            sourceLocation: sourceLocation
        )
        expectHelp(error, location, sourceLocation: sourceLocation)
        return error
    }

    private func expectHelp(
        _ error: StoreError,
        _ location: SQLiteLocation,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let message = error.message
        #expect(message.hasPrefix(location.path), sourceLocation: sourceLocation)
        #expect(message.contains("; "), "no remedy: \(message)", sourceLocation: sourceLocation)
        #expect(error.description == message, sourceLocation: sourceLocation)
    }

    @Test(arguments: Store.allCases)
    func `a database of another program is refused and left as it was`(
        store: Store
    ) async throws {
        try await withFolder { folder in
            for (name, sql) in [
                ("notes.db", "CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES ('mine')"),
                ("marked.db", "PRAGMA application_id = 7; CREATE VIEW one AS SELECT 1"),
                ("empty.db", "PRAGMA application_id = 7; PRAGMA user_version = 1"),
            ] {
                let queue = try folder.connection(to: name)
                try await queue.write { try $0.execute(sql: sql) }
                try queue.close()
                let before = try folder.read(name)
                let error = try await failure(store, SQLiteLocation(path: folder.path(name)))
                #expect(error.code == .wrongFormat)
                #expect(error.message.contains("another program"))
                #expect(try folder.read(name) == before)
            }
            #expect(try folder.names == ["empty.db", "marked.db", "notes.db"])
        }
    }

    @Test(arguments: [(Store.raw, Store.warehouse), (.warehouse, .raw)])
    func `the file of the other store is refused`(made: Store, used: Store) async throws {
        try await withFolder { folder in
            let location = SQLiteLocation(path: folder.path("store.sqlite"))
            try await made.fill(location)
            let error = try await failure(used, location)
            #expect(error.code == .wrongFormat)
            #expect(error.message.contains("another kind"))
            try await made.use(location)
        }
    }

    @Test(arguments: Store.allCases)
    func `a text file is refused and left as it was`(store: Store) async throws {
        try await withFolder { folder in
            let text = Array(String(repeating: "customer,date,units,amount\n", count: 500).utf8)
            try folder.write(text, to: "log.csv")
            let error = try await failure(store, SQLiteLocation(path: folder.path("log.csv")))
            #expect(error.code == .wrongFormat)
            #expect(try folder.read("log.csv") == text)
            #expect(try folder.names == ["log.csv"])
        }
    }

    @Test(arguments: Store.allCases)
    func `an empty file becomes a store`(store: Store) async throws {
        try await withFolder { folder in
            try folder.write([], to: "store.sqlite")
            try await store.use(SQLiteLocation(path: folder.path("store.sqlite")))
            try folder.expectSound("store.sqlite")
        }
    }

    @Test(arguments: Store.allCases, [50, 4_000, 4_096, 20_480, 30_000])
    func `a file that lacks its end is named as damaged`(
        store: Store,
        length: Int
    ) async throws {
        try await withFolder { folder in
            let location = SQLiteLocation(path: folder.path("store.sqlite"))
            try await store.fill(location)
            let whole = try folder.read("store.sqlite")
            #expect(whole.count > 100_000)
            try folder.write(Array(whole.prefix(length)), to: "store.sqlite")
            let error = try await failure(store, location)
            #expect([.corrupted, .wrongFormat].contains(error.code), "\(error.code)")
            #expect(!error.isTransient)
        }
    }

    @Test(arguments: Store.allCases)
    func `a file with pages that were overwritten is named as damaged`(
        store: Store
    ) async throws {
        try await withFolder { folder in
            let location = SQLiteLocation(path: folder.path("store.sqlite"))
            try await store.fill(location)
            var bytes = try folder.read("store.sqlite")
            for place in 4_096..<bytes.count {
                bytes[place] = 0xa5
            }
            try folder.write(bytes, to: "store.sqlite")
            let error = try await failure(store, location)
            #expect(error.code == .corrupted)
        }
    }

    @Test(arguments: Store.allCases)
    func `a file in a directory that is missing cannot be opened`(store: Store) async throws {
        try await withFolder { folder in
            let error = try await failure(store, SQLiteLocation(path: folder.path("no/store")))
            #expect(error.code == .unavailable)
            #expect(error.message.contains("directory exists"))
            #expect(try folder.names == [])
        }
    }

    @Test(arguments: Store.allCases)
    func `a directory is no file`(store: Store) async throws {
        try await withFolder { folder in
            let error = try await failure(store, SQLiteLocation(path: folder.path("")))
            #expect(error.code == .unavailable)
        }
    }

    /// The superuser may write to every file.
    private static let obeysPermissions: Bool = {
        guard let folder = try? TemporaryFolder() else { return false }
        defer { folder.remove() }
        try? folder.write([1], to: "file")
        try? setPermissions(0o400, of: folder.path("file"))
        return !FileManager.default.isWritableFile(atPath: folder.path("file"))
    }()

    private static func setPermissions(_ mode: Int, of path: String) throws {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    @Test(.enabled(if: obeysPermissions), arguments: Store.allCases)
    func `a file that may only be read is refused and left as it was`(
        store: Store
    ) async throws {
        try await withFolder { folder in
            let location = SQLiteLocation(path: folder.path("store.sqlite"))
            try await store.fill(location)
            let before = try folder.read("store.sqlite")
            try SQLiteFileTests.setPermissions(0o400, of: location.path)
            let error = try await failure(store, location)
            #expect(error.code == .readOnly)
            #expect(try folder.read("store.sqlite") == before)
        }
    }

    @Test(arguments: Store.allCases)
    func `a file that another process holds is busy, and then is not`(
        store: Store
    ) async throws {
        try await withFolder { folder in
            var location = SQLiteLocation(path: folder.path("store.sqlite"))
            location.busyTimeout = .milliseconds(20)
            try await store.fill(location)
            let other = try folder.connection(to: "store.sqlite")
            try other.unsafeReentrantWrite { try $0.execute(sql: "BEGIN EXCLUSIVE") }
            let error = try await failure(store, location)
            #expect(error.code == .busy)
            #expect(error.isTransient)
            try other.unsafeReentrantWrite { try $0.execute(sql: "ROLLBACK") }
            try other.close()
            try await store.use(location)
        }
    }

    @Test(arguments: Store.allCases)
    func `a limit that has no room for the schema says that the file is full`(
        store: Store
    ) async throws {
        try await withFolder { folder in
            var location = SQLiteLocation(path: folder.path("store.sqlite"), maximumPages: 2)
            let error = try await failure(store, location)
            #expect(error.code == .full)
            #expect(error.message.contains("max_pages"))
            location.maximumPages = nil
            try await store.use(location)
            try folder.expectSound("store.sqlite")
        }
    }

    @Test(arguments: Store.allCases)
    func `a closed store leaves one sound file`(store: Store) async throws {
        try await withFolder { folder in
            let location = SQLiteLocation(path: folder.path("store.sqlite"))
            try await store.fill(location)
            try await store.use(location)
            #expect(try folder.names == ["store.sqlite"])
            try folder.expectSound("store.sqlite")
        }
    }

    @Test(arguments: Store.allCases)
    func `a file that is removed while it is in use is missed`(store: Store) async throws {
        try await withFolder { folder in
            let location = SQLiteLocation(path: folder.path("store.sqlite"))
            let close: () throws(StoreError) -> Void
            switch store {
            case .raw: close = try SQLiteRawStore(location).close
            case .warehouse: close = try SQLiteWarehouse(location).close
            }
            try FileManager.default.removeItem(atPath: location.path)
            let error = try #require(throws: StoreError.self) { try close() }
            #expect(error.message.contains("was removed or replaced while it was in use"))
        }
    }
}
