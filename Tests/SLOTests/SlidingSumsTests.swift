import ObjectiveSamples
import SLO
import Testing
import Timekeeping

@Suite struct SlidingSumsTests {
    /// Three slices of one, then three of six, then as many of twelve as fit.
    private static let small = SliceResolution([
        (.seconds(1), .seconds(12)), (.seconds(6), .seconds(36)), (.seconds(12), .seconds(240)),
    ])

    private func filled(_ resolution: SliceResolution, until end: Int64) -> SlidingSums<EventSum> {
        var sums = SlidingSums<EventSum>(resolution)
        for number in 0..<end {
            sums.advance(to: number)
            let sum = EventSum(good: Int128(number), total: Int128(number + 1), observed: 1)
            sums.add(sum, to: number)
        }
        sums.advance(to: end)
        return sums
    }

    private func total(_ range: Range<Int64>) -> Int128 {
        range.reduce(0) { $0 + Int128($1) + 1 }
    }

    @Test func `a window near now is exact`() {
        let sums = filled(SlidingSumsTests.small, until: 100)
        for lower in Int64(89)..<100 {
            for upper in lower..<101 {
                let answer = sums.sum(of: lower..<upper)
                #expect(answer.sum.total == total(lower..<min(upper, 100)))
                #expect(answer.doubt == .zero && answer.read == lower..<upper)
            }
        }
    }

    @Test func `an old window is off by no more than it says`() {
        let sums = filled(SlidingSumsTests.small, until: 230)
        var inexact = 0
        for lower in Int64(0)..<230 {
            for upper in stride(from: lower, through: 230, by: 3) {
                let answer = sums.sum(of: lower..<upper)
                let error = abs(answer.sum.total - total(lower..<upper))
                #expect(error <= answer.doubt.total)
                inexact += answer.doubt.total > 0 ? 1 : 0
                // Whatever was read is summed exactly, and no wider than a coarse step.
                #expect(answer.sum.total == total(answer.read))
                #expect((0..<12).contains(lower - answer.read.lowerBound))
            }
            // At a multiple of the coarsest width there is nothing to doubt.
            if lower % 12 == 0 {
                #expect(sums.sum(of: lower..<230).doubt == .zero)
            }
        }
        #expect(inexact > 100)
    }

    @Test func `windows that meet add up even where they are coarse`() {
        let sums = filled(SlidingSumsTests.small, until: 230)
        for middle in Int64(5)..<225 {
            let parts = sums.sum(of: 3..<middle).sum + sums.sum(of: middle..<229).sum
            #expect(parts == sums.sum(of: 3..<229).sum)
        }
    }

    @Test func `what is too old to be kept is not told`() {
        let sums = filled(SlidingSumsTests.small, until: 1000)
        let answer = sums.sum(of: 1..<1000)
        #expect(answer.read.lowerBound >= 1000 - 240 - 12)
        #expect(answer.sum.total == total(answer.read))
        for upper: Int64 in [10, 100, 700] {
            #expect(sums.sum(of: 0..<upper).sum == .zero)
            #expect(sums.sum(of: 5..<upper).sum == .zero)
        }
        // Everything that ever was is known without its parts.
        #expect(sums.sum(of: -10..<1000).sum.total == total(0..<1000))
    }

    @Test func `a slice is open for as long as the finest level reaches back`() {
        var sums = filled(SlidingSumsTests.small, until: 100)
        #expect(sums.open == 89..<101)
        sums.add(EventSum(good: 0, total: 5), to: 89)
        #expect(sums.value(of: 89).total == 95)
        for lower: Int64 in [0, 24, 60, 84, 89] {
            #expect(sums.sum(of: lower..<101).sum.total == total(lower..<100) + 5)
        }
        #expect(sums.sum(of: 0..<84).sum.total == total(0..<84))
    }

    @Test func `a leap of the clock costs no more than the whole reach`() {
        var sums = filled(SlidingSumsTests.small, until: 100)
        var opened = 0
        sums.advance(to: 5_000_000_000) { _ in
            opened += 1
            return .zero
        }
        #expect(opened <= 260)
        #expect(sums.sum(of: 0..<5_000_000_000).sum == .zero)
        sums.add(EventSum(good: 1, total: 1), to: 5_000_000_000)
        #expect(sums.sum(of: 4_999_999_900..<5_000_000_001).sum.total == 1)
    }

    @Test func `slices before 1970 are slices`() {
        var sums = SlidingSums<EventSum>(SlidingSumsTests.small)
        for number in Int64(-50)..<20 {
            sums.advance(to: number)
            sums.add(EventSum(good: 1, total: 1), to: number)
        }
        #expect(sums.sum(of: -6..<20).sum.total == 26)
        #expect(sums.sum(of: -48..<0).sum.total == 48)
        #expect(sums.sum(of: -500..<(-12)).sum.total == 38)
    }

    @Test func `a live resolution is bounded and reaches over its span`() {
        let month = SliceResolution.live(slice: .seconds(10), span: .seconds(60 * 86_400))
        #expect(month.levels.map(\.ratio) == [1, 6, 60, 360])
        #expect(month.levels.reduce(0) { $0 + $1.count } < 4300)
        #expect(month.reach >= 60 * 8640)
        let wide = SliceResolution.live(slice: .seconds(7 * 60), span: .seconds(60 * 86_400))
        #expect(wide.levels.map(\.ratio) == [1, 2, 10] && wide.slice == .seconds(420))
        // Nothing is kept coarsely that is kept finely anyway.
        let hour = SliceResolution.live(slice: .seconds(10), span: .seconds(7200))
        #expect(hour.levels.map(\.ratio) == [1])
        let day = SliceResolution.live(slice: .seconds(86_400), span: .seconds(60 * 86_400))
        #expect(day.levels.map(\.ratio) == [1] && day.reach >= 60)
    }

    @Test(arguments: [UInt64(1), 2, 3, 4, 5])
    func `a live tracker differs from an exact one by no more than it doubts`(
        seed: UInt64
    ) throws {
        typealias Sample = SampleObjective
        var chance = Randomness(seed: seed)
        let objective = try Sample.make()
        let days = 9
        var live = ObjectiveTracker(objective, slice: Sample.minute)
        var exact = ObjectiveTracker(
            objective,
            slice: Sample.minute,
            retention: .exact(Sample.day * days)
        )
        for number in 0..<(days * 1440) {
            let start = Sample.monday + Sample.minute * number
            let total = Int64(chance.below(100))
            let slice = Slice(
                start: start,
                bad: Int64(chance.below(UInt64(total + 1))),
                total: total
            )
            live.advance(to: start)
            live.record(slice)
            exact.advance(to: start)
            exact.record(slice)
        }
        let now = try #require(exact.now)
        var inexact = 0
        for minutes in stride(from: 1, to: days * 1440, by: 37) {
            let window = Sample.minute * minutes
            let (left, right) = (
                live.measure(last: window, asOf: now), exact.measure(last: window, asOf: now)
            )
            #expect(abs(left.events.total - right.events.total) <= Int128(left.doubt))
            #expect(abs(left.events.bad - right.events.bad) <= Int128(left.doubt))
            #expect(right.doubt == 0)
            if minutes <= 24 * 60 { #expect(left.doubt == 0) }
            inexact += left.doubt > 0 ? 1 : 0
            // An hour at most is read too much.
            #expect(right.window.lowerBound - left.window.lowerBound < Sample.hour)
        }
        #expect(inexact > 10)
    }
}
