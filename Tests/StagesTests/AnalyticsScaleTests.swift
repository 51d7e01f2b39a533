import Broker
import Commerce
import Stages
import Storage
import TestSupport
import Testing
import Timekeeping

/// Inputs of shapes that once took time with the square of their size.
///
/// None of them looks at a clock: with a square in it, each would run for many minutes.
struct AnalyticsScaleTests {
    private let shop = Shop()

    @Test func `events with many thousand items cost as much as their items`() {
        // 4 purchases of 60,000 lines of one piece at 0.01, each product and category twice.
        let count = 60_000
        let items = (0..<count).map { number in
            var item = shop.item(
                product: UInt64(number % (count / 2) + 1),
                category: UInt64(number % (count / 2) + 1)
            )
            item.price = 1
            return item
        }
        let lines = (1...4).map { number in
            var event = shop.event(number, .purchase)
            event.value = Int64(count)
            return (event: event, items: items)
        }
        var aggregator = WindowAggregator(options: AnalyticsOptions())
        aggregator.add(shop.batch(lines), .range(0..<4))
        let deltas = aggregator.takeDeltas()
        #expect(deltas.products.count == count / 2)
        #expect(deltas.products.allSatisfy { $0.delta.orders == 4 })
        #expect(deltas.products.allSatisfy { $0.delta.units == 8 && $0.delta.revenue == 8 })
        let total = deltas.cells.first { $0.key.grain == .all && !$0.key.category.isPresent }
        #expect(total?.delta.orders == 4)
        #expect(total?.delta.units == Int64(4 * count))
        let each = deltas.cells.filter { $0.key.grain == .all && $0.key.category.isPresent }
        #expect(each.count == count / 2)
        #expect(each.allSatisfy { $0.delta.orders == 4 && $0.delta.revenue == 8 })
    }

    /// 40 years in random order, in as many currencies and categories as there are events: what is
    /// late and what is on time add up to all of it.
    @Test func `any order of time, any number of currencies and categories is counted`() throws {
        let count = 12_000
        var random = Randomness(seed: 5)
        let lines = (1...count).map { number in
            var event = shop.event(
                number,
                .purchase,
                at: Timestamp(seconds: 400_000_000 + Int64(random.below(40 * 31_557_600)))
            )
            event.currency = Currency(
                bits: 0x41_4141 + UInt32(number % 26) + UInt32(number / 26 % 26) << 8
            )
            event.value = Int64(number)
            return (event: event, items: [shop.item(category: UInt64(number))])
        }
        let warehouse = MemoryWarehouse()
        var state = AnalyticsState(
            subscription: "analytics",
            options: AnalyticsOptions(),
            rules: .standard,
            stored: []
        )
        let now = Timestamp(seconds: 2_000_000_000)
        for first in stride(from: 0, to: count, by: 500) {
            let batch = shop.batch(
                Array(lines[first..<first + 500]),
                firstOffset: Int64(first + 1)
            )
            for delivery in shop.delivery(of: batch) {
                #expect(state.take(delivery, at: now).counted.count == 500)
            }
            if first % 4000 == 3500, let commit = state.takeCommit(at: now) {
                try warehouse.commit(commit)
            }
        }
        let rows = warehouse.windows(.all, categories: .total)
        #expect(rows.count == 676)
        // 1 + 2 + … + 12,000.
        #expect(rows.reduce(0) { $0 + $1.cell.revenue } == Int64(count * (count + 1) / 2))
        #expect(rows.reduce(0) { $0 + $1.cell.orders } == Int64(count))
        #expect(warehouse.windows(.all, categories: .each).count == count)
        // Seven users and eleven sessions, by their numbers.
        #expect(rows.first?.distinct[.shoppers]?.count == 7)
        #expect(rows.first?.distinct[.sessions]?.count == 11)
        #expect(rows.first?.conversion == nil)
    }

    @Test func `sources of which there are many are told apart`() {
        var ledger = Deduplicator(horizon: 50_000)
        let events = (0..<20_000).map { shop.event($0 % 3, source: "source \($0)") }
        #expect(ledger.admit(shop.batch(events), .range(0..<20_000)).count == 20_000)
        #expect(ledger.admit(shop.batch(events), .range(0..<20_000)).isEmpty)
    }

    @Test func `a text that is written like a UUID's bytes is another event`() {
        var ledger = Deduplicator(horizon: 100)
        let uuid = shop.event(1)
        var text = uuid
        text.hasUUID = false
        #expect(ledger.admit(shop.batch([uuid, text, uuid, text]), .range(0..<4)).all == [0, 1])
    }
}
