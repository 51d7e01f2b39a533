import Broker
import Commerce
import Stages
import Storage
import TestSupport
import Testing
import Timekeeping

struct DistinctCounterTests {
    private let shop = Shop()
    private let grains: [Grain] = [.second, .minute, .day]
    /// In all windows, and by category as well.
    private var everywhere: DistinctWindows { DistinctWindows(totals: grains, categories: grains) }

    private func text(_ key: SketchKey) -> String {
        "\(key.grain) \(key.start) \(key.measure) \(key.category)"
    }

    /// The values of each sketch, as exact sets would have them.
    private func naive(_ batch: Batch) -> [String: Set<UInt64>] {
        var sets: [String: Set<UInt64>] = [:]
        for event in batch.events {
            for grain in grains + [.all] {
                func note(_ symbol: Symbol, _ measure: Measure, _ category: Symbol = .none) {
                    guard symbol.isPresent else { return }
                    let start = grain.start(of: event.time)
                    sets["\(grain) \(start) \(measure) \(category)", default: []].insert(
                        shop.symbols.stableHash(of: symbol)
                    )
                }
                note(event.user, .shoppers)
                for item in batch.items[event.itemRange] {
                    note(event.user, .shoppers, item.category)
                }
                note(event.session, .sessions)
                if event.name == .viewItem { note(event.session, .viewingSessions) }
                if event.name == .purchase { note(event.session, .buyingSessions) }
            }
        }
        return sets
    }

    @Test(arguments: 1...10 as ClosedRange<UInt64>)
    func `below their capacity the sketches are sets, over commits and a restart`(seed: UInt64) {
        var random = Randomness(seed: seed)
        let batch = shop.batch(shop.randomLines(400, seed: seed))
        var stored: [String: Set<UInt64>] = [:]
        var counter = DistinctCounter(everywhere)
        var first = 0
        while first < batch.count {
            let next = min(batch.count, first + Int(random.below(60)) + 1)
            counter.add(batch, .range(first..<next))
            var keys: Set<SketchKey> = []
            for (key, added) in counter.takeDeltas() {
                // One row a sketch and commit, without repeats.
                #expect(keys.insert(key).inserted)
                #expect(Set(added).count == added.count)
                stored[text(key), default: []].formUnion(added)
            }
            if random.below(3) == 0 {
                counter = DistinctCounter(everywhere)
            }
            first = next
        }
        #expect(stored == naive(batch))
    }

    @Test func `a window at hand does not store a hash again`() {
        var counter = DistinctCounter(everywhere)
        counter.add(shop.views(1, at: Shop.epoch), .range(0..<1))
        #expect(!counter.takeDeltas().isEmpty)
        counter.add(shop.views(1, at: Shop.epoch), .range(0..<1))
        #expect(counter.takeDeltas().isEmpty)
    }

    /// 5,000 shoppers a second, who fill the sketches of a second and of a minute: what goes to the
    /// warehouse makes the sketches that are given every event, and is little more than these take
    /// up.
    @Test func `full sketches take up what they would event by event`() throws {
        let lines = (0..<20_000).map { number in
            var event = shop.event(number, at: Shop.epoch + .microseconds(200 * number))
            event.user = Symbol(number: UInt64(number % 9000 + 1))
            return (event: event, items: [shop.item(category: UInt64(number % 3 + 1))])
        }
        let batch = shop.batch(lines)
        var counter = DistinctCounter(everywhere)
        var stored: [SketchKey: [UInt64]] = [:]
        for first in stride(from: 0, to: batch.count, by: 1700) {
            counter.add(batch, .range(first..<min(first + 1700, batch.count)))
            for (key, added) in counter.takeDeltas() { stored[key, default: []] += added }
        }
        var sketches: [SketchKey: DistinctSketch] = [:]
        var expected: [SketchKey: [UInt64]] = [:]
        for (event, items) in lines {
            let user = shop.symbols.stableHash(of: event.user)
            for grain in grains + [.all] {
                for category in [.none, items[0].category] {
                    let key = SketchKey(
                        grain: grain,
                        start: grain.start(of: event.time),
                        measure: .shoppers,
                        category: category
                    )
                    let new = DistinctSketch(capacity: key.capacity)
                    if sketches[key, default: new].insert(user) == .added {
                        expected[key, default: []].append(user)
                    }
                }
            }
        }
        #expect(expected.values.contains { $0.count > 2000 })
        for (key, added) in stored where key.measure == .shoppers {
            let taken = try #require(expected[key])
            #expect(Set(added).count == added.count)
            #expect(added.count <= taken.count + taken.count / 8 + 64)
            let sketch = DistinctSketch(capacity: key.capacity, values: added)
            #expect(sketch.values == DistinctSketch(capacity: key.capacity, values: taken).values)
        }
    }

    @Test func `more categories than have a sketch at hand are all counted`() {
        let lines = (1...1000).map { number in
            (event: shop.event(number), items: [shop.item(category: UInt64(number))])
        }
        var counter = DistinctCounter(everywhere)
        for _ in 0..<2 { counter.add(shop.batch(lines), .range(0..<1000)) }
        let days = counter.takeDeltas().filter { $0.key.grain == .day && $0.key.category.isPresent }
        #expect(days.count == 1000)
    }

    /// Whatever is chosen gives of its windows what counting in all windows gives of them.
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `what is chosen is counted as ever, and nothing else`(seed: UInt64) {
        var random = Randomness(seed: seed)
        func some() -> [Grain] { grains.filter { _ in random.below(2) == 0 } }
        let chosen = DistinctWindows(totals: some(), categories: some())
        let batch = shop.batch(shop.randomLines(300, seed: seed))
        var (all, few) = (DistinctCounter(everywhere), DistinctCounter(chosen))
        var first = 0
        while first < batch.count {
            let next = min(batch.count, first + Int(random.below(60)) + 1)
            // Late ones too, which move the longer windows alone.
            let missed: Grain? = random.below(3) == 0 ? .minute : nil
            all.add(batch, .range(first..<next), longerThan: missed)
            few.add(batch, .range(first..<next), longerThan: missed)
            let wanted = all.takeDeltas().filter { key, _ in
                key.grain == .all
                    || (key.category.isPresent ? chosen.categories : chosen.totals)
                        .contains(key.grain)
            }
            let given = few.takeDeltas()
            #expect(given.map(\.key) == wanted.map(\.key))
            #expect(given.map { Set($0.added) } == wanted.map { Set($0.added) })
            first = next
        }
    }

    @Test func `what missed a window is not counted in it`() {
        var counter = DistinctCounter(everywhere)
        counter.add(shop.views(3), .range(0..<3), longerThan: .minute)
        #expect(Set(counter.takeDeltas().map(\.key.grain)) == [.day, .all])
    }
}
