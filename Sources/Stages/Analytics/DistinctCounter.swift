package import Broker
package import Commerce
package import Storage
internal import Timekeeping

/// Counts shoppers and sessions distinctly in windows, and the shoppers of each category in some of
/// them; a pure value.
///
/// While events come, it gathers the hashes that any of the windows round them has room for, by
/// what they are counted in. Of the newest windows of each length the sketches are at hand. What
/// was gathered goes to the shortest window first, and to the next longer one but for what the
/// shorter one knew: that was given to all of them before. What a sketch takes up goes on to the
/// warehouse with the next commit (``takeDeltas()``). What comes for an older window, or for a
/// category of which no sketch is at hand, is stored as it came, since a warehouse's sketch takes
/// a hash twice as once. So nothing is ever read back, and the memory is that of a few windows and
/// of one commit.
package struct DistinctCounter: Sendable {
    /// A window whose sketches are at hand.
    private struct Window {
        /// The place of its length in ``grains``.
        let grain: Int
        /// Nil while there is no such window.
        var start: Timestamp?
        /// What its sketches took up since the last commit.
        var gains: [UInt64] = []
        /// Which parts took them up, one after the other, and where the hashes of each end.
        var gaining: [(part: Int, end: Int)] = []

        func forEachGain(_ body: (Int, ArraySlice<UInt64>) -> Void) {
            var first = 0
            for (part, end) in gaining {
                body(part, gains[first..<end])
                first = end
            }
        }

        mutating func forgetGains() {
            gains.removeAll(keepingCapacity: true)
            gaining.removeAll(keepingCapacity: true)
        }
    }

    /// The window of one length round the last event.
    private struct Current {
        var start = Timestamp.distantPast
        var range: Range<Int64> = 0..<0
        /// Its place in ``windows``; nil where it is not at hand.
        var window: Int?
    }

    /// A hash for a sketch that is not at hand.
    private struct Stray: Comparable {
        var start: Timestamp
        var part: DistinctPart
        var hash: UInt64

        static func < (left: Stray, right: Stray) -> Bool {
            if left.start != right.start { return left.start < right.start }
            if left.part != right.part { return left.part.sortsBefore(right.part) }
            return left.hash < right.hash
        }
    }

    /// So many hashes of one part are gathered before they are given to its sketches: enough that
    /// each of them is in the processor's cache when the next hash comes.
    private static let mostGathered = 512

    /// Those of which anything is counted, shorter ones first.
    private let grains: [Grain]
    /// The places in ``grains`` of the windows in which shoppers and sessions are counted.
    private let totals: [Int]
    /// The places in ``grains`` of the windows in which the shoppers of each category are.
    private let categories: [Int]
    private var parts = DistinctParts()
    private var windows: [Window] = []
    /// Those of one window after those of another, by the numbers of the parts.
    private var sketches: [DistinctSketch] = []
    /// By the places of ``grains``.
    private var current: [Current]
    /// Of the shortest current window.
    private var currentRange: Range<Int64> = 0..<0
    /// The place of the shortest that is counted in; the others are missed.
    private var first = 0
    /// For each part a bound from which on none of the current windows takes up a hash.
    private var bounds: [UInt64] = []
    /// By the places of ``grains``: while hashes of one part are given, a bound from which on no
    /// longer window takes one up.
    private var longer: [UInt64]
    /// The hashes gathered for the current windows: ``mostGathered`` places for each part.
    private var gathered: [UInt64] = []
    /// How many were gathered for each part.
    private var counts: [Int] = []
    /// Those of one part, while they are given to its sketches.
    private var given: [UInt64] = []
    /// By the places of ``grains``.
    private var strays: [[Stray]]

    /// A counter for these windows and for everything.
    package init(_ kept: DistinctWindows) {
        let grains = Set(kept.totals + kept.categories).sorted() + [.all]
        self.grains = grains
        totals = grains.indices.filter { grains[$0] == .all || kept.totals.contains(grains[$0]) }
        categories = grains.indices.filter {
            grains[$0] == .all || kept.categories.contains(grains[$0])
        }
        current = Array(repeating: Current(), count: grains.count)
        longer = Array(repeating: .max, count: grains.count)
        strays = Array(repeating: [], count: grains.count)
        for place in grains.indices {
            let grain = grains[place]
            // Short ones come and go often; of long ones, each takes some megabytes.
            for _ in 0..<(grain < .hour ? 4 : 2) {
                windows.append(Window(grain: place))
                for part in 0..<DistinctParts.most {
                    let capacity = SketchKey.capacity(
                        grain,
                        ofOneCategory: part >= Measure.allCases.count
                    )
                    sketches.append(DistinctSketch(capacity: capacity))
                }
            }
        }
    }

    /// The places of the windows in which `part` is counted, shorter ones first.
    @inline(__always)
    private func places(of part: Int) -> [Int] {
        part < Measure.allCases.count ? totals : categories
    }

    /// Counts the shoppers and sessions of the selected events, in windows longer than `missed`
    /// only, where that is given.
    package mutating func add(
        _ batch: Batch,
        _ selection: Selection,
        longerThan missed: Grain? = nil
    ) {
        let first = missed.map { missed in grains.firstIndex { $0 > missed } ?? grains.count } ?? 0
        if first != self.first {
            spread()
            self.first = first
            currentRange = 0..<0
        }
        batch.forEachEvent(of: selection) { event, items in
            if !currentRange.contains(event.time.nanoseconds) { enter(event.time) }
            if event.user.isPresent {
                let user = DistinctSketch.admissible(batch.symbols.stableHash(of: event.user))
                note(user, Measure.shoppers.place)
                for item in items[event.itemRange] { note(user, of: item.category) }
            }
            if event.session.isPresent {
                let session = DistinctSketch.admissible(batch.symbols.stableHash(of: event.session))
                note(session, Measure.sessions.place)
                if event.name == .viewItem {
                    note(session, Measure.viewingSessions.place)
                } else if event.name == .purchase {
                    note(session, Measure.buyingSessions.place)
                }
            }
        }
    }

    /// Goes on with the symbols of `symbols`, after all deltas were taken.
    mutating func translate(from last: SymbolTable, to symbols: SymbolTable) {
        parts.translate(from: last, to: symbols)
    }

    @inline(__always)
    private mutating func note(_ shopper: UInt64, of category: Symbol) {
        // What has no category is in the total alone.
        guard category.isPresent else { return }
        if let part = parts.number(of: category) {
            if part == bounds.count { begin() }
            note(shopper, part)
        } else {
            let part = DistinctPart(measure: .shoppers, category: category)
            for place in categories where place >= first { stray(shopper, part, place) }
        }
    }

    @inline(__always)
    private mutating func note(_ hash: UInt64, _ part: Int) {
        guard hash < bounds[part] else { return }
        let count = counts[part]
        gathered[part * DistinctCounter.mostGathered + count] = hash
        counts[part] = count + 1
        if count + 1 == DistinctCounter.mostGathered { spread(part) }
    }

    /// Gathers for one part more.
    private mutating func begin() {
        bounds.append(.max)
        counts.append(0)
        gathered += Array(repeating: 0, count: DistinctCounter.mostGathered)
    }

    /// Gives what was gathered to the current windows.
    private mutating func spread() {
        for part in counts.indices where counts[part] > 0 { spread(part) }
    }

    private mutating func spread(_ part: Int) {
        let base = part * DistinctCounter.mostGathered
        given += gathered[base..<base + counts[part]]
        counts[part] = 0
        noteLonger(of: part)
        for place in places(of: part) where place >= first && !given.isEmpty {
            guard let window = current[place].window else {
                for hash in given { stray(hash, parts.all[part], place) }
                continue
            }
            let before = windows[window].gains.count
            sketches[window * DistinctParts.most + part].insert(
                &given,
                gains: &windows[window].gains,
                leaving: longer[place]
            )
            let end = windows[window].gains.count
            if end > before { windows[window].gaining.append((part, end)) }
        }
        given.removeAll(keepingCapacity: true)
        bounds[part] = bound(of: part)
    }

    /// Notes for each current window what hashes those that are longer take up.
    private mutating func noteLonger(of part: Int) {
        var bound: UInt64 = 0
        for place in places(of: part).reversed() where place >= first {
            longer[place] = bound
            bound = max(bound, threshold(of: part, place))
        }
    }

    /// The bound from which on the current window takes up no hash; there is none while it is not
    /// at hand.
    private func threshold(of part: Int, _ place: Int) -> UInt64 {
        guard let window = current[place].window else { return .max }
        return sketches[window * DistinctParts.most + part].threshold
    }

    private mutating func stray(_ hash: UInt64, _ part: DistinctPart, _ place: Int) {
        strays[place].append(Stray(start: current[place].start, part: part, hash: hash))
    }

    private func bound(of part: Int) -> UInt64 {
        var bound: UInt64 = 0
        for place in places(of: part) where place >= first {
            bound = max(bound, threshold(of: part, place))
        }
        return bound
    }

    /// Makes the windows round `time` current.
    private mutating func enter(_ time: Timestamp) {
        let changed = (first..<grains.count).filter { place in
            !current[place].range.contains(time.nanoseconds)
        }
        for part in parts.all.indices where part < counts.count && counts[part] > 0 {
            if places(of: part).contains(where: changed.contains) { spread(part) }
        }
        for place in changed {
            let start = grains[place].start(of: time)
            current[place].start = start
            current[place].range = start.nanoseconds..<grains[place].end(of: start).nanoseconds
            current[place].window = window(place, start)
        }
        while bounds.count < parts.all.count { begin() }
        for part in parts.all.indices { bounds[part] = bound(of: part) }
        currentRange = first < grains.count ? current[first].range : 0..<0
    }

    /// The window at hand that begins at `start`, which is made where it is one of the newest;
    /// else nil.
    private mutating func window(_ place: Int, _ start: Timestamp) -> Int? {
        let atHand = windows.indices.filter { windows[$0].grain == place }
        if let known = atHand.first(where: { windows[$0].start == start }) { return known }
        let oldest = atHand.min { left, right in
            (windows[left].start ?? .distantPast) < (windows[right].start ?? .distantPast)
        }
        guard let oldest, windows[oldest].start.map({ $0 < start }) ?? true else { return nil }
        if let old = windows[oldest].start {
            windows[oldest].forEachGain { part, hashes in
                let part = parts.all[part]
                strays[place] += hashes.map { Stray(start: old, part: part, hash: $0) }
            }
        }
        windows[oldest].start = start
        windows[oldest].forgetGains()
        let base = oldest * DistinctParts.most
        for part in parts.all.indices { sketches[base + part].removeAll() }
        return oldest
    }

    /// The hashes that each sketch of the warehouse has gained since the last call, in a fixed
    /// order.
    package mutating func takeDeltas() -> [(key: SketchKey, added: [UInt64])] {
        spread()
        var deltas: [(key: SketchKey, added: [UInt64])] = []
        for place in grains.indices {
            let first = deltas.count
            let inOrder = windows.indices.filter { windows[$0].grain == place }.sorted {
                (windows[$0].start ?? .distantPast) < (windows[$1].start ?? .distantPast)
            }
            for window in inOrder { takeGains(of: window, into: &deltas) }
            guard !strays[place].isEmpty else { continue }
            takeStrays(place, into: &deltas)
            deltas[first...].sort { left, right in
                left.key.start == right.key.start
                    ? DistinctPart(left.key).sortsBefore(DistinctPart(right.key))
                    : left.key.start < right.key.start
            }
        }
        return deltas
    }

    private mutating func takeGains(
        of window: Int,
        into deltas: inout [(key: SketchKey, added: [UInt64])]
    ) {
        guard let start = windows[window].start, !windows[window].gains.isEmpty else { return }
        var lists: [[UInt64]] = Array(repeating: [], count: parts.all.count)
        windows[window].forEachGain { part, hashes in lists[part] += hashes }
        windows[window].forgetGains()
        let grain = grains[windows[window].grain]
        for part in parts.inOrder where !lists[part].isEmpty {
            deltas.append((parts.all[part].key(grain, start), lists[part]))
        }
    }

    private mutating func takeStrays(
        _ place: Int,
        into deltas: inout [(key: SketchKey, added: [UInt64])]
    ) {
        let sorted = strays[place].sorted()
        strays[place] = []
        var next = 0
        while next < sorted.count {
            let first = sorted[next]
            var hashes: [UInt64] = []
            while next < sorted.count, sorted[next].start == first.start,
                sorted[next].part == first.part
            {
                if hashes.last != sorted[next].hash { hashes.append(sorted[next].hash) }
                next += 1
            }
            deltas.append((first.part.key(grains[place], first.start), hashes))
        }
    }
}

