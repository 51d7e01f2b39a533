internal import Broker
internal import Commerce
internal import Storage
internal import Timekeeping

/// What events add to the sales of each product, in windows of a day.
struct ProductSums: Sendable {
    /// So many of the shop's own products are looked up without a hash.
    fileprivate static let fewProducts = 1 << 16
    /// So many tables; what is beyond goes through a dictionary.
    private static let mostTables = 4

    /// What is gathered of a product, and the number of the last event that held it.
    fileprivate struct Sale: Sendable {
        var product: Symbol
        var cell = ProductCell()
        var lastEvent = 0
    }

    /// The sales of one day in one currency.
    fileprivate struct Table: Sendable {
        var start: Timestamp
        var currency: Currency
        var sales: [Sale] = []
        /// By product: 0 for none that was sold, else 1 more than its place in ``sales``.
        var few: [Int32] = []
        /// A bit for each of ``few`` that is not 0.
        var marks: [UInt64] = []
        var others: [Symbol: Int] = [:]
    }

    private var tables: [Table] = []
    private var current = -1
    private var currentRange: Range<Int64> = 0..<0
    /// What there was no table for.
    private var rest: [ProductKey: Sale] = [:]
    /// Numbers the events whose products are counted.
    private var events = 0

    /// Counts the products that the selected events show or sell.
    mutating func add(_ batch: Batch, _ selection: Selection) {
        batch.forEachEvent(of: selection) { event, items in
            guard event.name == .purchase || event.name == .viewItem else { return }
            events += 1
            if !currentRange.contains(event.time.nanoseconds)
                || current >= 0 && tables[current].currency != event.currency
            {
                enterTable(of: event)
            }
            for item in items[event.itemRange] {
                if current >= 0 {
                    let sale = tables[current].place(of: item.product)
                    tables[current].sales[sale].add(item, of: event, number: events)
                } else {
                    let key = ProductKey(
                        grain: .day,
                        start: Grain.day.start(of: event.time),
                        product: item.product,
                        currency: event.currency
                    )
                    rest[key, default: Sale(product: item.product)]
                        .add(item, of: event, number: events)
                }
            }
        }
    }

    private mutating func enterTable(of event: Event) {
        let start = Grain.day.start(of: event.time)
        let known = tables.firstIndex { $0.start == start && $0.currency == event.currency }
        // One that holds nothing is as good as a new one.
        if let place = known ?? tables.firstIndex(where: { $0.sales.isEmpty }) {
            tables[place].start = start
            tables[place].currency = event.currency
            current = place
        } else if tables.count < ProductSums.mostTables {
            current = tables.count
            tables.append(Table(start: start, currency: event.currency))
        } else {
            // The next event may have a table again.
            current = -1
            currentRange = 0..<0
            return
        }
        currentRange = start.nanoseconds..<Grain.day.end(of: start).nanoseconds
    }

    /// What was gathered since the last call, by day, product and currency.
    mutating func takeDeltas() -> [(key: ProductKey, delta: ProductCell)] {
        var deltas: [(key: ProductKey, delta: ProductCell)] = []
        deltas.reserveCapacity(tables.reduce(rest.count) { $0 + $1.sales.count })
        let used = tables.count { !$0.sales.isEmpty }
        for place in tables.indices { tables[place].take(into: &deltas) }
        // order-free: sorted
        for (key, sale) in rest { deltas.append((key, sale.cell)) }
        if used > 1 || !rest.isEmpty { deltas.sort { $0.key.sortsBefore($1.key) } }
        rest = [:]
        currentRange = 0..<0
        return deltas
    }
}

extension ProductSums.Table {
    /// The place of the sales of `product`, which are made where there are none.
    @inline(__always)
    fileprivate mutating func place(of product: Symbol) -> Int {
        if product.bits < UInt64(few.count), few[Int(product.bits)] != 0 {
            return Int(few[Int(product.bits)]) - 1
        }
        return findPlace(of: product)
    }

    private mutating func findPlace(of product: Symbol) -> Int {
        if product.bits < UInt64(ProductSums.fewProducts) {
            let number = Int(product.bits)
            while few.count <= number {
                marks += Array(repeating: 0, count: max(1, marks.count))
                few += Array(repeating: 0, count: 64 * marks.count - few.count)
            }
            few[number] = Int32(sales.count + 1)
            marks[number >> 6] |= 1 << UInt64(number & 63)
        } else {
            if let known = others[product] { return known }
            others[product] = sales.count
        }
        sales.append(ProductSums.Sale(product: product))
        return sales.count - 1
    }

    /// Appends the sales by product, and forgets them.
    fileprivate mutating func take(into deltas: inout [(key: ProductKey, delta: ProductCell)]) {
        for word in marks.indices where marks[word] != 0 {
            var bits = marks[word]
            while bits != 0 {
                let number = word << 6 | bits.trailingZeroBitCount
                deltas.append(row(Int(few[number]) - 1))
                few[number] = 0
                bits &= bits - 1
            }
            marks[word] = 0
        }
        // Their symbols have higher numbers.
        // order-free: sorted
        let places = others.sorted { $0.key.bits < $1.key.bits }.map(\.value)
        for place in places { deltas.append(row(place)) }
        others = [:]
        sales.removeAll(keepingCapacity: true)
    }

    private func row(_ place: Int) -> (key: ProductKey, delta: ProductCell) {
        let key = ProductKey(
            grain: .day,
            start: start,
            product: sales[place].product,
            currency: currency
        )
        return (key, sales[place].cell)
    }
}

extension ProductSums.Sale {
    /// Adds an item of the event with that number, which counts once however many lines it has.
    @inline(__always)
    fileprivate mutating func add(_ item: Item, of event: Event, number: Int) {
        let isFirst = lastEvent != number
        lastEvent = number
        guard event.name == .purchase else {
            cell.views += isFirst ? 1 : 0
            return
        }
        cell.orders += isFirst && !event.isOrderPart ? 1 : 0
        cell.units += Int64(item.quantity)
        // A single item is worth what the event says, even where the price of one piece is not a
        // whole number of minor units.
        let worth = event.itemCount == 1 ? event.value : item.price * Int64(item.quantity)
        cell.revenue = cell.revenue.addingSaturated(worth)
    }
}

extension ProductKey {
    func sortsBefore(_ other: ProductKey) -> Bool {
        (start, product.bits, currency.bits)
            < (other.start, other.product.bits, other.currency.bits)
    }
}
