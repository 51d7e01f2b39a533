import Broker
import Commerce
import Stages
import Storage
import TestSupport
import Testing
import Timekeeping

/// What becomes of the events and orders of a log; amounts are in cents.
struct LogOrderTests {
    private let shop = Shop()
    private let now = Shop.epoch + .seconds(3600)

    /// A purchase of `order`, worth `value`, in the log of `source`.
    private func purchase(
        _ number: Int,
        _ order: String,
        _ value: Int64 = 1000,
        source: String = "/log",
        isPart: Bool = false
    ) -> (event: Event, items: [Item]) {
        var event = shop.event(number, .purchase, source: source)
        event.transaction = shop.symbols.symbol(for: order, in: .order)
        event.user = Symbol(number: 1)
        event.subject = .none
        event.value = value
        event.isOrderPart = isPart
        var item = shop.item()
        item.price = value
        return (event, [item])
    }

    /// The lines as events of a log, whose bytes are only their numbers.
    private func log(_ lines: [(event: Event, items: [Item])]) -> Batch {
        var builder = BatchBuilder(
            stream: shop.symbols.symbol(for: "log", in: .text),
            symbols: shop.symbols,
            capacity: lines.count
        )
        var originals = Originals()
        for (place, line) in lines.enumerated() {
            builder.append(line.event, items: line.items)
            let start = originals.bytes.count
            originals.bytes += Array("row \(place)".utf8)
            originals.ranges.append(start..<originals.bytes.count)
        }
        builder.originals = originals
        return builder.finish(schedule: .asRecorded)
    }

    /// One run of analytics over `batches`, each looked up and committed; what became of them.
    private func run(
        _ batches: [[(event: Event, items: [Item])]],
        into warehouse: MemoryWarehouse
    ) -> (counted: Int, duplicates: Int, repeated: Int, conflicts: Int) {
        var state = AnalyticsState(
            subscription: "analytics",
            options: AnalyticsOptions(),
            rules: .standard,
            stored: warehouse.progress(of: "analytics")
        )
        var sums = (counted: 0, duplicates: 0, repeated: 0, conflicts: 0)
        for batch in batches {
            for delivery in shop.delivery(of: log(batch)) {
                let recognition = LogRecognition(delivery)
                let known = warehouse.alreadyCounted(
                    LogRecognition.question([recognition]),
                    by: "analytics"
                )
                let taken = state.take(delivery, recognition, counted: known, at: now)
                sums.counted += taken.counted.count
                sums.duplicates += taken.duplicates
                sums.repeated += taken.repeatedOrders
                sums.conflicts += taken.conflicts
            }
            if let commit = state.takeCommit(at: now) {
                #expect(throws: Never.self) { try warehouse.commit(commit) }
            }
        }
        return sums
    }

    @Test(arguments: [true, false])
    func `a purchase that is sent twice under one transaction is one order`(together: Bool) {
        // GA4 drops the second purchase of a transaction: 1 order of 10.00, not 2 of 20.00.
        let warehouse = MemoryWarehouse()
        let lines = [purchase(1, "A"), purchase(2, "A"), purchase(3, "B", 500)]
        let sums = run(together ? [lines] : lines.map { [$0] }, into: warehouse)
        #expect(sums == (2, 0, 1, 0))
        #expect(warehouse.total(.day).orders == 2)
        #expect(warehouse.total(.day).revenue == 1500)
        #expect(warehouse.total(.day).units == 2)
        #expect(warehouse.exceptions().repeatedOrders == 1)
        #expect(warehouse.topProducts(atMost: 1).map(\.cell.orders) == [2])
        // The log again: what was counted is a duplicate, and what was not is the same again.
        #expect(run([lines], into: warehouse) == (0, 2, 1, 0))
        #expect(warehouse.total(.day).revenue == 1500)
        #expect(warehouse.exceptions().repeatedOrders == 1)
    }

    @Test func `an order is a transaction of its source`() {
        let warehouse = MemoryWarehouse()
        let lines = [purchase(1, "A", source: "/one"), purchase(1, "A", source: "/two")]
        #expect(run([lines], into: warehouse) == (2, 0, 0, 0))
        #expect(warehouse.total(.day).orders == 2)
    }

    @Test func `a further part of an order adds to its worth and is no order`() {
        // 10.00 + 5.00 + 2.50 in three events of one transaction: 1 order of 17.50, 3 units.
        let warehouse = MemoryWarehouse()
        let sums = run(
            [
                [purchase(1, "A")], [purchase(2, "A", 500, isPart: true), purchase(3, "B")],
                [purchase(4, "A", 250, isPart: true)],
            ],
            into: warehouse
        )
        #expect(sums == (4, 0, 0, 0))
        for grain in Grain.allCases {
            #expect(warehouse.total(grain).orders == 2)
            #expect(warehouse.total(grain)[.purchase] == 4)
            #expect(warehouse.total(grain).revenue == 2750)
            #expect(warehouse.total(grain).units == 4)
        }
        let category = warehouse.windows(.all, categories: .each)
        #expect(category.map(\.cell.orders) == [2])
        #expect(category.map(\.cell.revenue) == [2750])
    }

