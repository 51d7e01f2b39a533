internal import Commerce

/// One window of a warehouse in memory; categories by their numbers.
///
/// What the first commit brings is kept as it came. Most short windows get no more than that, and
/// are forgotten without having been read.
struct MemoryWindow: Sendable {
    /// What a sum is of.
    struct Sum: Hashable, Sendable {
        var category: Int
        var currency: Currency
    }

    /// What a distinct count is of.
    struct Part: Hashable, Sendable {
        var measure: Measure
        var category: Int
    }

    /// The hashes of a distinct count, as they came, and with repeats where they had some.
    private struct Distinct {
        let capacity: Int
        var hashes: [UInt64] = []
        /// The count once the hashes are let go.
        var settled: DistinctCount?

        var sketch: DistinctSketch { DistinctSketch(capacity: capacity, values: hashes) }

        var count: DistinctCount { settled ?? DistinctCount(sketch) }

        mutating func add(_ added: some Collection<UInt64>) {
            guard settled == nil else { return }
            hashes.append(contentsOf: added)
            if hashes.count > 4 * capacity {
                hashes = DistinctSketch(capacity: capacity, values: hashes).gathered
            }
        }

        mutating func settle() {
            settled = count
            hashes = []
        }
    }

    private struct First {
        var commit: Int
        var cells: [(sum: Sum, cell: WindowCell)] = []
        /// Of all parts, one after the other.
        var hashes: [UInt64] = []
        var parts: [(part: Part, capacity: Int, end: Int)] = []

        mutating func add(_ added: [UInt64], to part: Part, capacity: Int) {
            hashes += added
            parts.append((part, capacity, hashes.count))
        }
    }

    private var first: First?
    /// The sums of an ``unfolded`` window.
    private(set) var cells: [Sum: WindowCell] = [:]
    private var distinct: [Part: Distinct] = [:]
    /// Over all categories, once the hashes are let go.
    private var settledConversion: Conversion?
    private(set) var isSettled = false

    /// An empty window, to which the commit of that number adds first.
    init(commit: Int) {
        first = First(commit: commit)
    }

    /// Says which commit adds next.
    mutating func begin(_ commit: Int) {
        if let first, first.commit != commit { unfold() }
    }

    private mutating func unfold() {
        guard let first else { return }
        self.first = nil
        for (sum, cell) in first.cells {
            add(cell, to: sum)
        }
        var start = 0
        for (part, capacity, end) in first.parts {
            distinct[part, default: Distinct(capacity: capacity)]
                .add(first.hashes[start..<end])
            start = end
        }
        if isSettled { settle() }
    }

    /// Whether a sum leaves its range with `delta`.
    func isBeyondRange(adding delta: WindowCell, to sum: Sum) -> Bool {
        var cell = cells[sum, default: WindowCell()]
        for (known, added) in first?.cells ?? [] where known == sum { cell += added }
        return cell.revenue.addingReportingOverflow(delta.revenue).overflow
            || cell.refunded.addingReportingOverflow(delta.refunded).overflow
            || cell.units.addingReportingOverflow(delta.units).overflow
    }

    mutating func add(_ delta: WindowCell, to sum: Sum) {
        if first?.cells.append((sum, delta)) == nil {
            cells[sum, default: WindowCell()] += delta
        }
    }

    /// Adds hashes of a part that is counted exactly up to `capacity`; those of a window that is
    /// settled are let go.
    mutating func add(_ added: [UInt64], to part: Part, capacity: Int) {
        guard !isSettled else { return }
        guard first == nil else {
            first?.add(added, to: part, capacity: capacity)
            return
        }
        distinct[part, default: Distinct(capacity: capacity)].add(added)
    }

    /// Lets go of the hashes: late events add no more to the distinct counts.
    mutating func settle() {
        isSettled = true
        settledConversion = conversion
        for place in distinct.values.indices {
            distinct.values[place].settle()
        }
    }

    /// The same window, no longer as its first commit brought it.
    var unfolded: MemoryWindow {
        var window = self
        window.unfold()
        return window
    }

    /// Forgets the sums.
    mutating func removeCells() {
        unfold()
        cells = [:]
    }

