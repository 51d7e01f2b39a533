package import Broker
package import Commerce
internal import Timekeeping

/// What analytics computes.
package struct AnalyticsOptions: Hashable, Sendable {
    /// The windows that are kept; the shortest is where events are counted, the others are
    /// summed up from it.
    package var grains: [Grain] = [.second, .minute, .hour, .day, .month]
    /// How far behind the watermark an event may be and still be counted in its window.
    package var allowedLateness: Duration = .seconds(10)
    /// Whether distinct shoppers and sessions are counted.
    package var countsDistinct = true
    /// Whether sales are kept by product, in windows of a day.
    package var countsProducts = true
    /// How long deltas may be gathered before they are committed; 0 commits what each receive
    /// gave.
    package var commitInterval: Duration = .milliseconds(100)
    /// How many events may be gathered before they are committed.
    package var commitLimit = 50_000
    /// How many events back a second one with the same `(source, id)` is found.
    package var identityHorizon = 1 << 18

    package init() {}
}

/// Sums events into event-time windows; a pure value.
///
/// It holds the deltas since the last ``takeDeltas()``, not the windows: those are in the
/// warehouse, which adds up.
package struct WindowAggregator: Sendable {
    /// The cells of one window of the shortest grain.
    struct Window: Sendable {
        var start: Timestamp
        var currency: Currency
        var total = WindowCell()
        var categories: [Symbol] = []
        var cells: [WindowCell] = []
        /// The place of each shop category (by its number) in `cells`; 0 for none, else 1 more.
        var slots: [UInt16] = Array(repeating: 0, count: 256)
    }

    private let options: AnalyticsOptions
    private let base: Grain
    /// Those that are kept, shorter ones first, and the one over everything.
    private let grains: [Grain]
    private var windows: [Window] = []
    private var products: [ProductKey: ProductCell] = [:]
    /// What late events add to the windows that are still open.
    private var lateSums: [WindowKey: WindowCell] = [:]
    /// The distinct counts; nil where none are kept.
    package var distinct: DistinctCounter?
    /// The window that the last event fell in: events come in the order of time, nearly.
    private var current = -1
    private var currentRange: Range<Int64> = 0..<0
    private var currentCurrency = Currency.none
    /// How many events were counted since the last ``takeDeltas()``.
    private(set) package var pendingEvents = 0

    /// An aggregator without any deltas.
    package init(options: AnalyticsOptions) {
        self.options = options
        base = options.grains.min() ?? .second
        grains = options.grains.sorted() + [.all]
        distinct = options.countsDistinct ? DistinctCounter(grains: options.grains) : nil
    }

    /// Counts the selected events, in all windows.
    package mutating func add(_ batch: Batch, _ selection: Selection) {
        switch selection {
        case .range(let range):
            batch.events.withUnsafeBufferPointer { events in
                batch.items.withUnsafeBufferPointer { items in
                    for place in range {
                        add(events[place], items)
                    }
                }
            }
        case .places(let places):
            batch.items.withUnsafeBufferPointer { items in
                for place in places {
                    add(batch.events[Int(place)], items)
                }
            }
        }
        if distinct != nil {
            distinct?.add(batch, selection)
        }
        if options.countsProducts {
            addProducts(batch, selection)
        }
        pendingEvents += selection.count
    }

    /// Counts an event in the windows longer than `missed` only: the others are closed.
    package mutating func addLate(_ batch: Batch, _ place: Int, missed: Grain) {
        var single = WindowAggregator(options: options)
        single.distinct = nil
        single.add(batch, .places([Int32(place)]))
        for (key, delta) in single.takeDeltas().cells where key.grain > missed {
            lateSums[key, default: WindowCell()] += delta
        }
        distinct?.add(batch, .places([Int32(place)]), longerThan: missed)
        pendingEvents += 1
        if options.countsProducts, missed < .day {
            addProducts(batch, .places([Int32(place)]))
        }
    }

    @inline(__always)
    private mutating func add(_ event: Event, _ items: UnsafeBufferPointer<Item>) {
        if !currentRange.contains(event.time.nanoseconds) || event.currency != currentCurrency {
            enterWindow(of: event)
        }
        let name = Int(event.name.rawValue)
        windows[current].total.count(name, event)
        guard event.itemCount > 0 else { return }
        let first = items[Int(event.firstItem)]
        if event.itemCount == 1 {
            let slot = windows[current].slot(of: first.category)
            windows[current].cells[slot].count(name, event)
            if event.name == .purchase {
                let units = Int64(first.quantity)
                windows[current].total.units += units
                windows[current].cells[slot].units += units
            }
        } else {
            addManyItems(event, items)
        }
    }

    /// An event with several items counts once in each of their categories, with its items' worth.
    private mutating func addManyItems(_ event: Event, _ items: UnsafeBufferPointer<Item>) {
        let range = event.itemRange
        for place in range {
            let item = items[place]
            let slot = windows[current].slot(of: item.category)
            let isFirst = !items[range.lowerBound..<place].contains { $0.category == item.category }
            if isFirst {
                windows[current].cells[slot].events[Int(event.name.rawValue)] += 1
                if event.isOrderPart { windows[current].cells[slot].orderParts += 1 }
            }
            let worth = item.price * Int64(item.quantity)
            switch event.name {
            case .purchase:
                windows[current].cells[slot].revenue =
                    windows[current].cells[slot].revenue.addingSaturated(worth)
                windows[current].cells[slot].units += Int64(item.quantity)
                windows[current].total.units += Int64(item.quantity)
            case .refund:
                windows[current].cells[slot].refunded =
                    windows[current].cells[slot].refunded.addingSaturated(worth)
            default: break
            }
        }
    }

    private mutating func enterWindow(of event: Event) {
        let start = base.start(of: event.time)
        currentRange = start.nanoseconds..<base.end(of: start).nanoseconds
        currentCurrency = event.currency
        let known = windows.lastIndex { $0.start == start && $0.currency == event.currency }
        if let known {
            current = known
        } else {
            windows.append(Window(start: start, currency: event.currency))
            current = windows.count - 1
        }
    }

    private mutating func addProducts(_ batch: Batch, _ selection: Selection) {
        selection.forEach { place in
            let event = batch.events[place]
            guard event.name == .purchase || event.name == .viewItem else { return }
            let start = Grain.day.start(of: event.time)
            for index in event.itemRange {
                let item = batch.items[index]
                let key = ProductKey(
                    grain: .day,
                    start: start,
                    product: item.product,
                    currency: event.currency
                )
                let isFirst = !batch.items[event.itemRange.lowerBound..<index].contains {
                    $0.product == item.product
                }
                var delta = ProductCell()
                if event.name == .purchase {
                    delta.orders = isFirst && !event.isOrderPart ? 1 : 0
                    delta.units = Int64(item.quantity)
                    // A single item is worth what the event says, even where the price of one
                    // piece is not a whole number of minor units.
                    delta.revenue =
                        event.itemCount == 1 ? event.value : item.price * Int64(item.quantity)
                } else {
                    delta.views = isFirst ? 1 : 0
                }
                products[key, default: ProductCell()] += delta
            }
        }
    }

    /// The deltas since the last call, summed up into every grain, in a fixed order.
    package mutating func takeDeltas() -> (
        cells: [(key: WindowKey, delta: WindowCell)],
        products: [(key: ProductKey, delta: ProductCell)]
    ) {
        var cells: [(key: WindowKey, delta: WindowCell)] = []
        var spans = WindowSpan.all(of: windows)
        for grain in grains {
            // Each window lies within one of the next longer ones, which is made of it.
            spans = WindowSpan.joined(spans, into: grain)
            for span in spans {
                span.append(to: &cells, grain)
            }
        }
        addLateSums(to: &cells)
        let sales = products.map { (key: $0.key, delta: $0.value) }
            .sorted { $0.key.sortsBefore($1.key) }
        windows.removeAll(keepingCapacity: true)
        products.removeAll(keepingCapacity: true)
        current = -1
        currentRange = 0..<0
        pendingEvents = 0
        return (cells, sales)
    }

    private mutating func addLateSums(to cells: inout [(key: WindowKey, delta: WindowCell)]) {
        guard !lateSums.isEmpty else { return }
        for (key, delta) in cells {
            lateSums[key, default: WindowCell()] += delta
        }
        cells = lateSums.map { (key: $0.key, delta: $0.value) }
            .sorted { $0.key.sortsBefore($1.key) }
        lateSums = [:]
    }
}

