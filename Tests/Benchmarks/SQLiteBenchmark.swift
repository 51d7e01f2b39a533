internal import Broker
internal import Commerce
internal import Foundation
internal import GRDB
internal import GRDBSQLite
internal import Pipeline
internal import SQLiteStores
internal import Storage
internal import Timekeeping

/// Raw ingest into SQLite through the pipeline, and the whole default pipeline on SQLite, against a
/// bare loop that inserts the same rows, ready-made, in the same batches with the same pragmas.
struct SQLiteBenchmark {
    var events = 300_000
    var batch = 4096
    var rounds = 5

    func measure() async throws -> [Figure] {
        let directory = try benchDirectory()
        defer { try? FileManager.default.removeItem(at: directory) }
        var bare: [Double] = []
        var pipeline: [Double] = []
        var whole: [Double] = []
        var bytes: [Double] = []
        for round in 0..<rounds {
            let piped = directory.appending(path: "pipeline-\(round).sqlite").path
            pipeline.append(try await runPipeline(piped))
            let rows = try ReadyRows(of: piped)
            bytes.append(Double(rows.fileSize) / Double(events))
            bare.append(try runBare(rows, directory.appending(path: "bare-\(round).sqlite").path))
            let folder = directory.appending(path: "whole-\(round)").path
            whole.append(try await runWhole(folder))
        }
        func ratio(_ speeds: [Double]) -> Double { zip(speeds, bare).map { $0 / $1 }.median }
        return [
            Figure(name: "sqlite-ingest.bare", value: bare.median, unit: "events/s"),
            Figure(
                name: "sqlite-ingest.pipeline",
                value: pipeline.median,
                unit: "events/s",
                ratio: ratio(pipeline),
                target: ">= 0.8 of bare"
            ),
            Figure(
                name: "sqlite-ingest.default-pipeline",
                value: whole.median,
                unit: "events/s",
                ratio: ratio(whole),
                target: ">= 0.6 of bare"
            ),
            Figure(name: "sqlite-ingest.bytes", value: bytes.median, unit: "bytes/event"),
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

    /// Events per second of a pipeline that stores and counts, as the shipped one does.
    private func runWhole(_ folder: String) async throws -> Double {
        try FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: true
        )
        let raw = try SQLiteRawStore(SQLiteLocation(path: "\(folder)/raw.sqlite"))
        let warehouse = try SQLiteWarehouse(SQLiteLocation(path: "\(folder)/warehouse.sqlite"))
        let report = try await IngestPipeline(
            name: "sqlite-storefront",
            events: events,
            batch: batch
        ).run(into: raw, label: "raw", countingIn: warehouse)
        precondition(report.rawStore?.events == Int64(events), "the raw store lost events")
        try raw.close()
        try warehouse.close()
        return Double(events) / report.durationSeconds
    }

    /// The least a program can do: prepared once, bound without a copy, one transaction a batch.
    private func runBare(_ rows: ReadyRows, _ path: String) throws -> Double {
        var handle: OpaquePointer?
        guard sqlite3_open(path, &handle) == SQLITE_OK, let handle else {
            preconditionFailure("the bare loop could not open its file")
        }
        defer { sqlite3_close(handle) }
        func execute(_ sql: String) {
            precondition(sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK, sql)
        }
        execute("PRAGMA page_size = \(rows.pageSize)")
        execute("PRAGMA journal_mode = WAL")
        execute("PRAGMA synchronous = NORMAL")
        execute("PRAGMA cache_size = -65536")
        for table in rows.tables { execute(table) }
        var statement: OpaquePointer?
        let places = Array(repeating: "?", count: rows.columns).joined(separator: ", ")
        let sql = "INSERT INTO raw_events VALUES (\(places)) ON CONFLICT DO NOTHING"
        precondition(sqlite3_prepare_v2(handle, sql, -1, &statement, nil) == SQLITE_OK, sql)
        defer { sqlite3_finalize(statement) }
        let timeline = RealTimeline()
        let began = timeline.now
        rows.bytes.withUnsafeBufferPointer { bytes in
            for start in stride(from: 0, to: events, by: batch) {
                execute("BEGIN IMMEDIATE")
                for row in start..<min(start + batch, events) {
                    for column in 0..<rows.columns {
                        rows.values[row * rows.columns + column].bind(
                            statement,
                            Int32(column + 1),
                            bytes
                        )
                    }
                    let code = sqlite3_step(statement)
                    precondition(code == SQLITE_DONE, "the bare loop could not insert")
                    sqlite3_reset(statement)
                }
                execute("COMMIT")
            }
        }
        return Double(events) / (timeline.now - began).inSeconds
    }
}

/// The rows of a file of raw events as they lie there, and the tables that they are of.
private struct ReadyRows {
    enum Value {
        case null
        case integer(Int64)
        case text(Range<Int>)
        case blob(Range<Int>)

        func bind(
            _ statement: OpaquePointer?,
            _ place: Int32,
            _ bytes: UnsafeBufferPointer<UInt8>
        ) {
            switch self {
            case .null: sqlite3_bind_null(statement, place)
            case .integer(let number): sqlite3_bind_int64(statement, place, number)
            case .text(let range):
                let start = UnsafeRawPointer(
                    UnsafeBufferPointer(rebasing: bytes[range]).baseAddress
                )
                sqlite3_bind_text64(
                    statement,
                    place,
                    start?.assumingMemoryBound(to: CChar.self),
                    UInt64(range.count),
                    nil,
                    UInt8(SQLITE_UTF8)
                )
            case .blob(let range):
                let start = UnsafeRawPointer(
                    UnsafeBufferPointer(rebasing: bytes[range]).baseAddress
                )
                sqlite3_bind_blob64(statement, place, start, UInt64(range.count), nil)
            }
        }
    }

    var columns = 0
    var values: [Value] = []
    var bytes: [UInt8] = []
    /// What makes the tables and indexes.
    var tables: [String] = []
    var pageSize = 0
    var fileSize = 0

    init(of path: String) throws {
        let queue = try DatabaseQueue(path: path)
        defer { try? queue.close() }
        try queue.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
        try queue.read { database in
            tables = try String.fetchAll(
                database,
                sql: """
                    SELECT sql FROM sqlite_master WHERE sql IS NOT NULL
                        AND tbl_name IN ('sources', 'types', 'raw_events')
                    ORDER BY type DESC, rowid
                    """
            )
            pageSize = try Int.fetchOne(database, sql: "PRAGMA page_size") ?? 0
            fileSize = try pageSize * (Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0)
            let rows = try Row.fetchCursor(
                database,
                sql: "SELECT * FROM raw_events ORDER BY position"
            )
            while let row = try rows.next() {
                columns = row.count
                for value in row.databaseValues { append(value) }
            }
        }
    }

    private mutating func append(_ value: DatabaseValue) {
        let start = bytes.count
        switch value.storage {
        case .null, .double: values.append(.null)
        case .int64(let number): values.append(.integer(number))
        case .string(let text):
            bytes += text.utf8
            values.append(.text(start..<bytes.count))
        case .blob(let data):
            bytes += data
            values.append(.blob(start..<bytes.count))
        }
    }
}