    /// Forgets the distinct counts of the categories, or of all of them together.
    ///
    /// `all` is the number of the category that stands for these. What is added from now on is
    /// counted.
    mutating func removeDistinct(ofCategories: Bool, all: Int?) {
        unfold()
        distinct = distinct.filter { ($0.key.category != all) != ofCategories }
        isSettled = false
        if !ofCategories { settledConversion = nil }
    }

    /// Adds to `window`, which is a longer one round this ``unfolded`` one, the sums of this one.
    func pourCells(into window: inout MemoryWindow) {
        // order-free: sums
        for (sum, cell) in cells { window.add(cell, to: sum) }
    }

    /// Adds to `window`, which is a longer one of `grain` round this ``unfolded`` one, the distinct
    /// counts of the categories, or of all together, whose number is `all`.
    func pourDistinct(
        into window: inout MemoryWindow,
        of grain: Grain,
        ofCategories: Bool,
        all: Int?
    ) {
        // order-free: a count each
        for (part, count) in distinct where (part.category != all) == ofCategories {
            let capacity = SketchKey.capacity(grain, ofOneCategory: ofCategories)
            window.add(count.hashes, to: part, capacity: capacity)
        }
    }

    /// The distinct counts of a category of an ``unfolded`` window.
    func counts(of category: Int) -> [Measure: DistinctCount] {
        var counts: [Measure: DistinctCount] = [:]
        for measure in Measure.allCases {
            counts[measure] = distinct[Part(measure: measure, category: category)]?.count
        }
        return counts
    }

    /// The conversion over all categories of an ``unfolded`` window.
    var conversion: Conversion? {
        if let settledConversion { return settledConversion }
        var sketches: [Measure: DistinctSketch] = [:]
        // order-free: each measure has a place of its own, and one category.
        for (part, distinct) in distinct where distinct.settled == nil {
            if part.measure == .viewingSessions || part.measure == .buyingSessions {
                sketches[part.measure] = distinct.sketch
            }
        }
        return Conversion(sketches)
    }

    /// The hashes of a distinct count of an ``unfolded`` window, in any order.
    func hashes(of part: Part) -> [UInt64] {
        distinct[part]?.hashes ?? []
    }
}

/// Numbers the texts that a warehouse in memory is given, from 0 in the order in which they come.
///
/// The text of a symbol is asked of its symbol table once only.
struct TextNumbers: Sendable {
    /// The shop's own symbols have small bits, and are looked up without a hash.
    private static let shopSymbols = 1 << 16

    private var texts: [String] = []
    /// By their bytes: two texts that Unicode calls equivalent are two.
    private var numbers: [[UInt8]: Int] = [:]
    private var symbols: SymbolTable?
    /// What the symbols of ``symbols`` stand for, by their bits.
    private var bySymbol: [UInt64: Int] = [:]
    /// The same for the shop's own: 0 for one that has not come yet, else 1 more.
    private var byShopSymbol: [Int32] = Array(repeating: 0, count: shopSymbols)

    /// The symbols that come next are of `symbols`.
    mutating func read(_ symbols: SymbolTable) {
        guard self.symbols !== symbols else { return }
        self.symbols = symbols
        bySymbol = [:]
        byShopSymbol = Array(repeating: 0, count: TextNumbers.shopSymbols)
    }

    /// The number of what `symbol` stands for; none stands for the empty text.
    mutating func number(of symbol: Symbol, in namespace: Namespace) -> Int {
        guard symbol.bits < UInt64(TextNumbers.shopSymbols) else {
            if let known = bySymbol[symbol.bits] { return known }
            let number = newNumber(of: symbol, namespace)
            bySymbol[symbol.bits] = number
            return number
        }
        let known = byShopSymbol[Int(symbol.bits)]
        if known != 0 { return Int(known) - 1 }
        let number = newNumber(of: symbol, namespace)
        byShopSymbol[Int(symbol.bits)] = Int32(number + 1)
        return number
    }

    private mutating func newNumber(of symbol: Symbol, _ namespace: Namespace) -> Int {
        let text = symbols?.text(of: symbol, in: namespace) ?? ""
        let bytes = Array(text.utf8)
        if let known = numbers[bytes] { return known }
        numbers[bytes] = texts.count
        texts.append(text)
        return texts.count - 1
    }

    /// The number of `text`, or nil where it has none yet.
    func known(_ text: String) -> Int? {
        numbers[Array(text.utf8)]
    }

    /// The text with that number.
    func text(of number: Int) -> String {
        texts[number]
    }
}
