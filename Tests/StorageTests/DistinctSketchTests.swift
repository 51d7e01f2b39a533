import Storage
import Testing
import Timekeeping

struct DistinctSketchTests {
    /// Distinct hashes, as of numbers from `range`.
    private func hashes(_ range: Range<UInt64>) -> [UInt64] {
        range.map { SplitMix64.mix($0 &+ 0x1234_5678) }
    }

    @Test func `below its capacity it counts exactly`() {
        var sketch = DistinctSketch(capacity: 64)
        for hash in hashes(0..<63) + hashes(0..<63) {
            sketch.insert(hash)
        }
        #expect(sketch.isExact)
        #expect(sketch.estimate == 63)
    }

    @Test func `an empty one counts nothing, exactly`() {
        #expect(DistinctSketch(capacity: 16).estimate == 0)
        #expect(DistinctSketch(capacity: 16).isExact)
    }

    @Test func `a full one no longer claims to be exact`() {
        #expect(!DistinctSketch(capacity: 64, values: hashes(0..<64)).isExact)
    }

    @Test func `the highest and the lowest hash count like others`() {
        #expect(DistinctSketch(capacity: 16, values: [UInt64.max, 0, .max]).estimate == 2)
    }

    @Test func `a list is taken up as its hashes are one by one`() {
        var one = DistinctSketch(capacity: 256)
        var all = one
        for first in stride(from: 0, to: 4000, by: 100) as StrideTo<UInt64> {
            let list = hashes(first..<first + 150).map(DistinctSketch.admissible)
            let before = Set(one.values)
            var (unknown, gains): ([UInt64], [UInt64]) = (list, [])
            all.insert(&unknown, gains: &gains, leaving: .max)
            for hash in list { one.insert(hash) }
            #expect(all.values == one.values)
            #expect(Set(gains).count == gains.count && before.isDisjoint(with: gains))
            #expect(Set(gains).isSuperset(of: Set(one.values).subtracting(before)))
            #expect(before.isDisjoint(with: unknown))
            #expect(Set(unknown).isSuperset(of: gains))
        }
        #expect(!all.isExact)
        all.removeAll()
        #expect(all.isExact && all.estimate == 0)
    }

    @Test func `of a list is left what the next sketch may take up`() {
        var sketch = DistinctSketch(capacity: 256)
        var list = hashes(0..<200).map(DistinctSketch.admissible)
        let bound = list.sorted()[100]
        let first = list
        var gains: [UInt64] = []
        sketch.insert(&list, gains: &gains, leaving: bound)
        #expect(gains == first)
        #expect(list == first.filter { $0 < bound })
        list = first
        sketch.insert(&list, gains: &gains, leaving: .max)
        #expect(list.isEmpty && gains == first)
    }

    /// The relative standard error is 1/√(k − 2), which is 3.2% for k = 1024.
    ///
    /// None of 20 sketches, whose seeds are fixed, may be off by four of them; the mean of 20
    /// has a standard error of 0.7%.
    @Test func `beyond its capacity the error keeps its bound`() {
        var sum = 0.0
        for seed in 0..<20 as Range<UInt64> {
            let first = seed << 40
            let sketch = DistinctSketch(capacity: 1024, values: hashes(first..<first + 20_000))
            let error = Double(sketch.estimate) / 20_000 - 1
            #expect(abs(error) < 4 / Double(1022).squareRoot())
            sum += error
        }
        #expect(abs(sum / 20) < 0.025)
    }

    @Test(arguments: 1...10 as ClosedRange<UInt64>)
    func `order and repeats do not matter`(seed: UInt64) {
        var random = Randomness(seed: seed)
        let values = hashes(0..<500)
        let straight = DistinctSketch(capacity: 32, values: values)
        let shuffled = DistinctSketch(
            capacity: 32,
            values: (values + values).shuffled(using: &random)
        )
        #expect(straight.values == shuffled.values)
        #expect(straight.estimate == shuffled.estimate)
        // They are the 32 lowest.
        #expect(straight.values == Array(values.sorted().prefix(32)))
    }

    @Test(arguments: [10, 32, 63, 64, 65, 500])
    func `what is added piece by piece, saved in between, is the same`(count: UInt64) {
        let values = hashes(0..<count)
        var saved: [UInt64] = []
        for piece in 0..<7 {
            var sketch = DistinctSketch(capacity: 32, values: saved)
            for (place, value) in values.enumerated() where place % 7 == piece {
                sketch.insert(value)
            }
            saved = sketch.values
        }
        let whole = DistinctSketch(capacity: 32, values: values)
        #expect(saved == whole.values)
        #expect(DistinctSketch(capacity: 32, values: saved).estimate == whole.estimate)
    }

    @Test func `the hashes it says it gained build it again`() {
        var sketch = DistinctSketch(capacity: 32)
        var gained: [UInt64] = []
        for hash in hashes(0..<400) where sketch.insert(hash) == .added {
            gained.append(hash)
        }
        #expect(DistinctSketch(capacity: 32, values: gained).values == sketch.values)
        #expect(gained.count < 400)
    }
}
