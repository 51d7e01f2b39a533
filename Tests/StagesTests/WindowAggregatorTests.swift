import Broker
import Commerce
import Stages
import Storage
import TestSupport
import Testing
import Timekeeping

struct WindowAggregatorTests {
    private let shop = Shop()

    private struct Key: Hashable {
        var grain: Grain
        var start: Timestamp
        var category: Symbol
        var currency: Currency
    }

    /// What each window must hold, event by event.
    private func naive(_ batch: Batch, _ grains: [Grain]) -> [Key: WindowCell] {
        var cells: [Key: WindowCell] = [:]
        for event in batch.events {
            let items = batch.items[event.itemRange]
            for grain in grains {
                var key = Key(
                    grain: grain,
                    start: grain.start(of: event.time),
                    category: .none,
                    currency: event.currency
                )
                var whole = WindowCell()
                whole.events[Int(event.name.rawValue)] = 1
                whole.revenue = event.name == .purchase ? event.value : 0
                whole.refunded = event.name == .refund ? event.value : 0
                whole.units = items.reduce(0) {
                    $0 + (event.name == .purchase ? Int64($1.quantity) : 0)
                }
                cells[key, default: WindowCell()] += whole
                for category in Set(items.map(\.category)) where category.isPresent {
                    key.category = category
                    let own = items.filter { $0.category == category }
                    var part = WindowCell()
                    part.events[Int(event.name.rawValue)] = 1
                    for item in own {
                        let worth =
                            items.count == 1
                            ? event.value : item.price * Int64(item.quantity)
                        part.revenue += event.name == .purchase ? worth : 0
                        part.refunded += event.name == .refund ? worth : 0
                        part.units += event.name == .purchase ? Int64(item.quantity) : 0
                    }
                    cells[key, default: WindowCell()] += part
                }
            }
        }
        return cells
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `every window holds what a naive fold finds`(seed: UInt64) {
        let batch = shop.batch(shop.randomLines(300, seed: seed, step: 20_000))
        let options = AnalyticsOptions()
        var aggregator = WindowAggregator(options: options)
        aggregator.add(batch, .range(0..<100))
        aggregator.add(batch, .places((100..<300).map { Int32($0) }))
        #expect(aggregator.pendingEvents == 300)
        let expected = naive(batch, options.grains + [.all])
        let found = aggregator.takeDeltas().cells
        #expect(found.count == expected.count)
        for (key, cell) in found {
            let key = Key(
                grain: key.grain,
                start: key.start,
                category: key.category,
                currency: key.currency
            )
            #expect(cell.text == expected[key]?.text)
        }
        #expect(aggregator.takeDeltas().cells.isEmpty)
        #expect(aggregator.pendingEvents == 0)
    }

    @Test func `an item without a category counts in the total once`() {
        var item = shop.item()
        item.category = .none
        var aggregator = WindowAggregator(options: AnalyticsOptions())
        aggregator.add(shop.batch([(shop.event(1, .purchase), [item])]), .range(0..<1))
        let cells = aggregator.takeDeltas().cells.filter { $0.key.grain == .day }
        #expect(cells.map(\.delta.orders) == [1])
        #expect(cells.map(\.delta.revenue) == [1000])
    }

    @Test func `an order with two lines of one product is one order of it`() {
        var aggregator = WindowAggregator(options: AnalyticsOptions())
        let items = [shop.item(), shop.item(product: 2), shop.item()]
        var purchase = shop.event(1, .purchase)
        purchase.value = 3000
        aggregator.add(shop.batch([(purchase, items)]), .range(0..<1))
        let products = aggregator.takeDeltas().products
        #expect(products.map(\.delta.orders) == [1, 1])
        #expect(products.map(\.delta.units) == [2, 1])
        #expect(products.map(\.delta.revenue) == [2000, 1000])
    }

    @Test func `a late event counts only in windows longer than the one it missed`() {
        var aggregator = WindowAggregator(options: AnalyticsOptions())
        aggregator.addLate(shop.batch([shop.event(1, .purchase)]), 0, missed: .minute)
        let deltas = aggregator.takeDeltas()
        #expect(Set(deltas.cells.map(\.key.grain)) == [.hour, .day, .month, .all])
        #expect(deltas.products.count == 1)
    }

    @Test func `the windows of one batch come in the same order whatever they were met in`() {
        let lines = shop.randomLines(100, seed: 7)
        func keys(_ lines: [(event: Event, items: [Item])]) -> [WindowKey] {
            var aggregator = WindowAggregator(options: AnalyticsOptions())
            aggregator.add(shop.batch(lines), .range(0..<lines.count))
            return aggregator.takeDeltas().cells.map(\.key)
        }
        #expect(keys(lines) == keys(lines.reversed()))
    }
}