/// What is counted distinctly within a window.
struct DistinctPart: Hashable, Sendable {
    var measure: Measure
    /// ``Symbol/none`` for all categories.
    var category: Symbol

    init(measure: Measure, category: Symbol) {
        self.measure = measure
        self.category = category
    }

    init(_ key: SketchKey) {
        self.init(measure: key.measure, category: key.category)
    }

    /// The sketch of this part in the window of `grain` that begins at `start`.
    func key(_ grain: Grain, _ start: Timestamp) -> SketchKey {
        SketchKey(grain: grain, start: start, measure: measure, category: category)
    }

    func sortsBefore(_ other: DistinctPart) -> Bool {
        (measure.place, category.bits) < (other.measure.place, other.category.bits)
    }
}

/// Numbers the parts of which sketches are at hand: every measure over all categories, by its
/// place, and then the shoppers of each category, in the order in which they come.
private struct DistinctParts: Sendable {
    /// As many as there are; a shop with more categories stores the hashes of the others as they
    /// come.
    static let most = 128
    /// So many of the shop's own categories are looked up without a hash.
    private static let fewCategories = 256

    /// By their numbers.
    private(set) var all = Measure.allCases.map { DistinctPart(measure: $0, category: .none) }
    /// The numbers in the order of the parts.
    private(set) var inOrder = Array(Measure.allCases.indices)
    /// By category: 0 for none that has come.
    private var few = Array(repeating: UInt8(0), count: fewCategories)
    private var others: [Symbol: Int] = [:]

