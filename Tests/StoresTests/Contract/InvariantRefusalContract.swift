import Datasets
import Documents
import Storage
import TestSupport
import Testing
import Timekeeping

/// Queries that are wrong, and snapshots, held against every database.
struct InvariantRefusalContract {
    private static let timeout = Duration.milliseconds(300)

    /// Nothing that is wrong with a query may be of any harm to another one beside it.
    @Test(
        arguments: CatalogueAdapter.all,
        [
            ("SELECT subject, detail\nFROM nowhere", "own.sql:7:1: the database refuses"),
            ("SELECT 1 AS subject,\n2 AS detail +", "own.sql:7:1: the database refuses"),
            ("SELECT 1 AS subject", "own.sql:6:1: the query returns subject; expected"),
            ("SELECT 1 AS detail, 2 AS subject", "returns detail, subject; expected the columns"),
            (
                "SELECT 1 AS subject, 2 AS detail) AS a; DELETE FROM dataset_entries; --",
                "own.sql:6:41: there is more after the ';'"
            ),
            (
                "SELECT 1 AS subject, 2 AS detail) AS a GROUP BY 1) AS b --",
                "own.sql:6:1: the database refuses"
            ),
            (
                "WITH gone AS (DELETE FROM dataset_entries RETURNING 1)\n"
                    + "SELECT 1 AS subject, 2 AS detail FROM gone",
                "own.sql:6:1: the database refuses"
            ),
            (
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i % 7 FROM n)\n"
                    + "SELECT max(i) AS subject, 'x' AS detail FROM n",
                "own.sql:7:1: the query has not ended within 0.3 seconds"
            ),
        ]
    )
    func `a query that is wrong is refused with its place, and the others go on`(
        adapter: CatalogueAdapter,
        query: (text: String, refusal: String)
    ) async throws {
        try await adapter.visit { home in
            try await CatalogueSample.fill(home.warehouse)
            var set = ShippedInvariants.invariant(query.text)
            let other = ShippedInvariants.invariant(
                "SELECT 'it' AS subject, 'goes on' AS detail",
                name: "zz-other"
            )
            set.invariants += other.invariants
            let findings = try await home.warehouse.evaluate(
                set.invariants,
                timeout: Self.timeout,
                timeline: RealTimeline()
            )
            #expect(findings.last?.outcome == .found(count: 1, [.init("it", "goes on")]))
            var told = set.mistakes.map(\.description)
            for case .failed(let reason) in findings.map(\.outcome) { told.append(reason) }
            #expect(told.count == 1)
            #expect(told.first?.contains(query.refusal) == true, "\(told)")
            #expect(try await home.warehouse.offences() == [])
            #expect(try await home.warehouse.datasets().count == 3)
        }
    }

    @Test(arguments: CatalogueAdapter.all)
    func `a subject is told once, and more than the limit are counted`(
        adapter: CatalogueAdapter
    ) async throws {
        try await adapter.visit { home in
            let set = ShippedInvariants.invariant(
                """
                WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 25000)
                SELECT 'row ' || i AS subject, 'x' AS detail FROM n
                UNION ALL SELECT 'row ' || i, 'y' FROM n
                UNION ALL SELECT NULL, NULL
                """
            )
            let finding = try #require(
                try await home.warehouse.evaluate(
                    set.invariants,
                    timeout: .seconds(60),
                    timeline: RealTimeline()
                ).first
            )
            guard case .found(let count, let violations) = finding.outcome else {
                Issue.record("\(finding)")
                return
            }
            #expect(count == 25_001)
            #expect(violations.count == Invariant.violationLimit)
            #expect(Set(violations.map(\.subject)).count == violations.count)
            #expect(violations.first == .init("(null)", ""))
            #expect(violations.last?.detail == "x")
        }
    }

    @Test(arguments: CatalogueAdapter.all)
    func `the grace period moves what is judged`(adapter: CatalogueAdapter) async throws {
        try await adapter.visit { home in
            try await CatalogueSample.fill(home.warehouse)
            try home.damage("DELETE FROM dataset_statistics WHERE dataset_id = 'root/events'")
            let set = ShippedInvariants.set.only(for: home.warehouse.dialect)
            let invariant = try #require(set.invariants.first { $0.name == "statistics" })
            for (wait, count) in [(59, 0), (60, 1)] as [(Int64, Int64)] {
                let findings = try await home.warehouse.evaluate(
                    [invariant],
                    timeout: .seconds(60),
                    timeline: VirtualTimeline(
                        start: CatalogueSample.began + .seconds(wait),
                        tick: .zero
                    )
                )
                #expect(findings.map(\.count) == [count])
            }
        }
    }

    @Test(arguments: CatalogueAdapter.all)
    func `a snapshot is kept, replaced, and kept again where a look fails`(
        adapter: CatalogueAdapter
    ) async throws {
        try await adapter.visit { home in
            let store = home.warehouse
            try await CatalogueSample.fill(store)
            let timeline = VirtualTimeline(start: CatalogueSample.judged, tick: .zero)
            func refresh(_ set: InvariantSet = ShippedInvariants.set) async throws {
                timeline.advance(by: .seconds(60))
                let result = try await store.refresh(
                    set,
                    timeout: .seconds(60),
                    timeline: timeline
                )
                #expect(try await store.snapshot() == result.after)
            }
            #expect(try await store.snapshot() == InvariantSnapshot())
            try await refresh()
            let clean = try await store.snapshot()
            #expect(clean.standings.count == ShippedInvariants.set.invariants.count)
            #expect(clean.anomalies == [])
            #expect(clean.asOf == timeline.now)

            try home.damage("DELETE FROM dataset_references WHERE dataset_id = 'root/events'")
            try await refresh()
            let seen = timeline.now
            try await refresh()
            var broken = ShippedInvariants.set
            broken.invariants.removeAll { $0.name == "head-reference" }
            broken.invariants +=
                ShippedInvariants.invariant(
                    "SELECT 1 AS subject, 2 AS detail FROM nowhere",
                    name: "head-reference"
                ).invariants
            try await refresh(broken)
            let kept = try await store.snapshot()
            #expect(kept.anomalies.map(\.firstSeen) == [seen])
            #expect(kept.anomalies.map(\.lastSeen) == [seen + .seconds(60)])
            let standing = try #require(kept.standings.first { $0.invariant == "head-reference" })
            #expect(standing.count == 1)
            #expect(standing.failures == 1)
            #expect(standing.failure?.hasPrefix("own.sql:6:1:") == true)

            try home.damage(
                "INSERT INTO dataset_references (dataset_id, block_ref_name, sequence_number, "
                    + "block_hash) SELECT dataset_id, 'head', sequence_number, block_hash "
                    + "FROM dataset_data_blocks WHERE dataset_id = 'root/events' "
                    + "AND sequence_number = 8"
            )
            try await refresh()
            let mended = try await store.snapshot()
            #expect(mended.anomalies.map(\.gone) == [timeline.now])
            #expect(mended.standings.allSatisfy { $0.count == 0 && $0.failures == 0 })
        }
    }

    @Test(arguments: CatalogueAdapter.all)
    func `deployments are kept in their order, and judged once`(
        adapter: CatalogueAdapter
    ) async throws {
        try await adapter.visit { home in
            let first = Deployment(
                version: "1.0 'é'",
                marked: CatalogueSample.began,
                settle: .seconds(600)
            )
            let second = Deployment(
                version: "1.0 'é'",
                marked: CatalogueSample.began + .seconds(1),
                settle: .zero,
                judged: CatalogueSample.judged
            )
            for deployment in [second, first] { try await home.warehouse.mark(deployment) }
            #expect(try await home.warehouse.deployments() == [first, second])
            for judged in [CatalogueSample.judged, CatalogueSample.judged + .seconds(1)] {
                try await home.warehouse.judge(deploymentMarkedAt: first.marked, at: judged)
            }
            let kept = try await home.warehouse.deployments()
            #expect(kept.map(\.judged) == [CatalogueSample.judged, CatalogueSample.judged])
        }
    }

    @Test(arguments: CatalogueAdapter.all)
    func `of many refreshes at once each is whole or is refused`(
        adapter: CatalogueAdapter
    ) async throws {
        try await adapter.visit { home in
            try await CatalogueSample.fill(home.warehouse)
            let ended = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<6 {
                    group.addTask {
                        do {
                            _ = try await home.warehouse.refresh(
                                ShippedInvariants.set,
                                timeout: .seconds(60),
                                timeline: RealTimeline()
                            )
                            return true
                        } catch is RefreshUnderWay {
                            return false
                        }
                    }
                }
                return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(ended >= 1)
            let snapshot = try await home.warehouse.snapshot()
            #expect(snapshot.standings.count == ShippedInvariants.set.invariants.count)
            #expect(snapshot.standings.allSatisfy { $0.count == 0 && $0.failure == nil })
        }
    }
}
