internal import Broker
internal import CPostgres
internal import Commerce
internal import Foundation
internal import Logging
internal import Pipeline
internal import PostgreSQLStores
internal import Storage
internal import Synchronization
internal import TestSupport
internal import Timekeeping

/// There is no PostgreSQL server to measure with.
struct NoServer: Error, CustomStringConvertible {
    let description =
        "the postgresql benchmarks need a server: set WEIR_WAREHOUSE_URL to a postgresql: URL, "
        + "as infra/stack does: infra/stack up postgresql && eval \"$(infra/stack urls)\""
}

/// The commits of a pipeline through the adapter against a bare libpq loop that copies the same
/// rows and runs the same upserts in the same transactions, into tables that are made alike.
struct PostgreSQLBenchmark {
    var events = 300_000
    var rounds = 5

    /// The server to measure with, in a schema that is dropped before and after.
    static func location(_ name: String) throws -> (location: PostgreSQLLocation, url: String) {
        guard let url = ProcessInfo.processInfo.environment["WEIR_WAREHOUSE_URL"],
            PostgreSQLLocation.isMeant(by: url)
        else { throw NoServer() }
        let plain = url.split(separator: "?").first.map(String.init) ?? url
        let name = "bench_\(ProcessInfo.processInfo.processIdentifier)_\(name)"
        return (
            try PostgreSQLLocation(url: "\(plain)?schema=\(name)&application_name=\(name)"), plain
        )
    }

    func measure() async throws -> [Figure] {
        let commits = try await recordCommits()
        let rows = commits.flatMap { CommitRows($0).steps }.reduce(0) { $0 + $1.rows().count }
        var bare: [Double] = []
        var adapter: [Double] = []
        for _ in 0..<rounds {
            let seconds = try await runRound(commits)
            adapter.append(Double(rows) / seconds.adapter)
            bare.append(Double(rows) / seconds.bare)
        }
        let ratios = zip(adapter, bare).map { $0 / $1 }
        return [
            Figure(
                name: "postgresql-aggregates.rows-per-commit",
                value: Double(rows) / Double(commits.count),
                unit: "rows"
            ),
            Figure(name: "postgresql-aggregates.bare", value: bare.median, unit: "rows/s"),
            Figure(
                name: "postgresql-aggregates.adapter",
                value: adapter.median,
                unit: "rows/s",
                ratio: ratios.median,
                target: ">= 0.9 of bare"
            ),
        ]
    }

    /// What analytics commits of a run at the rate of a million events a minute.
    private func recordCommits() async throws -> [WarehouseCommit] {
        let recorder = CommitRecorder()
        var options = RunOptions()
        options.rate = .perSecond(1_000_000.0 / 60)
        options.events = events
        let run = try PostgreSQLBenchmark.run(options, recorder)
        _ = try await run.run(stop: Signal())
        return recorder.commits
    }

