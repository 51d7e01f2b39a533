import ObjectiveSamples
import Reports
import SLO
import Testing
import Timekeeping

@Suite struct RecordedHistoryTests {
    typealias Sample = SampleObjective

    private static let range = Sample.monday..<(Sample.monday + Sample.day)

    private static func keep(
        _ slices: [Slice],
        of objective: Objective,
        slice: Duration = Sample.minute,
        in history: MemorySLIHistory
    ) async throws {
        let series = SliceSeries.all(of: objective, slice: slice)
        try await history.append(slices, to: series[0], writer: "run")
    }

    private static func read(
        _ objective: Objective,
        _ history: MemorySLIHistory
    ) async throws -> RecordedHistory {
        try await RecordedHistory.read(
            objective,
            from: history,
            extents: try await history.extents(),
            in: range
        )
    }

    private static func slice(_ minute: Int, good: Int64, total: Int64) -> Slice {
        Slice(start: Sample.monday + Sample.minute * minute, good: good, total: total)
    }

    @Test func `an objective that was changed keeps what was counted before`() async throws {
        let history = MemorySLIHistory()
        let before = try Sample.make(target: "0.99")
        let after = try Sample.make(target: "0.999")
        try await Self.keep([Self.slice(0, good: 9, total: 10)], of: before, in: history)
        try await Self.keep([Self.slice(1, good: 7, total: 8)], of: after, in: history)
        let recorded = try await Self.read(after, history)
        #expect(recorded.components[0].map(\.total) == [10, 8])
        #expect(recorded.revisions.map(\.isCurrent) == [false, true])
        #expect(recorded.revisions.map(\.revision) == [before.revision, after.revision])
        let review = try ObjectiveReview(
            after,
            history: recorded,
            asOf: Sample.monday + Sample.hour
        )
        let report = SLOReport([review], asOf: Sample.monday + Sample.hour, source: "test")
        #expect(report.objectives[0].measured.total?.number == 18)
        #expect(report.document.text(colour: false).contains("earlier, counted"))
    }

    @Test func `counts of another indicator are left out and said to be`() async throws {
        let history = MemorySLIHistory()
        let objective = try Sample.make()
        var other = objective
        other.components[0].indicator = .ratio(
            RatioIndicator(
                isCounter: true,
                terms: .goodTotal(
                    good: MetricSource(dataSource: "run", .meter("other")),
                    total: MetricSource(dataSource: "run", .meter("total"))
                )
            )
        )
        try await Self.keep([Self.slice(0, good: 9, total: 10)], of: other, in: history)
        try await Self.keep([Self.slice(1, good: 7, total: 8)], of: objective, in: history)
        let recorded = try await Self.read(objective, history)
        #expect(recorded.components[0].map(\.total) == [8])
        #expect(recorded.revisions.map(\.isCounted) == [false, true])
    }

    @Test func `slices of several widths are followed in one that all divide`() async throws {
        let history = MemorySLIHistory()
        let objective = try Sample.make()
        try await Self.keep(
            [Self.slice(0, good: 1, total: 1)],
            of: objective,
            slice: .seconds(10),
            in: history
        )
        try await Self.keep(
            [Self.slice(1, good: 1, total: 1)],
            of: objective,
            slice: .seconds(15),
            in: history
        )
        #expect(try await Self.read(objective, history).slice == .seconds(30))
    }

    @Test func `what a history lacks is nothing`() async throws {
        let recorded = try await Self.read(Sample.make(), MemorySLIHistory())
        #expect(recorded.components == [[]])
        #expect(recorded.range == nil)
        #expect(recorded.revisions.isEmpty)
    }
}
