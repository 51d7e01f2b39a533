import Storage
import Testing
import Timekeeping

struct GrainTests {
    private func time(_ text: String) throws -> Timestamp {
        try #require(Timestamp(rfc3339: text))
    }

    @Test(arguments: [
        (
            Grain.second, "2024-02-29T23:59:59.999999999Z", "2024-02-29T23:59:59Z",
            "2024-03-01T00:00:00Z"
        ),
        (.minute, "2024-02-29T23:59:59Z", "2024-02-29T23:59:00Z", "2024-03-01T00:00:00Z"),
        (.hour, "2024-02-29T23:59:59Z", "2024-02-29T23:00:00Z", "2024-03-01T00:00:00Z"),
        (.day, "2024-02-29T23:59:59Z", "2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z"),
        (.month, "2024-02-29T23:59:59Z", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z"),
        (.month, "2023-12-31T00:00:00Z", "2023-12-01T00:00:00Z", "2024-01-01T00:00:00Z"),
        // Before 1970 a window starts before its events as well.
        (.second, "1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z"),
        (.day, "1969-12-31T23:59:59.5Z", "1969-12-31T00:00:00Z", "1970-01-01T00:00:00Z"),
        (.month, "1968-02-29T12:00:00Z", "1968-02-01T00:00:00Z", "1968-03-01T00:00:00Z"),
    ])
    func `a window starts and ends where the calendar says`(
        grain: Grain,
        inside: String,
        start: String,
        end: String
    ) throws {
        let found = grain.start(of: try time(inside))
        #expect(found == (try time(start)))
        #expect(grain.end(of: found) == (try time(end)))
    }

    @Test(arguments: Grain.allCases.dropLast())
    func `windows follow one another without gap or overlap`(grain: Grain) throws {
        var start = grain.start(of: try time("1969-10-30T11:22:33Z"))
        for _ in 0..<100 {
            let end = grain.end(of: start)
            #expect(start < end)
            #expect(grain.start(of: start) == start)
            #expect(grain.start(of: end - .nanoseconds(1)) == start)
            #expect(grain.start(of: end) == end)
            start = end
        }
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `a shorter window lies within one longer window`(seed: UInt64) {
        var random = Randomness(seed: seed)
        let time = Timestamp(seconds: Int64(random.below(4_000_000_000)) - 1_000_000_000)
        for (shorter, longer) in zip(Grain.allCases, Grain.allCases.dropFirst()) {
            let start = shorter.start(of: time)
            #expect(longer.start(of: start) == longer.start(of: time))
            #expect(shorter.end(of: start) <= longer.end(of: longer.start(of: time)))
        }
    }

    @Test func `one window holds everything`() throws {
        #expect(Grain.all.start(of: try time("1900-01-01T00:00:00Z")) == Timestamp(seconds: 0))
        #expect(Grain.all.end(of: Timestamp(seconds: 0)) == .distantFuture)
    }

    @Test func `grains sort by length`() {
        #expect(
            Grain.allCases.shuffled().sorted() == [.second, .minute, .hour, .day, .month, .all]
        )
    }
}
