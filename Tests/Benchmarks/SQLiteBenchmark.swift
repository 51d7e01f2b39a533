internal import Broker
internal import Commerce
internal import Foundation
internal import GRDB
internal import GRDBSQLite
internal import Pipeline
internal import SQLiteStores
internal import Storage
internal import Timekeeping

/// Raw ingest into SQLite through the pipeline against a bare loop that inserts the same rows in
/// the same batches with the same pragmas.
struct SQLiteBenchmark {
    var events = 300_000
    var batch = 4096
    var rounds = 5

    func measure() async throws -> [Figure] {
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "weir-bench-\(ProcessInfo.processInfo.processIdentifier)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        var bare: [Double] = []
        var pipeline: [Double] = []
        for round in 0..<rounds {
            let piped = directory.appending(path: "pipeline-\(round).sqlite").path
            pipeline.append(try await runPipeline(piped))
            let rows = try SQLiteBenchmark.rows(of: piped)
            bare.append(try runBare(rows, directory.appending(path: "bare-\(round).sqlite").path))
        }
        let ratios = zip(pipeline, bare).map { $0 / $1 }
        return [
            Figure(name: "sqlite-ingest.bare", value: bare.median, unit: "events/s"),
            Figure(
                name: "sqlite-ingest.pipeline",
                value: pipeline.median,
                unit: "events/s",
                ratio: ratios.median,
                target: ">= 0.8 of bare"
            ),
        ]
    }

    private func runPipeline(_ path: String) async throws -> Double {
        let store = try SQLiteRawStore(SQLiteLocation(path: path))
        let report = try await IngestPipeline(name: "sqlite-ingest", events: events, batch: batch)
            .run(into: store, label: path)
        precondition(report.rawStore?.events == Int64(events), "the raw store lost events")
        try store.close()
        return Double(events) / report.durationSeconds
    }

    private struct Row {
        var position: Int64
        var source: Int64
        var id: String
        var time: Int64
        var document: String
    }

    private static func rows(of path: String) throws -> [Row] {
        let queue = try DatabaseQueue(path: path)
        defer { try? queue.close() }
        return try queue.read { database in
            try GRDB.Row.fetchAll(
                database,
                sql: "SELECT position, source_id, id, time_ns, document FROM raw_events"
            ).map {
                Row(position: $0[0], source: $0[1], id: $0[2], time: $0[3], document: $0[4])
            }
        }
    }

    /// The least a program can do: prepared once, bound without a copy, one transaction a batch.
    private func runBare(_ rows: [Row], _ path: String) throws -> Double {
        var handle: OpaquePointer?
        guard sqlite3_open(path, &handle) == SQLITE_OK, let handle else {
            preconditionFailure("the bare loop could not open its file")
        }
        defer { sqlite3_close(handle) }
        func execute(_ sql: String) {
            precondition(sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK, sql)
        }
        execute("PRAGMA journal_mode = WAL")
        execute("PRAGMA synchronous = NORMAL")
        execute("PRAGMA cache_size = -65536")
        execute(
            """
            CREATE TABLE raw_events (position INTEGER PRIMARY KEY, source_id INTEGER NOT NULL,
                id TEXT NOT NULL, time_ns INTEGER NOT NULL, document TEXT NOT NULL,
                UNIQUE (source_id, id))
            """
        )
        var statement: OpaquePointer?
        let sql = """
            INSERT INTO raw_events (position, source_id, id, time_ns, document)
            VALUES (?, ?, ?, ?, ?) ON CONFLICT (source_id, id) DO NOTHING
            """
        precondition(sqlite3_prepare_v2(handle, sql, -1, &statement, nil) == SQLITE_OK, sql)
        defer { sqlite3_finalize(statement) }
        let timeline = RealTimeline()
        let began = timeline.now
        for start in stride(from: 0, to: rows.count, by: batch) {
            execute("BEGIN IMMEDIATE")
            for row in rows[start..<min(start + batch, rows.count)] {
                sqlite3_bind_int64(statement, 1, row.position)
                sqlite3_bind_int64(statement, 2, row.source)
                var (id, document) = (row.id, row.document)
                let code = id.withUTF8 { id in
                    document.withUTF8 { document in
                        SQLiteBenchmark.bind(statement, 3, id)
                        sqlite3_bind_int64(statement, 4, row.time)
                        SQLiteBenchmark.bind(statement, 5, document)
                        return sqlite3_step(statement)
                    }
                }
                precondition(code == SQLITE_DONE, "the bare loop could not insert")
                sqlite3_reset(statement)
            }
            execute("COMMIT")
        }
        return Double(rows.count) / (timeline.now - began).inSeconds
    }

    private static func bind(
        _ statement: OpaquePointer?,
        _ place: Int32,
        _ text: UnsafeBufferPointer<UInt8>
    ) {
        let start = UnsafeRawPointer(text.baseAddress)?.assumingMemoryBound(to: CChar.self)
        sqlite3_bind_text64(
            statement,
            place,
            start,
            UInt64(text.count),
            nil,
            UInt8(SQLITE_UTF8)
        )
    }
}
