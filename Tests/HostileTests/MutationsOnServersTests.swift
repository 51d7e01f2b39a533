import Foundation
import TestSupport
import Testing
import Timekeeping

/// Single values of a PostgreSQL warehouse and a MongoDB raw store are changed to what no program
/// of ours writes, and every command that reads them is run over it.
@Suite(.serialized) struct MutationsOnServersTests {
    static let postgreSQL = ProcessInfo.processInfo.environment["WEIR_TEST_POSTGRESQL_URL"]
    static let mongoDB = ProcessInfo.processInfo.environment["WEIR_TEST_MONGODB_URL"]

    @Test(.enabled(if: postgreSQL != nil, "no PostgreSQL server; infra/test starts one"))
    func `no value in a PostgreSQL warehouse makes a command trap, hang or grow`() async {
        let folder = HostileChild.folder("postgresql")
        let seeds = HostileChild.seeds(usual: 100)
        let (first, end) = (seeds.lowerBound, seeds.upperBound)
        let url = MutationsOnServersTests.postgreSQL ?? ""
        await #expect(processExitsWith: .success) {
            [
                folder = folder as String, first = first as Int, end = end as Int,
                url = url as String
            ] in
            let schema = try await HostileSchema(at: url, in: folder)
            await HostileChild.work(first..<end, in: folder) { seed, chance, diary in
                try await schema.work(seed, &chance, diary)
            }
            try schema.drop()
        }
        let words = HostileChild.lastWords(folder)
        #expect(words.contains("finished"), "\(words)")
    }

    @Test(.enabled(if: mongoDB != nil, "no MongoDB server; infra/test starts one"))
    func `no value in a MongoDB store makes a command trap, hang or grow`() async {
        let folder = HostileChild.folder("mongodb")
        let seeds = HostileChild.seeds(usual: 40)
        let (first, end) = (seeds.lowerBound, seeds.upperBound)
        let url = MutationsOnServersTests.mongoDB ?? ""
        await #expect(processExitsWith: .success) {
            [
                folder = folder as String, first = first as Int, end = end as Int,
                url = url as String
            ] in
            let collection = try await HostileCollection(at: url, in: folder)
            await HostileChild.work(first..<end, in: folder) { seed, chance, diary in
                try await collection.work(seed, &chance, diary)
            }
            try collection.drop()
        }
        let words = HostileChild.lastWords(folder)
        #expect(words.contains("finished"), "\(words)")
    }
}

/// A warehouse of a small run in a schema of its own, without the constraints that would keep other
/// programs from writing what they like, and a copy of every table.
private struct HostileSchema {
    private let url: String
    private let schema: String
    private let folder: String
    private var columns: [(table: String, column: String, type: String)] = []

    private var warehouse: String { "\(url)?schema=\(schema)" }

    init(at url: String, in folder: String) async throws {
        (self.url, self.folder) = (url, folder)
        schema = ownName("hostile")
        let diary = HostileChild.Diary(folder)
        try HostileLog.events(60).write(
            toFile: "\(folder)/log.ndjson",
            atomically: true,
            encoding: .utf8
        )
        let stores = ["--raw", "sqlite:\(folder)/raw.sqlite", "--warehouse", warehouse]
        let run = ["run", "pipelines/storefront.yaml"]
        await diary.command(run + ["--events", "400", "--rate", "max"] + stores)
        await diary.command(run + ["--input", "\(folder)/log.ndjson"] + stores)
        await diary.command(
            ["deploy", "mark", "--version", "v1", "--settle", "1h"] + Array(stores.suffix(2))
        )
        await diary.command(["invariants", "refresh"] + stores)
        try query(
            """
            DO $$ DECLARE found record; BEGIN
                FOR found IN SELECT conrelid::regclass AS owner, conname FROM pg_constraint
                    WHERE connamespace = '\(schema)'::regnamespace AND contype IN ('f', 'c')
                LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', found.owner,
                    found.conname); END LOOP;
            END $$; CREATE SCHEMA \(schema)_copy
            """
        )
        let rows = try query(
            """
            SELECT tables.table_name, column_name, data_type
            FROM information_schema.tables JOIN information_schema.columns
                USING (table_schema, table_name)
            WHERE table_schema = '\(schema)' AND table_type = 'BASE TABLE'
                AND tables.table_name <> 'migrations'
                AND data_type IN ('bigint', 'text', 'bytea', 'uuid')
            ORDER BY 1, 2
            """
        )
        columns = rows.map { (table: $0[0], column: $0[1], type: $0[2]) }
        for table in Set(columns.map(\.table)).sorted() {
            try query("CREATE TABLE \(schema)_copy.\(table) AS TABLE \(schema).\(table)")
        }
    }

