import Broker
import Commerce
import Storage
import TestSupport
import Timekeeping

extension Shop {
    /// Events of every kind, mostly in the order of time, with none to three items in few or many
    /// categories, two currencies, and times from `start` on.
    func randomLines(
        _ count: Int,
        seed: UInt64,
        start: Timestamp = Shop.epoch,
        step: UInt64 = 2_000
    ) -> [(event: Event, items: [Item])] {
        var random = Randomness(seed: seed)
        var time = start
        let toys = symbols.symbol(for: "toys", in: .category)
        let categories = [.none, Symbol(number: 1), Symbol(number: 2), Symbol(number: 999), toys]
        return (1...count).map { number in
            time = time + .milliseconds(Int64(random.below(step)))
            // One in eight lies up to a few minutes back, or ahead.
            let jump = random.below(8) == 0 ? Int64(random.below(400_000)) - 300_000 : 0
            let name = EventName.allCases[Int(random.below(8))]
            var event = event(number, name, at: time + .milliseconds(jump))
            event.user = Symbol(number: random.below(20) + 1)
            event.session = random.below(10) == 0 ? .none : Symbol(number: random.below(40) + 1)
            if event.currency != .none, random.below(3) == 0 {
                event.currency = Currency(bits: 0x45_5552)
            }
            let needsItem = name != .viewItemList && name != .search
            let items = (0..<Int(random.below(3)) + (needsItem ? 1 : 0)).map { _ in
                Item(
                    product: Symbol(number: random.below(5) + 1),
                    category: categories[Int(random.below(5))],
                    price: Int64(random.below(5000)),
                    quantity: Int32(random.below(3)) + 1
                )
            }
            return (event, items)
        }
    }

    /// `batch` as a subscriber gets it, at `position` of the topic.
    func delivery(of batch: Batch, at position: Int64 = 1) -> [Delivery<Batch>] {
        var state = DeliveryState<Batch>(name: "analytics", policy: SubscriptionPolicy())
        let publication = Publication(
            batch: batch,
            firstPosition: position,
            publishTime: Shop.epoch
        )
        _ = state.handle(.publish(publication, .range(0..<batch.count)), at: Shop.epoch)
        return state.handle(.pull(batch.count), at: Shop.epoch).compactMap { action in
            guard case .deliver(let delivery) = action else { return nil }
            return delivery
        }
    }
}

extension MemoryWarehouse {
    /// Everything it holds, in a form that can be compared.
    var contents: [String] {
        var lines: [String] = []
        for grain in Grain.allCases {
            for categories in [WindowCategories.total, .each] {
                for row in windows(grain, categories: categories) {
                    let distinct = Measure.allCases.map { row.distinct[$0]?.count ?? 0 }
                    lines.append(
                        "\(grain) \(row.start) '\(row.category)' \(row.currency.code) "
                            + "\(row.cell.text) \(distinct)"
                    )
                }
            }
        }
        for row in topProducts(atMost: .max) {
            lines.append("\(row.product) \(row.currency.code) \(row.cell)")
        }
        lines.append("\(exceptions())")
        return lines
    }

    /// The sum over all windows and currencies.
    func total(_ grain: Grain) -> WindowCell {
        windows(grain, categories: .total).reduce(into: WindowCell()) { $0 += $1.cell }
    }
}

extension WindowCell {
    /// Everything it counts.
    var text: String {
        let events = EventName.allCases.map { self[$0] }
        return
            "\(events) parts \(orderParts) units \(units) revenue \(revenue) refunded \(refunded)"
    }
}
