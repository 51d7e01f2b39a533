import Storage
import Testing
import Timekeeping

@testable import Experiments

/// What a probe judges by: the trend of what waits, and the costs that calls had.
@Suite struct LoadTrendTests {
    @Test func `the slope of a line is its own, to the last message`() throws {
        let points = (0..<100).map { (microseconds: Int64($0) * 10_000, value: Int64($0) * 7) }
        let trend = try #require(LoadTrend(points))
        // 700 a second.
        #expect(!trend.grows(byMoreThan: 700, in: 1_000_000))
        #expect(trend.grows(byMoreThan: 699, in: 1_000_000))
        #expect(trend.perSecond == 700)
    }

    @Test func `what goes up and down does not grow`() throws {
        let points = (0..<250).map {
            (microseconds: Int64($0) * 20_000, value: Int64($0 % 5) * 100)
        }
        let trend = try #require(LoadTrend(points))
        // Four hundred at its highest; in 5 s a trend of a few, from the teeth at both ends.
        #expect(!trend.grows(byMoreThan: 20, in: 5_000_000))
    }

    @Test func `a moment in which much waits is no growth, and what does not go away is`() throws {
        func points(_ value: (Int64) -> Int64) -> [(microseconds: Int64, value: Int64)] {
            (0..<250).map { (microseconds: $0 * 20_000, value: value($0)) }
        }
        // Held up for 300 ms near the end, of 10,000 a second.
        let stall = points { $0 % 5 * 100 + (230..<245 ~= $0 ? ($0 - 229) * 200 : 0) }
        let whole = try #require(LoadTrend(stall))
        #expect(whole.grows(byMoreThan: 500, in: 5_000_000))
        let lows = try #require(LoadTrend(lowsOf: stall, in: 10))
        #expect(!lows.grows(byMoreThan: 500, in: 5_000_000))
        // One in fifty more than can be done: 1,000 in 5 s.
        let growing = try #require(LoadTrend(lowsOf: points { $0 % 5 * 100 + $0 * 4 }, in: 10))
        #expect(growing.grows(byMoreThan: 900, in: 5_000_000))
        #expect(!growing.grows(byMoreThan: 1100, in: 5_000_000))
    }

    @Test func `fewer than three looks, or all at one time, tell nothing`() {
        #expect(LoadTrend([]) == nil)
        #expect(LoadTrend([(0, 1), (1, 2)]) == nil)
        #expect(LoadTrend([(5, 1), (5, 2), (5, 3)]) == nil)
    }

    @Test(arguments: 1...50 as ClosedRange<UInt64>)
    func `costs of a call and an event are found again`(seed: UInt64) throws {
        var chance = Randomness(seed: seed)
        let call = Int64(1 + chance.unit() * 50_000)
        let event = Int64(1 + chance.unit() * 500)
        var sums = WorkSums()
        for _ in 0..<100 {
            let events = Int(1 + chance.unit() * 4096)
            sums.add(events: events, nanoseconds: (call + event * Int64(events)) * 1000)
        }
        let fit = try ServiceTimeFit(sums)
        #expect(fit.perCall == .microseconds(call))
        #expect(fit.perEvent == .microseconds(event))
    }

    @Test func `the sums of two runs tell what those of one do not`() throws {
        var small = WorkSums()
        var large = WorkSums()
        for _ in 0..<10 {
            small.add(events: 10, nanoseconds: 6_000_000 + 10 * 400_000)
            large.add(events: 100, nanoseconds: 6_000_000 + 100 * 400_000)
        }
        #expect(throws: ServiceTimeFit.Failure.oneSize(events: 10)) { try ServiceTimeFit(small) }
        #expect(throws: ServiceTimeFit.Failure.oneSize(events: 100)) { try ServiceTimeFit(large) }
        small.add(large)
        let fit = try ServiceTimeFit(small)
        #expect(fit.perCall == .milliseconds(6))
        #expect(fit.perEvent == .microseconds(400))
        #expect(fit.yaml == "{distribution: constant, time: 6ms, perEvent: 400us}")
    }

    @Test func `no cost is below zero, and the time is that of all calls together`() throws {
        var sums = WorkSums()
        // The larger calls take less.
        sums.add(events: 10, nanoseconds: 3_000_000)
        sums.add(events: 20, nanoseconds: 1_000_000)
        let flat = try ServiceTimeFit(sums)
        #expect(flat.perEvent == .zero && flat.perCall == .milliseconds(2))
        // Nothing is left for the call.
        sums = WorkSums()
        sums.add(events: 10, nanoseconds: 1_000_000)
        sums.add(events: 20, nanoseconds: 5_000_000)
        let steep = try ServiceTimeFit(sums)
        #expect(steep.perCall == .zero && steep.perEvent == .microseconds(200))
    }

    @Test func `nothing measured has no cost`() {
        #expect(throws: ServiceTimeFit.Failure.nothing) { try ServiceTimeFit(WorkSums()) }
    }

    @Test func `sums stay as they are rather than overflow`() {
        var sums = WorkSums()
        sums.add(events: 1, nanoseconds: 1_000_000)
        let before = sums
        sums.add(events: Int(Int32.max) * 4, nanoseconds: .max / 2)
        #expect(sums == before)
    }
}
