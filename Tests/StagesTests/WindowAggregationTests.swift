import Broker
import Commerce
import Stages
import Storage
import TestSupport
import Testing
import Timekeeping

/// What several workers count together.
struct WindowAggregationTests {
    private let shop = Shop()

    /// The commits of a few hundred events, some of them late, by `workers`.
    private func commits(
        _ workers: Int,
        seed: UInt64,
        sideBySide: Bool
    ) async -> [WindowAggregator.Deltas] {
        var options = AnalyticsOptions()
        options.workers = workers
        options.distinct = DistinctWindows(totals: [.second, .day], categories: [.minute, .month])
        var aggregation = WindowAggregation(options: options)
        var random = Randomness(seed: seed)
        let batch = shop.batch(shop.randomLines(500, seed: seed))
        var commits: [WindowAggregator.Deltas] = []
        var first = 0
        while first < batch.count {
            let next = min(batch.count, first + Int(random.below(80)))
            let selection = Selection.range(first..<next)
            aggregation.add(
                batch,
                random.below(2) == 0 ? selection.partitioned { $0 % 3 > 0 }.included : selection
            )
            if random.below(3) == 0 {
                aggregation.addLate(batch, first, missed: random.below(2) == 0 ? .second : .day)
            }
            let isDue = random.below(2) == 0
            if sideBySide, isDue { await aggregation.workOff() }
            if random.below(4) == 0 { commits.append(aggregation.takeDeltas()) }
            first = next
        }
        commits.append(aggregation.takeDeltas())
        #expect(aggregation.pendingEvents == 0 && aggregation.waitingEvents == 0)
        return commits
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>, [2, 3, 4, 16])
    func `any number of workers commits the same`(seed: UInt64, workers: Int) async {
        let one = await commits(1, seed: seed, sideBySide: false)
        let many = await commits(workers, seed: seed, sideBySide: true)
        #expect(one.count == many.count)
        for (left, right) in zip(one, many) {
            // Their differences would fill pages.
            let areCellsEqual =
                left.cells.map(\.key) == right.cells.map(\.key)
                && left.cells.map(\.delta.text) == right.cells.map(\.delta.text)
            #expect(areCellsEqual)
            let areProductsEqual =
                left.products.map(\.key) == right.products.map(\.key)
                && left.products.map { "\($0.delta)" } == right.products.map { "\($0.delta)" }
            #expect(areProductsEqual)
        }
        let areSketchesEqual = sketches(one) == sketches(many)
        #expect(areSketchesEqual)
    }

    /// What a warehouse would hold of each distinct count.
    private func sketches(_ commits: [WindowAggregator.Deltas]) -> [SketchKey: [UInt64]] {
        var hashes: [SketchKey: [UInt64]] = [:]
        for (key, added) in commits.flatMap(\.sketches) { hashes[key, default: []] += added }
        return Dictionary(
            uniqueKeysWithValues: hashes.map { key, added in
                (key, DistinctSketch(capacity: key.capacity, values: added).values.sorted())
            }
        )
    }

    /// More shoppers than sketches hold: the smallest hashes are the same ones.
    @Test func `estimates are the same as well`() async {
        let lines = (0..<30_000).map { number in
            var event = shop.event(number, at: Shop.epoch + .microseconds(20 * number))
            event.user = Symbol(number: UInt64(number + 1))
            return (event: event, items: [shop.item(category: UInt64(number % 3 + 1))])
        }
        let batch = shop.batch(lines)
        var counts: [[SketchKey: DistinctCount]] = []
        for workers in [1, 2, 4] {
            var options = AnalyticsOptions()
            options.workers = workers
            var aggregation = WindowAggregation(options: options)
            aggregation.add(batch, .range(0..<batch.count))
            await aggregation.workOff()
            let pairs = aggregation.takeDeltas().sketches.map { key, added in
                (key, DistinctCount(DistinctSketch(capacity: key.capacity, values: added)))
            }
            counts.append(Dictionary(uniqueKeysWithValues: pairs))
        }
        #expect(counts[0].values.contains { !$0.isExact })
        #expect(counts[1] == counts[0] && counts[2] == counts[0])
    }
}
