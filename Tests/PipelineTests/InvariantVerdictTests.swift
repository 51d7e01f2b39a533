import Datasets
import Pipeline
import Testing
import Timekeeping

/// What invariants that were looked at in a run add to its verdict.
struct InvariantVerdictTests {
    private func standing(
        _ name: String,
        count: Int64 = 0,
        refreshed: String? = "2026-03-01T12:01:00Z",
        failures: Int64 = 0
    ) -> InvariantSnapshot.Standing {
        InvariantSnapshot.Standing(
            invariant: name,
            severity: "page",
            owner: "data",
            description: "It holds.",
            count: count,
            refreshed: refreshed.flatMap { Timestamp(rfc3339: $0) },
            failures: failures
        )
    }

    private func verdict(
        _ standings: [InvariantSnapshot.Standing]
    ) async throws -> RunReport {
        var report = try await ShippedStorefront.simulate(
            objectives: [],
            rate: 20,
            lasting: .seconds(10)
        )
        report.started = "2026-03-01T12:00:00Z"
        report.judge(standings)
        return report
    }

    @Test func `invariants that hold are said to, and one that is broken fails the run`()
        async throws
    {
        let good = try await verdict([standing("conservation"), standing("seed-first")])
        #expect(good.verdict?.result == .passed)
        #expect(good.verdict?.text.contains("2 invariants held") == true)
        let bad = try await verdict([
            standing("conservation"), standing("seed-first", count: 3), standing("raw", count: 1),
        ])
        #expect(bad.verdict?.result == .failed)
        #expect(bad.verdict?.text.contains("2 invariants broken: raw (1), seed-first (3)") == true)
        #expect(bad.invariants?.held == 1)
    }

    @Test func `what was not looked at in the run, or could not be, holds nothing`() async throws {
        let old = try await verdict([standing("raw", count: 1, refreshed: "2026-03-01T11:00:00Z")])
        #expect(old.verdict?.result == .passed)
        #expect(old.invariants == nil)
        let failed = try await verdict([standing("raw", refreshed: nil, failures: 2)])
        #expect(failed.verdict?.result == .warning)
        #expect(failed.verdict?.text.contains("1 of the invariants could not be checked") == true)
    }
}
