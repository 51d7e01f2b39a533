import Foundation
import TestSupport
import Testing
import Timekeeping

/// Single values of a PostgreSQL warehouse and a MongoDB raw store are changed to what no program
/// of ours writes, and commands that read them are run over it.
@Suite(.serialized) struct MutationsOnServersTests {
    static let postgreSQL = ProcessInfo.processInfo.environment["WEIR_TEST_POSTGRESQL_URL"]
    static let mongoDB = ProcessInfo.processInfo.environment["WEIR_TEST_MONGODB_URL"]

    @Test(.enabled(if: postgreSQL != nil, "no PostgreSQL server; infra/test starts one"))
    func `no value in a PostgreSQL warehouse makes a command trap, hang or grow`() async throws {
        let url = MutationsOnServersTests.postgreSQL ?? ""
        let schema = ownName("hostile")
        var run = HostileRun("postgresql", seconds: 12)
        while let share = run.share() {
            await #expect(processExitsWith: .success) {
                [share = share as HostileShare, url = url as String, schema = schema as String] in
                let child = HostileChild(share)
                let place = try HostileSchema(url, schema, in: share.folder)
                try await place.prepare(child)
                let columns = try place.columns()
                await child.work { seed, chance in
                    try await place.work(columns, seed, &chance, child)
                }
            }
            run.conclude()
        }
        try HostileSchema(url, schema, in: "").drop()
    }

    @Test(.enabled(if: mongoDB != nil, "no MongoDB server; infra/test starts one"))
    func `no value in a MongoDB store makes a command trap, hang or grow`() async throws {
        let url = MutationsOnServersTests.mongoDB ?? ""
        let database = ownName("hostile")
        var run = HostileRun("mongodb", seconds: 12)
        while let share = run.share() {
            await #expect(processExitsWith: .success) {
                [
                    share = share as HostileShare, url = url as String,
                    database = database as String
                ] in
                let child = HostileChild(share)
                let place = try HostileCollection(url, database, in: share.folder)
                try await place.prepare(child)
                await child.work { seed, chance in
                    try await place.work(seed, &chance, child)
                }
            }
            run.conclude()
        }
        try HostileCollection(url, database, in: "").drop()
    }
}

/// A warehouse of a small run in a schema of its own, without the constraints that would keep other
/// programs from writing what they like, and a copy of every table.
private struct HostileSchema {
    typealias Column = (table: String, column: String, type: String)

    private let url: String
    private let schema: String
    private let folder: String
    private let session: PostgreSQLSession

    private var warehouse: String { "\(url)?schema=\(schema)" }
    private var raw: String { HostileStores.sqlite(in: folder).raw }

    init(_ url: String, _ schema: String, in folder: String) throws {
        (self.url, self.schema, self.folder) = (url, schema, folder)
        session = try PostgreSQLSession(url)
        try query("SET search_path = \(schema)")
    }

    /// Makes the schema, unless an earlier child has made it, whose last change is undone then.
    func prepare(_ child: HostileChild) async throws {
        guard !FileManager.default.fileExists(atPath: "\(folder)/prepared") else {
            return try restore(Set(try columns().map(\.table)))
        }
        try await HostileStores.fill(raw: raw, warehouse: warehouse, in: folder, child)
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
        for table in Set(try columns().map(\.table)).sorted() {
            try query("CREATE TABLE \(schema)_copy.\(table) AS TABLE \(schema).\(table)")
        }
        try Data().write(to: URL(filePath: "\(folder)/prepared"))
    }

    func columns() throws -> [Column] {
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
        return rows.map { (table: $0[0], column: $0[1], type: $0[2]) }
    }

    @discardableResult
    private func query(_ sql: String) throws -> [[String]] {
        try session.query(sql)
    }

    func drop() throws {
        try query(
            "DROP SCHEMA IF EXISTS \(schema) CASCADE; DROP SCHEMA IF EXISTS \(schema)_copy CASCADE"
        )
    }

    private func restore(_ tables: Set<String>) throws {
        let statements = tables.sorted().map { table in
            "DELETE FROM \(table); INSERT INTO \(table) OVERRIDING SYSTEM VALUE "
                + "SELECT * FROM \(schema)_copy.\(table)"
        }
        try query("BEGIN; \(statements.joined(separator: "; ")); COMMIT")
    }

