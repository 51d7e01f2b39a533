import Foundation
import GRDB
import TestSupport
import Testing
import Timekeeping

/// Single values of SQLite files are changed to what no program of ours writes, one at a time, and
/// commands that read them are run over it.
@Suite struct SQLiteMutationTests {
    @Test func `no value in a SQLite store makes a command trap, hang or grow`() async {
        var run = HostileRun("sqlite", seconds: 12)
        while let share = run.share() {
            await #expect(processExitsWith: .success) { [share = share as HostileShare] in
                let child = HostileChild(share)
                var stores = try await HostileFiles(in: share.folder, child)
                await child.work { seed, chance in
                    let table = try stores.mutate(&chance, child)
                    await stores.read(table, seed, &chance, child)
                }
            }
            run.conclude()
        }
    }
}

/// A raw store and a warehouse of a small run, of which a copy is damaged at a time.
struct HostileFiles {
    private let folder: String
    private let columns: [(store: String, table: String, column: String)]
    /// The stores that are not as they were.
    private var changed: Set = ["raw", "warehouse"]

    /// Makes the stores, unless an earlier child has made them in `folder`.
    init(in folder: String, _ child: HostileChild) async throws {
        self.folder = folder
        if !FileManager.default.fileExists(atPath: "\(folder)/warehouse.sound") {
            let (raw, warehouse) = HostileStores.sqlite(in: folder)
            try await HostileStores.fill(raw: raw, warehouse: warehouse, in: folder, child)
            for store in ["raw", "warehouse"] { try HostileFiles.loosen(store, in: folder) }
        }
        columns = try ["raw", "warehouse"].flatMap { try HostileFiles.columns($0, in: folder) }
    }

    /// Makes the file what an older version has made, and any program can make: columns take
    /// anything.
    private static func loosen(_ store: String, in folder: String) throws {
        let queue = try DatabaseQueue(path: "\(folder)/\(store).sqlite")
        try queue.writeWithoutTransaction { database in
            try database.execute(sql: looseningColumns + "PRAGMA journal_mode = DELETE;")
        }
        try queue.close()
        try FileManager.default.moveItem(
            atPath: "\(folder)/\(store).sqlite",
            toPath: "\(folder)/\(store).sound"
        )
    }

    /// The columns of all tables of `store` that have rows.
    private static func columns(
        _ store: String,
        in folder: String
    ) throws -> [(store: String, table: String, column: String)] {
        let queue = try DatabaseQueue(path: "\(folder)/\(store).sound")
        defer { try? queue.close() }
        return try queue.read { database in
            let tables = try String.fetchAll(
                database,
                sql: "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
            )
            return try tables.filter { table in
                let rows = try Int.fetchOne(database, sql: "SELECT count(*) FROM \(table)")
                return rows ?? 0 > 0 && table != "grdb_migrations"
                    && !table.hasPrefix("sqlite_")
            }.flatMap { table in
                try database.columns(in: table).map { (store, table, $0.name) }
            }
        }
    }

    /// Copies the sound files in place of changed ones, and changes a value in one of them.
    ///
    /// - Returns: Its table.
    mutating func mutate(_ chance: inout Randomness, _ child: HostileChild) throws -> String {
        // order-free: each is a file of its own
        for name in changed {
            for end in ["", "-wal", "-shm", "-journal", "-refresh"] {
                unlink("\(folder)/\(name).sqlite\(end)")
            }
            try FileManager.default.copyItem(
                atPath: "\(folder)/\(name).sound",
                toPath: "\(folder)/\(name).sqlite"
            )
        }
        let (store, table, column) = chance.one(of: columns)
        changed = [store]
        let value = HostileValue.sqlite(&chance)
        let queue = try DatabaseQueue(path: "\(folder)/\(store).sqlite")
        defer { try? queue.close() }
        try queue.writeWithoutTransaction { database in
            try database.execute(
                sql: """
                    PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF;
                    PRAGMA synchronous = OFF
                    """
            )
            let key = try database.primaryKey(table)
            let names = key.columns.isEmpty ? "rowid" : key.columns.joined(separator: ", ")
            let rows = try Int.fetchOne(database, sql: "SELECT count(*) FROM \(table)") ?? 1
            let statement = """
                UPDATE OR IGNORE \(table) SET \(column) = \(value) WHERE (\(names)) = (
                SELECT \(names) FROM \(table) LIMIT 1 OFFSET \(chance.index(rows)))
                """
            child.note("\(store) \(statement)")
            // A primary key of a row takes whole numbers alone, whatever the table says.
            do { try database.execute(sql: statement) } catch { child.note("\(error)") }
        }
        return table
    }

    /// Runs commands that read the table, and now and then those that write as well.
    mutating func read(
        _ table: String,
        _ seed: Int,
        _ chance: inout Randomness,
        _ child: HostileChild
    ) async {
        let (raw, warehouse) = HostileStores.sqlite(in: folder)
        let readers = HostileStores.readers(of: table, raw: raw, warehouse: warehouse)
        await child.command(chance.one(of: readers))
        let writers = HostileStores.writers(raw: raw, warehouse: warehouse, in: folder)
        guard seed % 4 == 0 else { return }
        changed = ["raw", "warehouse"]
        await child.command(chance.one(of: writers))
    }
}
