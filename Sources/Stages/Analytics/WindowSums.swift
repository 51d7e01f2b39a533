internal import Broker
internal import Commerce
internal import Storage
internal import Timekeeping

/// What events add to the windows of one grain, and to all longer ones.
///
/// An event is added to one window, of the shortest length; the longer ones are summed from the
/// shorter ones when the sums are taken.
struct WindowSums: Sendable {
    private let base: Grain
    private var columns = CellColumns()
    /// The cells as they were made.
    ///
    /// Each span of them is of one window, for as long as the events came in it one after the
    /// other.
    private var level = WindowLevel()
    /// For each column the place of its last cell, which may be of an earlier span.
    private var places: [Int] = []
    /// For each column the last event with several items that counts in it.
    private var lastEvents: [Int] = []
    /// Numbers the events with several items.
    private var manyItems = 0
    /// The window that the last event fell in: events come in the order of time, nearly.
    private var currentRange: Range<Int64> = 0..<0
    /// Where the current span begins.
    private var currentFirst = 0

    /// Sums in windows of `base`.
    init(base: Grain) {
        self.base = base
    }

    /// Counts the selected events.
    mutating func add(_ batch: Batch, _ selection: Selection) {
        batch.forEachEvent(of: selection) { event, items in add(event, items) }
    }

    @inline(__always)
    private mutating func add(_ event: Event, _ items: UnsafeBufferPointer<Item>) {
        if !currentRange.contains(event.time.nanoseconds) { enterWindow(of: event.time) }
        let name = Int(event.name.rawValue)
        let currency = columns.number(of: event.currency)
        let total = place(of: columns.number(of: .none, currency))
        guard event.itemCount == 1 else {
            level.rows[total].cell.count(name, event, units: 0)
            if event.itemCount > 0 { addManyItems(event, items, currency, total: total) }
            return
        }
        let item = items[Int(event.firstItem)]
        level.rows[total].cell.count(name, event, units: Int64(item.quantity))
        // What has no category is in the total alone.
        guard item.category.isPresent else { return }
        let own = place(of: columns.number(of: item.category, currency))
        level.rows[own].cell.count(name, event, units: Int64(item.quantity))
    }

    /// An event with several items counts once in each of their categories, with its items' worth.
    private mutating func addManyItems(
        _ event: Event,
        _ items: UnsafeBufferPointer<Item>,
        _ currency: Int,
        total: Int
    ) {
        manyItems += 1
        for item in items[event.itemRange] {
            let units = event.name == .purchase ? Int64(item.quantity) : 0
            level.rows[total].cell.units += units
            guard item.category.isPresent else { continue }
            let column = columns.number(of: item.category, currency)
            let own = place(of: column)
            if lastEvents[column] != manyItems {
                lastEvents[column] = manyItems
                level.rows[own].cell.events[Int(event.name.rawValue)] += 1
                if event.isOrderPart { level.rows[own].cell.orderParts += 1 }
            }
            level.rows[own].cell.units += units
            let worth = item.price * Int64(item.quantity)
            if event.name == .purchase {
                level.rows[own].cell.revenue = level.rows[own].cell.revenue.addingSaturated(worth)
            } else if event.name == .refund {
                level.rows[own].cell.refunded = level.rows[own].cell.refunded.addingSaturated(worth)
            }
        }
    }

    /// The cell of `column` in the current stay, which is made where there is none.
    @inline(__always)
    private mutating func place(of column: Int) -> Int {
        if column < places.count, places[column] >= currentFirst { return places[column] }
        return makeCell(of: column)
    }

    private mutating func makeCell(of column: Int) -> Int {
        while places.count <= column {
            places.append(-1)
            lastEvents.append(0)
        }
        places[column] = level.rows.count
        level.rows.append(WindowLevel.Row(column: column))
        return level.rows.count - 1
    }

    private mutating func enterWindow(of time: Timestamp) {
        let start = base.start(of: time)
        currentRange = start.nanoseconds..<base.end(of: start).nanoseconds
        currentFirst = level.rows.count
        level.spans.append(WindowLevel.Span(start: start, first: currentFirst))
    }

    /// Appends what each window of `grains` has gained, in a fixed order, and forgets it.
    mutating func takeCells(
        of grains: [Grain],
        into cells: inout [(key: WindowKey, delta: WindowCell)]
    ) {
        guard !level.spans.isEmpty else { return }
        let order = columns.inOrder()
        let most = min(level.rows.count, order.columns.count)
        cells.reserveCapacity(cells.count + grains.count * most)
        var sums = level.summed(into: base, order)
        for grain in grains {
            // Each window lies within one of the next longer ones, which is made of it.
            if grain != base { sums = sums.summed(into: grain, order) }
            for span in sums.spans.indices {
                for row in sums.rows[sums.places(of: span)] {
                    let key = WindowKey(
                        grain: grain,
                        start: sums.spans[span].start,
                        category: columns.keys[row.column].category,
                        currency: columns.keys[row.column].currency
                    )
                    cells.append((key, row.cell))
                }
            }
        }
        level.removeAll()
        for column in places.indices { places[column] = -1 }
        currentRange = 0..<0
    }

    /// Forgets the columns: the categories that come next are of another symbol table.
    mutating func forgetColumns() {
        precondition(level.spans.isEmpty, "what was summed has the symbols of a table")
        columns = CellColumns()
        places = []
        lastEvents = []
    }
}

/// Sums of the windows of one length.
private struct WindowLevel: Sendable {
    struct Row: Sendable {
        var column: Int
        var cell = WindowCell()
    }