    /// Changes a value, reads it, and puts the table back.
    func work(
        _ columns: [Column],
        _ seed: Int,
        _ chance: inout Randomness,
        _ child: HostileChild
    ) async throws {
        let (table, column, type) = chance.one(of: columns)
        let value = HostileValue.postgreSQL(type, &chance)
        let row = chance.index(200)
        let statement = """
            UPDATE \(table) SET \(column) = \(value) WHERE ctid = (SELECT ctid FROM \(table)
            OFFSET \(row) % greatest(1, (SELECT count(*) FROM \(table))) LIMIT 1)
            """
        child.note(statement)
        // A key that is there already, or a row that may not be without it.
        do { try query(statement) } catch { child.note("\(error)") }
        let readers = HostileStores.readers(of: table, raw: raw, warehouse: warehouse)
        await child.command(chance.one(of: readers))
        guard seed % 8 == 0 else { return try restore([table]) }
        let writers = HostileStores.writers(raw: raw, warehouse: warehouse, in: folder)
        await child.command(chance.one(of: writers))
        try restore(Set(columns.map(\.table)))
    }
}

/// A raw store of a small run in a database of its own, whose documents are changed one at a time.
private struct HostileCollection {
    private let url: String
    private let database: String
    private let folder: String
    private let session: MongoDBSession
    private var warehouse: String { HostileStores.sqlite(in: folder).warehouse }

    init(_ url: String, _ database: String, in folder: String) throws {
        (self.database, self.folder) = (database, folder)
        var parts = try #require(URLComponents(string: url))
        parts.path = "/\(database)"
        self.url = try #require(parts.string)
        session = try MongoDBSession(self.url)
    }

    /// Fills the database, unless an earlier child has.
    func prepare(_ child: HostileChild) async throws {
        guard !FileManager.default.fileExists(atPath: "\(folder)/prepared") else { return }
        try await HostileStores.fill(raw: url, warehouse: warehouse, in: folder, child)
        try Data().write(to: URL(filePath: "\(folder)/prepared"))
    }

    @discardableResult
    private func run(_ command: String) throws -> [String: Any] {
        try session.run(command, on: database, .typed)
    }

    func drop() throws { try run(#"{"dropDatabase": 1}"#) }

    /// Changes a value, takes a census, and puts the document back.
    func work(
        _ seed: Int,
        _ chance: inout Randomness,
        _ child: HostileChild
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
        child.note("\(position) \(change.prefix(200))")
        let whose = #"{"_id": "\#(id)"}"#
        func update(_ change: String) throws {
            try run(
                #"{"update": "raw_events", "bypassDocumentValidation": true, "#
                    + #""updates": [{"q": \#(whose), "u": \#(change), "upsert": true}]}"#
            )
        }
        do { try update(change) } catch { return child.note("\(error)") }
        await child.command(["invariants", "check", "--raw", url, "--warehouse", warehouse])
        if seed % 8 == 0 { try await goOn(&chance, child) }
        let whole = String(
            decoding: try JSONSerialization.data(withJSONObject: document),
            as: UTF8.self
        )
        try update(whole)
    }

    /// Lets a run go on where another left a lease with one damaged value.
    private func goOn(_ chance: inout Randomness, _ child: HostileChild) async throws {
        let fields = ["run", "place", "process", "began", "host", "expires"]
        let field = chance.one(of: fields)
        let value = HostileValue.mongoDB(&chance)
        let lease =
            [#""_id": "raw_events""#]
            + fields.map { #""\#($0)": \#($0 == field ? value : #""a""#)"# }
        child.note("a lease with \(field) \(value.prefix(200))")
        do {
            try run(#"{"insert": "weir_runs", "documents": [{\#(lease.joined(separator: ", "))}]}"#)
        } catch { child.note("\(error)") }
        await child.command([
            "run", "\(folder)/stored.yaml", "--events", "5", "--rate", "max",
            "--warehouse", "memory:", "--raw", url,
        ])
        try run(#"{"delete": "weir_runs", "deletes": [{"q": {}, "limit": 0}]}"#)
        try run(
            #"{"delete": "raw_events", "deletes": [{"q": {"position": {"$gt": 300}}, "limit": 0}]}"#
        )
    }
}
