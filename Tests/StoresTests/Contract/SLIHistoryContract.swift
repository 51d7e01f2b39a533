import SLO
import Storage
import Testing
import Timekeeping

/// What every history of the objectives promises.
@Suite struct SLIHistoryContract {
    private static let begin = Timestamp(seconds: 1_700_000_000)
    private static let width = Duration.seconds(10)

    private func series(_ objective: String = "message-success") -> SliceSeries {
        SliceSeries(
            objective: objective,
            component: "only",
            revision: Revision("0011223344556677"),
            indicatorRevision: Revision("8899aabbccddeeff"),
            slice: Self.width
        )
    }

    private func slices(_ count: Int, good: Int64 = 9, total: Int64 = 10) -> [Slice] {
        (0..<count).map {
            Slice(start: Self.begin + Self.width * $0, good: good, total: total)
        }
    }

    private var everything: Range<Timestamp> { .distantPast ..< .distantFuture }

    /// Runs `body` with the history of each adapter that keeps one; opens it anew on demand.
    private func visit(
        _ adapter: StoreAdapter,
        _ body: (() async throws -> any SLIHistory) async throws -> Void
    ) async throws {
        try await adapter.visit { home in
            guard try await home.warehouse().history != nil else { return }
            try await body { try #require(try await home.warehouse().history) }
        }
    }

    @Test(arguments: StoreAdapter.all)
    func `slices come back in order, by another opening as well`(
        adapter: StoreAdapter
    )
        async throws
    {
        try await visit(adapter) { open in
            let history = try await open()
            let slices = slices(500)
            try await history.append(slices.reversed(), to: series(), writer: "run 1")
            #expect(try await open().slices(of: series(), in: everything) == slices)
            let some = slices[100].start..<slices[200].start
            #expect(try await history.slices(of: series(), in: some) == Array(slices[100..<200]))
            #expect(try await history.slices(of: series("other"), in: everything).isEmpty)
        }
    }

    @Test(arguments: StoreAdapter.all)
    func `written again by the same run a slice is replaced, by another it adds up`(
        adapter: StoreAdapter
    ) async throws {
        try await visit(adapter) { open in
            let history = try await open()
            for _ in 1...3 {
                try await history.append(slices(3), to: series(), writer: "run 1")
            }
            try await history.append(slices(2, good: 1, total: 4), to: series(), writer: "run 2")
            let kept = try await history.slices(of: series(), in: everything)
            #expect(kept.map(\.good) == [10, 10, 9])
            #expect(kept.map(\.total) == [14, 14, 10])
        }
    }

    @Test(arguments: StoreAdapter.all)
    func `the extents name every series with its time`(adapter: StoreAdapter) async throws {
        try await visit(adapter) { open in
            let history = try await open()
            #expect(try await history.extents().isEmpty)
            try await history.append(slices(5), to: series("späte Größe 🛒"), writer: "run 1")
            try await history.append(slices(7), to: series("availability"), writer: "run 1")
            try await history.append(slices(2), to: series("availability"), writer: "run 2")
            let extents = try await history.extents()
            #expect(extents.map(\.series) == [series("availability"), series("späte Größe 🛒")])
            #expect(extents[0].range == Self.begin..<(Self.begin + Self.width * 7))
            #expect(extents[1].range == Self.begin..<(Self.begin + Self.width * 5))
        }
    }

    @Test(arguments: StoreAdapter.all)
    func `counts of any size and slices of none are kept`(adapter: StoreAdapter) async throws {
        try await visit(adapter) { open in
            let history = try await open()
            let extreme = [
                Slice(start: Timestamp(nanoseconds: -10_000_000_000), good: 0, total: 0),
                Slice(start: Self.begin, good: Slice.largestTotal, total: Slice.largestTotal),
            ]
            try await history.append([], to: series(), writer: "run 1")
            try await history.append(extreme, to: series(), writer: "run 1")
            #expect(try await history.slices(of: series(), in: everything) == extreme)
        }
    }
}