    struct Span: Sendable {
        var start: Timestamp
        /// The place of its first row; its last one comes before the first of the next span.
        var first: Int
    }

    var rows: [Row] = []
    var spans: [Span] = []
    /// Whether the spans are of different windows and in the order of time, and the rows of each
    /// of different columns and in their order.
    private var isInOrder = false

    func places(of span: Int) -> Range<Int> {
        spans[span].first..<(span + 1 < spans.count ? spans[span + 1].first : rows.count)
    }

    mutating func removeAll() {
        rows.removeAll(keepingCapacity: true)
        spans.removeAll(keepingCapacity: true)
    }

    /// The windows of `grain`, which are not shorter, in the order of time; the rows of each in the
    /// `order` of columns.
    func summed(into grain: Grain, _ order: CellColumns.Order) -> WindowLevel {
        var windows = spans.indices.map { (start: grain.start(of: spans[$0].start), span: $0) }
        if !isInOrder, zip(windows, windows.dropFirst()).contains(where: { $0.start > $1.start }) {
            windows.sort { ($0.start, $0.span) < ($1.start, $1.span) }
        }
        var level = WindowLevel()
        level.isInOrder = true
        level.rows.reserveCapacity(rows.count)
        var sum = CellSum(order)
        var next = 0
        while next < windows.count {
            let first = next
            repeat {
                next += 1
            } while next < windows.count
                && windows[next].start == windows[first].start
            level.spans.append(Span(start: windows[first].start, first: level.rows.count))
            if isInOrder, next == first + 1 {
                level.rows += rows[places(of: windows[first].span)]
                continue
            }
            for window in windows[first..<next] {
                for row in rows[places(of: window.span)] { sum.add(row) }
            }
            sum.take(into: &level.rows)
        }
        return level
    }
}

/// Adds up rows by their columns.
private struct CellSum {
    private let order: CellColumns.Order
    /// For each column its place in ``rows``; -1 for none.
    private var places: [Int]
    private var rows: [WindowLevel.Row] = []

    init(_ order: CellColumns.Order) {
        self.order = order
        places = Array(repeating: -1, count: order.columns.count)
    }

    mutating func add(_ row: WindowLevel.Row) {
        let place = places[row.column]
        if place < 0 {
            places[row.column] = rows.count
            rows.append(row)
        } else {
            rows[place].cell += row.cell
        }
    }

    /// Appends the sums in the order of their columns, and forgets them.
    mutating func take(into sums: inout [WindowLevel.Row]) {
        if rows.count * 8 > order.columns.count {
            for column in order.columns where places[column] >= 0 {
                sums.append(rows[places[column]])
            }
        } else {
            // Of many columns a few.
            rows.sort { order.ranks[$0.column] < order.ranks[$1.column] }
            sums += rows
        }
        for row in rows { places[row.column] = -1 }
        rows.removeAll(keepingCapacity: true)
    }
}

/// Numbers what cells are of, a category and a currency, from 0 in the order in which they come.
private struct CellColumns: Sendable {
    struct Key: Hashable, Sendable {
        /// ``Symbol/none`` for all categories.
        var category: Symbol
        var currency: Currency
    }

    /// The columns by category and currency.
    struct Order: Sendable {
        var columns: [Int] = []
        /// For each column its place among ``columns``.
        var ranks: [Int] = []
    }

    /// So many of the shop's own categories, and so many currencies, are looked up without a hash.
    private static let (fewCategories, fewCurrencies) = (256, 8)

    private(set) var keys: [Key] = []
    private var currencies: [Currency] = []
    private var currencyNumbers: [Currency: Int] = [:]
    /// By the number of the currency and the category: 0 for none that has come, else 1 more.
    private var few = Array(repeating: Int32(0), count: fewCategories * fewCurrencies)
    private var others: [Key: Int] = [:]
    private var order = Order()

    /// The number of `currency`.
    @inline(__always)
    mutating func number(of currency: Currency) -> Int {
        for number in 0..<min(currencies.count, CellColumns.fewCurrencies)
        where currencies[number] == currency {
            return number
        }
        return findNumber(of: currency)
    }

    private mutating func findNumber(of currency: Currency) -> Int {
        if let known = currencyNumbers[currency] { return known }
        currencyNumbers[currency] = currencies.count
        currencies.append(currency)
        return currencies.count - 1
    }

    /// The column of `category` and the currency of that number.
    @inline(__always)
    mutating func number(of category: Symbol, _ currency: Int) -> Int {
        if category.bits < UInt64(CellColumns.fewCategories), currency < CellColumns.fewCurrencies {
            let place = currency * CellColumns.fewCategories + Int(category.bits)
            if few[place] != 0 { return Int(few[place]) - 1 }
            few[place] = Int32(keys.count + 1)
            return add(category, currency)
        }
        let key = Key(category: category, currency: currencies[currency])
        if let known = others[key] { return known }
        others[key] = keys.count
        return add(category, currency)
    }

    private mutating func add(_ category: Symbol, _ currency: Int) -> Int {
        keys.append(Key(category: category, currency: currencies[currency]))
        return keys.count - 1
    }

    /// All columns in the order that is the same whatever they were met in.
    mutating func inOrder() -> Order {
        if order.columns.count < keys.count {
            order.columns = keys.indices.sorted { left, right in
                (keys[left].category.bits, keys[left].currency.bits)
                    < (keys[right].category.bits, keys[right].currency.bits)
            }
            order.ranks = Array(repeating: 0, count: keys.count)
            for rank in order.columns.indices { order.ranks[order.columns[rank]] = rank }
        }
        return order
    }
}
