import Broker
import Commerce
import Logging
import Stages
import Storage
import TestSupport
import Testing
import Timekeeping

/// Analytics over batches of several symbol tables counts what it counts over those of one.
struct SymbolTableChangeStageTests {
    /// The views and purchases of two days, in batches of 20, with names that no symbol holds
    /// itself; a batch in `every` begins another symbol table.
    private func batches(every: Int) -> [Batch] {
        var shop = Shop()
        return (0..<60).map { number in
            if number % every == 0 { shop = Shop() }
            let lines = (0..<20).map { place in
                let count = number * 20 + place
                var event = shop.event(
                    count + 1,
                    count % 3 == 0 ? .purchase : .viewItem,
                    at: Shop.epoch + .seconds(count * 60)
                )
                event.user = shop.symbols.symbol(for: "shopper number \(count % 90)", in: .user)
                event.session = shop.symbols.symbol(
                    for: "visit number \(count % 300)",
                    in: .session
                )
                // The texts come in another order in each symbol table, and have other symbols
                // there.
                let item = Item(
                    product: shop.symbols.symbol(for: "the product \(count % 37)", in: .product),
                    category: shop.symbols.symbol(for: "the kind \(count % 7)", in: .category),
                    price: 1000,
                    quantity: 1
                )
                return (event: event, items: [item])
            }
            return shop.batch(lines, firstOffset: Int64(number * 20 + 1))
        }
    }

    /// What a warehouse holds after a run of the stage, as text.
    private func counted(_ batches: [Batch]) async throws -> [String] {
        let timeline = VirtualTimeline()
        let broker = InProcessBroker<Batch>(
            topics: ["events"],
            firstPosition: 1,
            subscriptions: [
                .init(name: "analytics", topic: "events", policy: SubscriptionPolicy())
            ],
            timeline: timeline
        )
        let warehouse = MemoryWarehouse()
        let topic = broker.topics[0]
        let stage = AnalyticsStage(
            subscription: broker.subscriptions[0],
            warehouse: warehouse,
            options: AnalyticsOptions(),
            rules: .standard,
            timeline: timeline,
            meter: StageMeter(name: "analytics"),
            logger: Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
        )
        try await timeline.run {
            try await withThrowingTaskGroup { group in
                group.addTask { try await stage.run() }
                // All at once, so that one receive gives batches of several symbol tables.
                for batch in batches { try await topic.publish(batch) }
                topic.close()
                try await group.waitForAll()
            }
        }
        var found: [String] = []
        // Of the shorter ones it forgets the oldest, sooner or later.
        for grain in Grain.allCases where grain >= .hour {
            for categories in [WindowCategories.total, .each] {
                found += warehouse.windows(grain, categories: categories).map { row in
                    let distinct = Measure.allCases.map { row.distinct[$0]?.count ?? -1 }
                    return "\(grain) \(row.start) \(row.category) \(row.cell.total) "
                        + "\(row.cell.revenue) \(distinct) \(row.conversion?.share ?? -1)"
                }
            }
        }
        return found
            + warehouse.topProducts(atMost: 50).map { "\($0.product) \($0.cell)" }
            + warehouse.progress(of: "analytics").map { "\($0.stream) \($0.consumed.count)" }
    }

    @Test(arguments: [1, 7, 20])
    func `what is counted does not depend on the symbols`(every: Int) async throws {
        let right = try await counted(batches(every: .max))
        let found = try await counted(batches(every: every))
        #expect(
            right.contains { $0.hasPrefix("all") && $0.contains(" 400 400000 [90, 300, 200, 100]") }
        )
        #expect(found == right)
    }
}