extension WindowAggregator.Window {
    /// The place in ``cells`` of `category`, which is made where it is new.
    @inline(__always)
    mutating func slot(of category: Symbol) -> Int {
        if category.bits < UInt64(slots.count) {
            let known = slots[Int(category.bits)]
            if known != 0 { return Int(known) - 1 }
        }
        return findSlot(of: category)
    }

    private mutating func findSlot(of category: Symbol) -> Int {
        if let known = categories.firstIndex(of: category) { return known }
        categories.append(category)
        cells.append(WindowCell())
        if category.bits < UInt64(slots.count), cells.count < Int(UInt16.max) {
            slots[Int(category.bits)] = UInt16(cells.count)
        }
        return cells.count - 1
    }
}

extension WindowCell {
    /// Counts `event`, whose name has the number `name`, with its whole value.
    @inline(__always)
    mutating func count(_ name: Int, _ event: Event) {
        events[name] += 1
        if event.name == .purchase {
            revenue = revenue.addingSaturated(event.value)
            if event.isOrderPart { orderParts += 1 }
        } else if event.name == .refund {
            refunded = refunded.addingSaturated(event.value)
        }
    }
}

extension WindowKey {
    func sortsBefore(_ other: WindowKey) -> Bool {
        (grain, start, category.bits, currency.bits)
            < (other.grain, other.start, other.category.bits, other.currency.bits)
    }
}

extension ProductKey {
    func sortsBefore(_ other: ProductKey) -> Bool {
        (start, product.bits, currency.bits)
            < (other.start, other.product.bits, other.currency.bits)
    }
}
