import Datasets
import Foundation
import PostgreSQLStores
import SQLStores
import Storage
import TestSupport
import Testing
import Timekeeping

/// The snapshot that the database makes by itself, against the one that is worked out here.
@Suite(.enabled(if: PostgreSQLTestServer.given != nil, PostgreSQLTestServer.skipped))
struct PostgreSQLSnapshotTests {
    private let server = PostgreSQLTestServer.given ?? PostgreSQLTestServer(url: "")

    /// Invariants over a table of a test's own, each of which may also fail or be refused.
    private static func set(without missing: Int, broken: Int) -> InvariantSet {
        let names = ["one", "two", "three", "four"]
        var set = InvariantSet()
        for (number, name) in names.enumerated() where number != missing {
            let query =
                number == broken
                ? "SELECT subject, detail FROM nowhere"
                : "SELECT subject, 1 / divisor || detail AS detail FROM offending "
                    + "WHERE rule = \(number) AND since_ns <= :cutoff_ns"
            let read = ShippedInvariants.invariant(query, name: name, path: "\(name).sql")
            set.invariants += read.invariants
        }
        set.refused = broken == names.count ? [("two", "two.sql:1:1: no")] : []
        if !set.refused.isEmpty { set.invariants.removeAll { $0.name == "two" } }
        set.invariants.sort { $0.name < $1.name }
        return set
    }

    private static func withoutTimes(_ snapshot: InvariantSnapshot) -> InvariantSnapshot {
        var snapshot = snapshot
        for place in snapshot.standings.indices {
            snapshot.standings[place].took = .zero
            // What fails only as it runs has no line that the database would tell of.
            let failure = snapshot.standings[place].failure
            snapshot.standings[place].failure = failure?.replacing(/sql:\d+:1/, with: "sql:1:1")
        }
        return snapshot
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `it keeps the rows that the snapshot's rules say, whatever happens`(
        seed: UInt64
    ) async throws {
        try await server.withSchema { schema in
            let warehouse = try await server.warehouse(schema)
            let session = try PostgreSQLSession(server.url)
            try session.query("SET search_path = \(schema)")
            try session.query(
                "CREATE TABLE offending (rule bigint, subject text, detail text, "
                    + "since_ns bigint, divisor bigint)"
            )
            var random = Randomness(seed: seed)
            let timeline = VirtualTimeline(start: Timestamp(seconds: 1_700_000_000), tick: .zero)
            for step in 0..<40 {
                // Now and then as long as nothing that has gone is remembered.
                timeline.advance(by: .seconds(random.below(8) == 0 ? 50 * 86_400 : 60))
                for _ in 0..<random.below(6) {
                    let (rule, subject) = (random.below(4), random.below(5))
                    try session.query(
                        random.below(2) == 0
                            ? "DELETE FROM offending WHERE rule = \(rule) "
                                + "AND subject = 's\(subject)'"
                            : "INSERT INTO offending VALUES (\(rule), 's\(subject)', "
                                + "'d\(random.below(3))', \(timeline.now.nanoseconds), 1)"
                    )
                }
                let divisor = random.below(5) == 0 ? 0 : 1
                try session.query("UPDATE offending SET divisor = \(divisor) WHERE rule = 3")
                let set = Self.set(
                    without: Int(random.below(12)),
                    broken: Int(random.below(8))
                )
                let expected = try await warehouse.snapshot().replaced(
                    by: warehouse.evaluate(
                        set.invariants,
                        timeout: .seconds(60),
                        timeline: timeline
                    ),
                    of: set,
                    at: timeline.now
                )
                let (_, after) = try await warehouse.refresh(
                    set,
                    timeout: .seconds(60),
                    timeline: timeline
                )
                #expect(
                    Self.withoutTimes(after) == Self.withoutTimes(expected),
                    "seed \(seed), step \(step)"
                )
                #expect(try await warehouse.standings() == after.standings)
            }
            await warehouse.close()
        }
    }

