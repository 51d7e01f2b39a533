internal import Broker
internal import Commerce
internal import Storage
internal import Timekeeping

/// What events add to the windows of one grain, and to all longer ones.
struct WindowSums: Sendable {
    private struct Name: Hashable {
        var start: Timestamp
        var currency: Currency
    }

    private let base: Grain
    private var windows: [Window] = []
    private var places: [Name: Int] = [:]
    /// The window that the last event fell in: events come in the order of time, nearly.
    private var current = -1
    private var currentRange: Range<Int64> = 0..<0
    private var currentCurrency = Currency.none
    /// Numbers the events with several items.
    private var manyItems: Int32 = 0

    /// Sums in windows of `base`.
    init(base: Grain) {
        self.base = base
    }

    /// Counts the selected events.
    mutating func add(_ batch: Batch, _ selection: Selection) {
        batch.items.withUnsafeBufferPointer { items in
            switch selection {
            case .range(let range):
                batch.events.withUnsafeBufferPointer { events in
                    for place in range {
                        add(events[place], items)
                    }
                }
            case .places(let places):
                // order-free: a list
                for place in places {
                    add(batch.events[Int(place)], items)
                }
            }
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
        manyItems &+= 1
        for item in items[event.itemRange] {
            let slot = windows[current].slot(of: item.category)
            if windows[current].lastEvents[slot] != manyItems {
                windows[current].lastEvents[slot] = manyItems
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
        let name = Name(start: start, currency: event.currency)
        if let known = places[name] {
            current = known
        } else {
            current = windows.count
            places[name] = current
            windows.append(Window(start: start, currency: event.currency))
        }
    }

    /// Appends what each window of `grains` has gained, in a fixed order, and forgets it.
    mutating func takeCells(
        of grains: [Grain],
        into cells: inout [(key: WindowKey, delta: WindowCell)]
    ) {
        var spans = WindowSpan.all(of: windows)
        for grain in grains {
            // Each window lies within one of the next longer ones, which is made of it.
            spans = WindowSpan.joined(spans, into: grain)
            for span in spans {
                span.append(to: &cells, grain)
            }
        }
        windows.removeAll(keepingCapacity: true)
        places.removeAll(keepingCapacity: true)
        current = -1
        currentRange = 0..<0
    }
}

extension WindowSums {
    /// The cells of one window and currency.
    struct Window: Sendable {
        /// With fewer categories than these, a look at each finds one soonest.
        private static let fewCategories = 8

        var start: Timestamp
        var currency: Currency
        var total = WindowCell()
        private(set) var categories: [Symbol] = []
        var cells: [WindowCell] = []
        /// For each cell the number of the last event with several items.
        var lastEvents: [Int32] = []
        /// Once there are many: the place of each of the shop's own first categories in `cells`,
        /// by its number; 0 for none, else 1 more.
        private var slots: [UInt16] = []
        /// The places of the others.
        private var others: [Symbol: Int] = [:]

        init(start: Timestamp, currency: Currency) {
            self.start = start
            self.currency = currency
        }

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
            if slots.isEmpty {
                if let known = categories.firstIndex(of: category) { return known }
            } else if let known = others[category] {
                return known
            }
            categories.append(category)
            cells.append(WindowCell())
            lastEvents.append(0)
            if !slots.isEmpty {
                note(cells.count - 1)
            } else if cells.count >= Window.fewCategories {
                slots = Array(repeating: 0, count: 256)
                cells.indices.forEach { note($0) }
            }
            return cells.count - 1
        }

        private mutating func note(_ place: Int) {
            let category = categories[place]
            if category.bits < UInt64(slots.count), place < Int(UInt16.max) {
                slots[Int(category.bits)] = UInt16(place + 1)
            } else {
                others[category] = place
            }
        }
    }
}

/// What was summed up from one instant to the end of the window round it.
struct WindowSpan: Sendable {
    private struct Row: Sendable {
        var category: Symbol
        var currency: Currency
        var cell: WindowCell

        func sortsBefore(_ other: Row) -> Bool {
            (category.bits, currency.bits) < (other.category.bits, other.currency.bits)
        }

        func isOfSame(_ other: Row) -> Bool {
            category == other.category && currency == other.currency
        }
    }

    private var start: Timestamp
    /// By category and currency, each pair once.
    private var rows: [Row]

    /// The spans of `windows`, by their starts.
    static func all(of windows: [WindowSums.Window]) -> [WindowSpan] {
        windows.map { window in
            var rows = [Row(category: .none, currency: window.currency, cell: window.total)]
            for (category, cell) in zip(window.categories, window.cells)
            // What has no category is in the total alone, whose row it would be else.
            where category.isPresent {
                rows.append(Row(category: category, currency: window.currency, cell: cell))
            }
            rows.sort { $0.sortsBefore($1) }
            return WindowSpan(start: window.start, rows: rows)
        }
        .sorted { $0.start < $1.start }
    }

    /// The spans of `grain` that `spans`, which are shorter and in order, add up to.
    static func joined(_ spans: [WindowSpan], into grain: Grain) -> [WindowSpan] {
        var joined: [WindowSpan] = []
        var next = 0
        while next < spans.count {
            var whole = spans[next]
            whole.start = grain.start(of: whole.start)
            let end = grain.end(of: whole.start)
            let first = next
            next += 1
            while next < spans.count, spans[next].start < end { next += 1 }
            if next > first + 1 {
                whole.rows = summed(spans[first..<next].flatMap(\.rows))
            }
            joined.append(whole)
        }
        return joined
    }

    private static func summed(_ rows: [Row]) -> [Row] {
        var sums: [Row] = []
        for row in rows.sorted(by: { $0.sortsBefore($1) }) {
            if let last = sums.last, last.isOfSame(row) {
                sums[sums.count - 1].cell += row.cell
            } else {
                sums.append(row)
            }
        }
        return sums
    }

    /// Appends the cells of the span, which is a window of `grain`, in a fixed order.
    func append(to cells: inout [(key: WindowKey, delta: WindowCell)], _ grain: Grain) {
        for row in rows {
            let key = WindowKey(
                grain: grain,
                start: start,
                category: row.category,
                currency: row.currency
            )
            cells.append((key, row.cell))
        }
    }
}
