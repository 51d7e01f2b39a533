import ObjectiveSamples
import SLO
import Testing
import Timekeeping

@Suite struct MemorySLIHistoryTests {
    typealias Sample = SampleObjective

    private func slice(_ minute: Int, _ good: Int64, _ total: Int64) -> Slice {
        Slice(start: Sample.monday + Sample.minute * minute, good: good, total: total)
    }

    @Test func `a writer replaces what it wrote and adds to what others did`() async throws {
        let history = MemorySLIHistory()
        let series = SliceSeries.all(of: try Sample.make(), slice: Sample.minute)[0]
        try await history.append([slice(1, 1, 2), slice(0, 5, 5)], to: series, writer: "first")
        try await history.append([slice(1, 3, 4)], to: series, writer: "first")
        try await history.append([slice(1, 10, 10)], to: series, writer: "second")
        let all = Sample.monday..<(Sample.monday + Sample.hour)
        #expect(
            try await history.slices(of: series, in: all) == [slice(0, 5, 5), slice(1, 13, 14)]
        )
        let second = (Sample.monday + .seconds(1))..<(Sample.monday + .seconds(61))
        #expect(try await history.slices(of: series, in: second) == [slice(1, 13, 14)])
        let extents = try await history.extents()
        #expect(extents.count == 1)
        #expect(extents.first?.range == Sample.monday..<(Sample.monday + Sample.minute * 2))
    }

    @Test func `an objective that changed leaves its history under its old revision`() async throws
    {
        let history = MemorySLIHistory()
        let before = SliceSeries.all(of: try Sample.make(), slice: Sample.minute)[0]
        let after = SliceSeries.all(
            of: try Sample.make(target: "0.99"),
            slice: Sample.minute
        )[0]
        try await history.append([slice(0, 1, 1)], to: before, writer: "run")
        try await history.append([slice(1, 2, 2)], to: after, writer: "run")
        let all = Sample.monday..<(Sample.monday + Sample.hour)
        #expect(try await history.slices(of: before, in: all) == [slice(0, 1, 1)])
        #expect(try await history.slices(of: after, in: all) == [slice(1, 2, 2)])
        let extents = try await history.extents()
        #expect(extents.map(\.series) == [before, after].sorted())
    }

    @Test func `a series of which nothing is kept is empty`() async throws {
        let history = MemorySLIHistory()
        let series = SliceSeries.all(of: try Sample.make(), slice: Sample.minute)[0]
        let all = Timestamp.distantPast..<Timestamp.distantFuture
        #expect(try await history.slices(of: series, in: all).isEmpty)
        #expect(try await history.extents().isEmpty)
    }
}
