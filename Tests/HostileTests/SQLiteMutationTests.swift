import Foundation
import GRDB
import Testing
import Timekeeping

/// Single values of SQLite files are changed to what no program of ours writes, one at a time, and
/// every command that reads a store is run over it.
@Suite struct SQLiteMutationTests {
    @Test func `no value in a SQLite store makes a command trap, hang or grow`() async {
        let (folder, seeds) = (HostileChild.folder("sqlite"), HostileChild.seeds(usual: 150))
        let (first, end) = (seeds.lowerBound, seeds.upperBound)
        await #expect(processExitsWith: .success) {
            [folder = folder as String, first = first as Int, end = end as Int] in
            let stores = try await HostileFiles(in: folder)
            await HostileChild.work(first..<end, in: folder) { seed, chance, diary in
                diary.note(try stores.mutate(&chance))
                try await stores.read(seed, &chance, diary)
            }
        }
        let words = HostileChild.lastWords(folder)
        #expect(words.contains("finished"), "\(words)")
    }
}

/// A raw store and a warehouse of a small run, of which a copy is damaged at a time.
struct HostileFiles {
    private let folder: String
    private var raw: String { "\(folder)/raw.sqlite" }
    private var warehouse: String { "\(folder)/warehouse.sqlite" }
    private let columns: [(store: String, table: String, column: String)]

    init(in folder: String) async throws {
        self.folder = folder
        let diary = HostileChild.Diary(folder)
        try HostileLog.events(60).write(
            toFile: "\(folder)/log.ndjson",
            atomically: true,
            encoding: .utf8
        )
        let stores = [
            "--raw", "sqlite:\(folder)/raw.sqlite",
            "--warehouse", "sqlite:\(folder)/warehouse.sqlite",
        ]
        await diary.command(
            ["run", "pipelines/storefront.yaml", "--events", "400", "--rate", "max"] + stores
        )
        await diary.command(
            ["run", "pipelines/storefront.yaml", "--input", "\(folder)/log.ndjson"] + stores
        )
        await diary.command(
            ["deploy", "mark", "--version", "v1", "--settle", "1h"] + Array(stores.suffix(2))
        )
        await diary.command(["invariants", "refresh"] + stores)
        columns = try HostileFiles.loosen(in: folder)
    }

    /// Makes the files what an older version has made, and any program can make: columns take
    /// anything.
    ///
    /// - Returns: The columns of all tables that have rows.
    private static func loosen(
        in folder: String
    ) throws -> [(store: String, table: String, column: String)] {
        var columns: [(store: String, table: String, column: String)] = []
        for store in ["raw", "warehouse"] {
            let queue = try DatabaseQueue(path: "\(folder)/\(store).sqlite")
            columns += try queue.writeWithoutTransaction { database in
                try database.execute(
                    sql: """
                        PRAGMA writable_schema = ON;
                        UPDATE sqlite_master SET sql = replace(replace(replace(replace(sql,
                            'WITHOUT ROWID, STRICT', 'WITHOUT ROWID'), ') STRICT', ')'),
                            ' NOT NULL', ''), 'CHECK (kind IN (''root'', ''derivative''))', '');
                        PRAGMA writable_schema = OFF;
                        PRAGMA journal_mode = DELETE;
                        """
                )
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
            try queue.close()
            try FileManager.default.moveItem(
                atPath: "\(folder)/\(store).sqlite",
                toPath: "\(folder)/\(store).sound"
            )
        }
        return columns
    }

    /// Copies the sound files, and changes a value in one of them; says which.
    func mutate(_ chance: inout Randomness) throws -> String {
        for name in ["raw", "warehouse"] {
            for end in ["", "-wal", "-shm", "-refresh"] {
                try? FileManager.default.removeItem(atPath: "\(folder)/\(name).sqlite\(end)")
            }
            try FileManager.default.copyItem(
                atPath: "\(folder)/\(name).sound",
                toPath: "\(folder)/\(name).sqlite"
            )
        }
        let (store, table, column) = chance.one(of: columns)
        let value = HostileValue.sqlite(&chance)
        let queue = try DatabaseQueue(path: "\(folder)/\(store).sqlite")
        defer { try? queue.close() }
        return try queue.writeWithoutTransaction { database in
            try database.execute(
                sql: "PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF"
            )
            let key = try database.primaryKey(table)
            let names = key.columns.isEmpty ? "rowid" : key.columns.joined(separator: ", ")
            let rows = try Int.fetchOne(database, sql: "SELECT count(*) FROM \(table)") ?? 1
            let statement = """
                UPDATE OR IGNORE \(table) SET \(column) = \(value) WHERE (\(names)) = (
                SELECT \(names) FROM \(table) LIMIT 1 OFFSET \(chance.index(rows)))
                """
            // A primary key of a row takes whole numbers alone, whatever the table says.
            do { try database.execute(sql: statement) } catch {
                return "\(store) \(statement): \(error)"
            }
            return "\(store) \(statement)"
        }
    }

    /// The commands that read a warehouse.
    static func readers(of here: [String]) -> [[String]] {
        [
            ["slo", "status"] + here,
            ["slo", "report", "--format", "json"] + here,
            ["slo", "report", "--format", "html", "--window", "30d"] + here,
            ["slo", "explain", "message-success"] + here,
            ["slo", "export"] + here,
            ["slo", "replay", "--window", "1h"] + here,
            ["datasets", "list"] + here,
            ["datasets", "show", "events", "--verify"] + here,
            ["datasets", "show", "analytics", "--verify", "--format", "json"] + here,
            ["invariants", "check"] + here,
            ["invariants", "show"] + here,
            ["deploy", "list"] + here,
        ]
    }

    /// Some commands that read the stores, and one in five times those that write as well.
    func read(_ seed: Int, _ chance: inout Randomness, _ diary: HostileChild.Diary) async throws {
        let here = ["--warehouse", "sqlite:\(warehouse)"]
        let census = here + ["--raw", "sqlite:\(raw)"]
        let readers = HostileFiles.readers(of: here)
        let first = chance.index(readers.count)
        for place in 0..<4 {
            await diary.command(readers[(first + 3 * place) % readers.count])
        }
        if seed % 2 == 0 { await diary.command(["invariants", "check"] + census) }
        if seed % 5 == 0 {
            await diary.command(["invariants", "refresh"] + census)
            await diary.command(["deploy", "mark", "--version", "v2", "--settle", "1h"] + here)
        }
        if seed % 5 == 1 {
            await diary.command(
                ["run", "pipelines/storefront.yaml", "--events", "100", "--rate", "max"] + census
            )
        }
        if seed % 5 == 2 {
            await diary.command(
                ["run", "pipelines/storefront.yaml", "--input", "\(folder)/log.ndjson"] + census
            )
        }
    }
}