    @discardableResult
    private func query(_ sql: String) throws -> [[String]] {
        try PostgreSQLSession(url).query("SET search_path = \(schema); \(sql)")
    }

    func drop() throws {
        try query("DROP SCHEMA \(schema) CASCADE; DROP SCHEMA \(schema)_copy CASCADE")
    }

    /// Changes a value, reads everything, and puts the table back.
    func work(
        _ seed: Int,
        _ chance: inout Randomness,
        _ diary: HostileChild.Diary
    ) async throws {
        let (table, column, type) = chance.one(of: columns)
        let value = HostileValue.postgreSQL(type, &chance)
        let row = chance.index(200)
        let statement = """
            UPDATE \(table) SET \(column) = \(value) WHERE ctid = (SELECT ctid FROM \(table)
            OFFSET \(row) % greatest(1, (SELECT count(*) FROM \(table))) LIMIT 1)
            """
        diary.note(statement)
        // A key that is there already, or a row that may not be without it.
        do { try query(statement) } catch { diary.note("\(error)") }
        let here = ["--warehouse", warehouse]
        let readers = HostileFiles.readers(of: here)
        let first = chance.index(readers.count)
        for place in 0..<3 {
            await diary.command(readers[(first + 5 * place) % readers.count])
        }
        var changed: Set = [table]
        if seed % 4 == 0 {
            let stores = here + ["--raw", "sqlite:\(folder)/raw.sqlite"]
            await diary.command(["invariants", "refresh"] + stores)
            await diary.command(
                ["run", "pipelines/storefront.yaml", "--events", "50", "--rate", "max"] + here
                    + ["--raw", "memory:"]
            )
            changed = Set(columns.map(\.table))
        }
        for table in changed.sorted() {
            try query(
                "DELETE FROM \(table); INSERT INTO \(table) OVERRIDING SYSTEM VALUE "
                    + "SELECT * FROM \(schema)_copy.\(table)"
            )
        }
    }
}

/// A raw store of a small run in a database of its own, whose documents are changed one at a time.
private struct HostileCollection {
    private let url: String
    private let database: String
    private let folder: String

    init(at url: String, in folder: String) async throws {
        self.folder = folder
        database = ownName("hostile")
        var parts = try #require(URLComponents(string: url))
        parts.path = "/\(database)"
        self.url = try #require(parts.string)
        await HostileChild.Diary(folder).command([
            "run", "pipelines/storefront.yaml", "--events", "60", "--rate", "max",
            "--raw", self.url, "--warehouse", "sqlite:\(folder)/warehouse.sqlite",
        ])
    }

    @discardableResult
    private func run(_ command: String) throws -> [String: Any] {
        try MongoDBSession(url).run(command, on: database, .typed)
    }

    func drop() throws { try run(#"{"dropDatabase": 1}"#) }

    /// Changes a value, takes a census, and puts the document back.
    func work(
        _ seed: Int,
        _ chance: inout Randomness,
        _ diary: HostileChild.Diary
    ) async throws {
        let position = 1 + chance.index(60)
        let found = try run(
            #"{"find": "raw_events", "filter": {"position": \#(position)}, "limit": 1}"#
        )
        let batch = (found["cursor"] as? [String: Any])?["firstBatch"] as? [[String: Any]]
        guard let document = batch?.first, let id = document["_id"] as? String else { return }
        let field = chance.one(of: document.keys.sorted().filter { $0 != "_id" })
        let value = HostileValue.mongoDB(&chance)
        let change =
            value == "null" && seed % 2 == 0
            ? #"{"$unset": {"\#(field)": ""}}"# : #"{"$set": {"\#(field)": \#(value)}}"#
        diary.note("\(position) \(change.prefix(200))")
        let whose = #"{"_id": "\#(id)"}"#
        func update(_ change: String) throws {
            try run(
                #"{"update": "raw_events", "bypassDocumentValidation": true, "#
                    + #""updates": [{"q": \#(whose), "u": \#(change)}]}"#
            )
        }
        do { try update(change) } catch { return diary.note("\(error)") }
        let stores = ["--warehouse", "sqlite:\(folder)/warehouse.sqlite", "--raw", url]
        await diary.command(["invariants", "check"] + stores)
        if seed % 4 == 0 {
            await diary.command(
                ["run", "pipelines/storefront.yaml", "--events", "5", "--rate", "max"]
                    + ["--warehouse", "memory:", "--raw", url]
            )
        }
        let whole = String(
            decoding: try JSONSerialization.data(withJSONObject: document),
            as: UTF8.self
        )
        try update(whole)
    }
}
