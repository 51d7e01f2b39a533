import Storage
import Testing
import Timekeeping

struct IntervalSetTests {
    @Test(arguments: 1...50 as ClosedRange<UInt64>)
    func `it holds what a plain set holds`(seed: UInt64) {
        var random = Randomness(seed: seed)
        var intervals = IntervalSet()
        var reference: Set<Int64> = []
        for _ in 0..<60 {
            let low = Int64(random.below(80)) - 40
            let range = low...low + Int64(random.below(6))
            #expect(intervals.intersects(range) == !reference.isDisjoint(with: range))
            intervals.insert(range)
            reference.formUnion(range)
            #expect(intervals.count == Int64(reference.count))
        }
        #expect((-50...60).allSatisfy { intervals.contains($0) == reference.contains($0) })
        #expect(intervals.intervals.flatMap { Array($0) } == reference.sorted())
        // As few as there can be: between two there is a gap.
        for (left, right) in zip(intervals.intervals, intervals.intervals.dropFirst()) {
            #expect(left.upperBound + 1 < right.lowerBound)
        }
        // The order of inserts does not matter.
        #expect(IntervalSet(intervals.intervals.reversed()) == intervals)
    }

    @Test func `neighbours become one interval`() {
        let set = IntervalSet([1...3, 7...9, 4...6])
        #expect(set.intervals == [1...9])
    }

    @Test func `one interval swallows those it covers`() {
        #expect(IntervalSet([1...2, 5...6, 9...10, 0...20]).intervals == [0...20])
    }

    @Test func `the ends of the number range do not overflow`() {
        var set = IntervalSet([Int64.max...Int64.max, Int64.min...Int64.min])
        set.insert(Int64.min...Int64.min + 1)
        set.insert(Int64.max - 1...Int64.max)
        #expect(set.intervals.count == 2)
        #expect(set.contains(.min) && set.contains(.max))
    }

    @Test func `the empty set holds nothing`() {
        #expect(!IntervalSet().contains(0))
        #expect(!IntervalSet().intersects(Int64.min...Int64.max))
        #expect(IntervalSet().count == 0)
    }
}