    /// The pipeline as it is shipped, but for its stores.
    static func run(_ options: RunOptions, _ warehouse: any Warehouse) throws -> PipelineRun {
        var shop = ShopPipeline(
            analytics: "windows: [1s, 1m, 1h, 1d, 1mo], commitInterval: 200ms"
        )
        shop.end = "  traffic: {model: sessions, users: 100000, products: 10000, categories: 50}"
        return PipelineRun(
            document: try PipelineDocument.parse(text: shop.text, file: "postgresql"),
            options: options,
            stores: RunStores(
                raw: [.init(name: "raw", label: "memory:", store: MemoryRawStore())],
                warehouses: [.init(name: "warehouse", label: "measured", store: warehouse)]
            ),
            timeline: RealTimeline(),
            logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    /// Seconds for all commits through the adapter, and for the same rows over a bare connection.
    ///
    /// Commit by commit in turn; each makes the bytes of its rows itself, as whoever copies rows
    /// must.
    private func runRound(
        _ commits: [WarehouseCommit]
    ) async throws -> (adapter: Double, bare: Double) {
        let (location, url) = try PostgreSQLBenchmark.location("adapter")
        let (other, _) = try PostgreSQLBenchmark.location("bare")
        let line = try BareLine(url)
        for schema in [location.schema, other.schema] {
            try line.execute("DROP SCHEMA IF EXISTS \(schema) CASCADE")
        }
        let warehouse = try await PostgreSQLWarehouse(location)
        await (try PostgreSQLWarehouse(other)).close()
        try line.execute("SET search_path TO \(other.schema)")
        try line.execute(WarehouseStatement.session)
        let timeline = RealTimeline()
        var seconds = (adapter: 0.0, bare: 0.0)
        for commit in commits {
            let began = timeline.now
            try await warehouse.commit(commit)
            let middle = timeline.now
            try line.execute("BEGIN")
            for step in CommitRows(commit).steps {
                try line.copy(step.rows().bytes + CopyRows.trailer, into: step.table)
                for statement in step.then {
                    try line.execute("EXECUTE \(statement)")
                }
            }
            try line.execute("COMMIT")
            seconds.adapter += (middle - began).inSeconds
            seconds.bare += (timeline.now - middle).inSeconds
        }
        await warehouse.close()
        for schema in [location.schema, other.schema] {
            try line.execute("DROP SCHEMA \(schema) CASCADE")
        }
        return seconds
    }
}

/// A warehouse that keeps the commits it is given.
private final class CommitRecorder: Warehouse {
    private let kept = Mutex<[WarehouseCommit]>([])

    var commits: [WarehouseCommit] { kept.withLock { $0 } }

    func commit(_ commit: WarehouseCommit) { kept.withLock { $0.append(commit) } }

    func hold() {}
    func claim(_ claims: [CountingClaim]) -> CountingTerms { CountingTerms() }
    func readBack() -> Int64 { 0 }
    func progress(of subscription: String) -> [StreamProgress] { [] }
    func alreadyCounted(_ question: CountedQuestion, by subscription: String) -> CountedAnswer {
        CountedAnswer()
    }
    func sketch(_ key: SketchText) -> [UInt64] { [] }
    func storeDeadLetters(_ letters: [DeadLetter<Batch>]) {}
    func storeDropped(_ dropped: [DroppedMessages]) {}
    func windows(_ grain: Grain, categories: WindowCategories) -> [WindowRow] { [] }
    func customEvents() -> [CustomEventRow] { [] }
    func topProducts(atMost limit: Int) -> [ProductRow] { [] }
    func exceptions() -> WarehouseExceptions { WarehouseExceptions(late: 0, deadLetters: 0) }
    func close() {}
}

/// The least a program can do with libpq: calls that block, one after the other.
struct BareLine: ~Copyable {
    private let connection: OpaquePointer?

    init(_ url: String) throws {
        connection = PQconnectdb(url)
        guard PQstatus(connection) == CONNECTION_OK else { throw NoServer() }
        PQsetNoticeReceiver(connection, { _, _ in }, nil)
    }

    deinit { PQfinish(connection) }

    /// What the statement gives, each value as text.
    @discardableResult
    func execute(_ sql: String) throws -> [[String]] {
        let result = PQexec(connection, sql)
        defer { PQclear(result) }
        try check(result)
        return (0..<PQntuples(result)).map { row in
            (0..<PQnfields(result)).map { String(cString: PQgetvalue(result, row, $0)) }
        }
    }

    func copy(_ bytes: [UInt8], into table: String) throws {
        PQclear(PQexec(connection, "COPY \(table) FROM STDIN (FORMAT binary)"))
        let sent = bytes.withUnsafeBytes { bytes in
            PQputCopyData(
                connection,
                bytes.baseAddress?.assumingMemoryBound(to: CChar.self),
                Int32(bytes.count)
            )
        }
        precondition(sent == 1 && PQputCopyEnd(connection, nil) == 1, "the server took no rows")
        while let result = PQgetResult(connection) {
            defer { PQclear(result) }
            try check(result)
        }
    }

    private func check(_ result: OpaquePointer?) throws {
        let status = PQresultStatus(result)
        guard status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK else {
            throw BareFailure(description: String(cString: PQresultErrorMessage(result)))
        }
    }
}

struct BareFailure: Error, CustomStringConvertible {
    var description: String
}