    /// The number of the shoppers of `category`; nil where there are too many others.
    @inline(__always)
    mutating func number(of category: Symbol) -> Int? {
        if category.bits < UInt64(DistinctParts.fewCategories), few[Int(category.bits)] != 0 {
            return Int(few[Int(category.bits)])
        }
        return findNumber(of: category)
    }

    private mutating func findNumber(of category: Symbol) -> Int? {
        if let known = others[category] { return known }
        guard all.count < DistinctParts.most else { return nil }
        all.append(DistinctPart(measure: .shoppers, category: category))
        note(all.count - 1)
        sort()
        return all.count - 1
    }

    private mutating func note(_ number: Int) {
        let category = all[number].category
        if category.bits < UInt64(DistinctParts.fewCategories) {
            few[Int(category.bits)] = UInt8(number)
        } else {
            others[category] = number
        }
    }

    private mutating func sort() {
        inOrder = all.indices.sorted { all[$0].sortsBefore(all[$1]) }
    }

    /// Goes on with the symbols of `symbols`.
    mutating func translate(from last: SymbolTable, to symbols: SymbolTable) {
        few = Array(repeating: 0, count: DistinctParts.fewCategories)
        others = [:]
        for number in Measure.allCases.count..<all.count {
            all[number].category = symbols.adopt(all[number].category, of: last)
            note(number)
        }
        sort()
    }
}