    @Test(arguments: [true, false])
    func `one identity with another content is a conflict, and counts once`(together: Bool) {
        // The first says 10.00, the second 7.77: what was counted stays.
        let warehouse = MemoryWarehouse()
        let lines = [purchase(1, "A"), purchase(1, "A", 777), purchase(1, "A")]
        let sums = run(together ? [lines] : lines.map { [$0] }, into: warehouse)
        #expect(sums == (1, 1, 0, 1))
        #expect(warehouse.total(.all).revenue == 1000)
        #expect(warehouse.exceptions().conflicts == 1)
        #expect(run([lines], into: warehouse) == (0, 2, 0, 1))
        #expect(warehouse.exceptions().conflicts == 1)
    }

    @Test func `whether a reader took it for a part makes no conflict`() {
        let warehouse = MemoryWarehouse()
        #expect(run([[purchase(1, "A")]], into: warehouse) == (1, 0, 0, 0))
        let again = [purchase(1, "A", isPart: true)]
        #expect(run([again], into: warehouse) == (0, 1, 0, 0))
    }

    @Test func `what is not counted is kept as it was read`() throws {
        var state = AnalyticsState(
            subscription: "analytics",
            options: AnalyticsOptions(),
            rules: .standard,
            stored: []
        )
        let batch = log([purchase(1, "A"), purchase(2, "A"), purchase(1, "A", 5)])
        for delivery in shop.delivery(of: batch) {
            _ = state.take(delivery, at: now)
        }
        let taken = state.takeCommit(at: now)
        let commit = try #require(taken)
        #expect(commit.uncounted.map(\.reason) == [.repeatedOrder, .conflict])
        #expect(commit.uncounted.map(\.place) == [1, 2])
        #expect(commit.counted.map(\.identity) == [batch.identity(of: 0)])
        #expect(commit.orders == [batch.openedOrder(by: 0)])
    }

    @Test func `two purchases whose ids collided by the old hash are both counted`() {
        // The old identity was the id with a hash of the source laid over it, which anybody can
        // take off again: with other's id = id ^ hash(one) ^ hash(two), the two were one event.
        let one = shop.symbols.symbol(for: "/one", in: .text)
        let two = shop.symbols.symbol(for: "/two", in: .text)
        let hashes = (shop.symbols.stableHash(of: one), shop.symbols.stableHash(of: two))
        var first = purchase(1, "A", source: "/one")
        var second = purchase(1, "B", source: "/two")
        second.event.id = EventID(
            high: first.event.id.high ^ (hashes.0 & 0xffff) ^ (hashes.1 & 0xffff),
            low: first.event.id.low ^ hashes.0 ^ hashes.1
        )
        let warehouse = MemoryWarehouse()
        #expect(run([[first], [second]], into: warehouse) == (2, 0, 0, 0))
        // And a UUID that is written like the digest of a text is not that text.
        let (id, isUUID) = EventID.parse("order 1")
        first.event.id = id
        first.event.hasUUID = isUUID
        second = purchase(7, "C", source: "/one")
        second.event.id = id
        first.event.transaction = shop.symbols.symbol(for: "D", in: .order)
        #expect(run([[first, second]], into: warehouse) == (2, 0, 0, 0))
        #expect(warehouse.total(.all).orders == 4)
    }

    /// Random logs of lines, sent again, in part, cut anywhere into batches and runs: orders,
    /// revenue and units are those of a fold that knows each identity and order once.
    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func `whatever is sent again, orders are distinct transactions`(seed: UInt64) {
        var random = Randomness(seed: seed)
        let warehouse = MemoryWarehouse()
        var counted: [Int: Int64] = [:]
        var orders: Set<String> = []
        var expected = WindowCell()
        for _ in 0..<4 {
            var batches: [[(event: Event, items: [Item])]] = []
            for _ in 0..<6 {
                batches.append(
                    (0..<Int(random.below(20))).map { _ in
                        let number = Int(random.below(60)) + 1
                        let order = "order-\(random.below(2) == 0 ? number : number / 3)"
                        let value = random.below(8) == 0 ? 999 : Int64(number * 10)
                        let isPart = random.below(5) == 0
                        return purchase(number, order, value, isPart: isPart)
                    }
                )
            }
            for (event, _) in batches.joined() {
                let number = Int(event.sequence)
                let order = shop.symbols.text(of: event.transaction, in: .order)
                guard counted[number] == nil else { continue }
                if !event.isOrderPart, !orders.insert(order).inserted { continue }
                counted[number] = event.value
                expected.events[Int(EventName.purchase.rawValue)] += 1
                expected.orderParts += event.isOrderPart ? 1 : 0
                expected.revenue += event.value
                expected.units += 1
            }
            _ = run(batches, into: warehouse)
        }
        #expect(warehouse.total(.all).text == expected.text)
        #expect(warehouse.total(.all).orders == Int64(orders.count))
    }
}