    @Test func `one that never ends takes the time of no other, whoever refreshes`() async throws {
        try await server.withSchema { schema in
            let warehouse = try await server.warehouse(schema)
            try await CatalogueSample.fill(warehouse)
            var set = ShippedInvariants.set
            set.invariants.insert(
                contentsOf: ShippedInvariants.invariant(
                    "SELECT pg_sleep(3600)::text AS subject, '' AS detail",
                    name: "a-sleeper"
                ).invariants,
                at: 0
            )
            _ = try await warehouse.refresh(
                ShippedInvariants.set,
                timeout: .seconds(60),
                timeline: RealTimeline()
            )
            let (_, after) = try await warehouse.refresh(
                set,
                timeout: .seconds(2),
                timeline: RealTimeline()
            )
            #expect(after.standings.filter { $0.failure != nil }.map(\.invariant) == ["a-sleeper"])
            #expect(after.standings.first?.failure?.hasPrefix("own.sql:1:1: the query has") == true)

            // One on a schedule, which has no timeout, is ended by the next that is due.
            async let refreshed = blocking {
                try server.query("SELECT \(schema).dataset_invariants_refresh()")
            }
            let next = try PostgreSQLSession(server.url)
            try await next.waitUntil(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' "
                    + "AND query LIKE '%\(schema).dataset%'",
                is: "1"
            )
            #expect(
                try next.query("SELECT \(schema).dataset_invariants_refresh(limit_ms => 60000)")
                    == [["f"]]
            )
            #expect(
                try next.query("SELECT \(schema).dataset_invariants_refresh(limit_ms => 0)")
                    == [["f"]]
            )
            #expect(try await refreshed == [["t"]])
            let standings = try await warehouse.standings()
            #expect(standings.filter { $0.failure != nil }.map(\.invariant) == ["a-sleeper"])
            #expect(standings.first?.failures == 2)
            await warehouse.close()
        }
    }

    /// What `body` gives, which waits on a thread of its own.
    private func blocking<Value: Sendable>(
        _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
        }
    }

    @Test func `nothing is found while blocks are appended, however often one looks`()
        async throws
    {
        try await server.withSchema { schema in
            let (writer, reader) = (
                try await server.warehouse(schema), try await server.warehouse(schema)
            )
            try await CatalogueSample.fill(writer)
            let isOver = Locked(false)
            let looks = try await withThrowingTaskGroup(of: Int.self) { group in
                group.addTask {
                    for number in 7..<400 as Range<Int64> {
                        for id in [CatalogueSample.events, CatalogueSample.analytics] {
                            try await writer.append(CatalogueSample.draft(id, number))
                        }
                    }
                    isOver.change { $0 = true }
                    return 0
                }
                group.addTask {
                    var looks = 0
                    while !isOver.value {
                        _ = try await reader.refresh(
                            ShippedInvariants.set,
                            timeout: .seconds(60),
                            timeline: RealTimeline()
                        )
                        looks += 1
                    }
                    return looks
                }
                return try await group.reduce(0, +)
            }
            #expect(looks > 0)
            let snapshot = try await reader.snapshot()
            #expect(snapshot.anomalies == [])
            #expect(snapshot.standings.allSatisfy { $0.failure == nil && $0.count == 0 })
            await writer.close()
            await reader.close()
        }
    }

    @Test func `a subject of any length is kept`() async throws {
        try await server.withSchema { schema in
            let warehouse = try await server.warehouse(schema)
            let set = ShippedInvariants.invariant(
                "SELECT repeat('é', 100000) || i AS subject, NULL AS detail "
                    + "FROM generate_series(1, 3) AS i"
            )
            for _ in 0..<2 {
                let (_, after) = try await warehouse.refresh(
                    set,
                    timeout: .seconds(60),
                    timeline: RealTimeline()
                )
                #expect(after.standings.map(\.count) == [3])
                #expect(Set(after.anomalies.map(\.subject)).count == 3)
                #expect(after.anomalies.count == 3)
            }
            await warehouse.close()
        }
    }
}
