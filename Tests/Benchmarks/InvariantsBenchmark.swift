internal import Datasets
internal import Documents
internal import Foundation
internal import Pipeline
internal import PostgreSQLStores
internal import SQLStores
internal import Timekeeping

/// What it costs to hold 50,000 datasets with 1.2 million blocks in PostgreSQL to the invariants
/// that are shipped: a refresh, reading the gauges, and a pipeline into the same warehouse while
/// it is refreshed again and again, against the same without.
struct InvariantsBenchmark {
    var datasets = 50_000
    /// Key blocks and data blocks of a dataset.
    var blocks = (key: 4, data: 20)
    var refreshes = 5
    var reads = 200
    var rounds = 3
    var seconds = 6
    /// Six million events a minute.
    private static let paced = 100_000.0

    func measure() async throws -> [Figure] {
        let (location, url) = try PostgreSQLBenchmark.location("invariants")
        let line = try BareLine(url)
        let warehouse = try await PostgreSQLWarehouse(location)
        let set = try Self.shipped()
        let timeline = RealTimeline()
        try fill(line, location.schema)
        var refreshing: [Double] = []
        for _ in 0..<refreshes {
            let began = timeline.now
            let (_, after) = try await warehouse.refresh(
                set,
                timeout: .seconds(120),
                timeline: timeline
            )
            refreshing.append((timeline.now - began).inSeconds)
            precondition(
                after.standings.allSatisfy { $0.count == 0 && $0.failure == nil },
                "nothing is wrong with what is held"
            )
        }
        var reading: [Double] = []
        for _ in 0..<reads {
            let began = timeline.now
            _ =
                InvariantMetrics(
                    try await warehouse.standings(),
                    of: set,
                    .init(),
                    every: .seconds(1800)
                ).families
            reading.append((timeline.now - began).inSeconds * 1000)
        }
        let paced = try await ingest(.perSecond(Self.paced), location, refreshing: set)
        let maximum = try await ingest(.maximum, location, refreshing: set)
        await warehouse.close()
        try line.execute("DROP SCHEMA \(location.schema) CASCADE")
        return [
            Figure(
                name: "invariants.refresh",
                value: refreshing.median,
                unit:
                    "s, \(datasets) datasets with \(datasets * (blocks.key + blocks.data)) blocks",
                target: "< 3"
            ),
            Figure(
                name: "invariants.read-gauges",
                value: reading.median,
                unit: "ms",
                target: "< 5"
            ),
            Figure(
                name: "invariants.ingest-paced-during-refresh",
                value: paced.during,
                unit: "events/s, \(Int(Self.paced)) asked",
                ratio: paced.ratio,
                target: ">= 0.9 of alone"
            ),
            Figure(
                name: "invariants.ingest-during-refresh",
                value: maximum.during,
                unit: "events/s, as many as possible",
                ratio: maximum.ratio,
                target: "a refresh takes a core: of 2, which are full, expect half of alone"
            ),
        ]
    }

    /// Round by round without and with refreshes one after the other.
    private func ingest(
        _ asked: RunOptions.Rate,
        _ location: PostgreSQLLocation,
        refreshing set: InvariantSet
    ) async throws -> (during: Double, ratio: Double) {
        var alone: [Double] = []
        var during: [Double] = []
        for _ in 0..<rounds {
            alone.append(try await rate(asked, into: location))
            let other = try await PostgreSQLWarehouse(location)
            during.append(
                try await withThrowingTaskGroup { group in
                    group.addTask {
                        while !Task.isCancelled {
                            _ = try? await other.refresh(
                                set,
                                timeout: .seconds(120),
                                timeline: RealTimeline()
                            )
                        }
                    }
                    let rate = try await rate(asked, into: location)
                    group.cancelAll()
                    return rate
                }
            )
            await other.close()
        }
        return (during.median, zip(during, alone).map { $0 / $1 }.median)
    }

    /// Events that analytics counts a second.
    private func rate(
        _ asked: RunOptions.Rate,
        into location: PostgreSQLLocation
    ) async throws -> Double {
        let warehouse = try await PostgreSQLWarehouse(location)
        var options = RunOptions()
        options.rate = asked
        options.duration = .seconds(seconds)
        let report = try await PostgreSQLBenchmark.run(options, warehouse).run(stop: Signal())
            .report
        await warehouse.close()
        let processed = report.stages.first { $0.name == "analytics" }?.processed ?? 0
        return Double(processed) / report.durationSeconds
    }

    private static func shipped() throws -> InvariantSet {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let kind = "an invariant"
        return InvariantReader.read(
            try DocumentFile.paths(
                at: root.appending(path: "slo/invariants").path,
                kind: kind,
                language: .sql
            ).map { ($0, try DocumentFile.text(at: $0, kind: kind)) }
        )
    }

    /// Sound chains: every second dataset is derived from the one before.
    private func fill(_ line: borrowing BareLine, _ schema: String) throws {
        let began = "1700000000000000000"
        let last = blocks.key + blocks.data - 1
        try line.execute(
            """
            SET search_path = \(schema);
            INSERT INTO dataset_entries
            SELECT CASE WHEN d % 2 = 0 THEN 'root/' ELSE 'derivative/' END || 'set ' || d, 'data',
                'set ' || d, CASE WHEN d % 2 = 0 THEN 'root' ELSE 'derivative' END, \(began)
            FROM generate_series(0, \(datasets - 1)) AS d;
            INSERT INTO dataset_dependencies
            SELECT 'root/set ' || d - 1, 'derivative/set ' || d
            FROM generate_series(1, \(datasets - 1), 2) AS d;
            INSERT INTO dataset_key_blocks
            SELECT dataset_id, n,
                (ARRAY['Seed', 'AddPushSource', 'SetDataSchema', 'SetInfo'])[n + 1],
                \(began) + n, '{}', CASE WHEN n > 0 THEN sha256((dataset_id || n - 1)::bytea) END,
                sha256((dataset_id || n)::bytea)
            FROM dataset_entries, generate_series(0, \(blocks.key - 1)) AS n;
            INSERT INTO dataset_data_blocks
            SELECT dataset_id, n,
                CASE kind WHEN 'root' THEN 'AddData' ELSE 'ExecuteTransform' END, \(began) + n,
                n * 10, n * 10 + 9, 10, sha256('x'), \(began) + n,
                sha256((dataset_id || n - 1)::bytea), sha256((dataset_id || n)::bytea)
            FROM dataset_entries, generate_series(\(blocks.key), \(last)) AS n;
            INSERT INTO dataset_references
            SELECT dataset_id, 'head', \(last), sha256((dataset_id || \(last))::bytea)
            FROM dataset_entries;
            INSERT INTO dataset_statistics
            SELECT dataset_id, \(last + 1), \(blocks.data * 10), \(last * 10 + 9),
                \(began) + \(last), \(began) + \(last)
            FROM dataset_entries;
            """
        )
        for table in ["entries", "references", "statistics", "key_blocks", "data_blocks"] {
            try line.execute("VACUUM ANALYZE dataset_\(table)")
        }
    }
}
