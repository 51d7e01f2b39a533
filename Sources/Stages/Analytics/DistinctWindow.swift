internal import Commerce
internal import Storage
internal import Timekeeping

/// What is counted distinctly within a window.
struct DistinctPart: Hashable, Sendable {
    var measure: Measure
    /// ``Symbol/none`` for all categories.
    var category: Symbol

    /// The sketch of this part in the window of `grain` that begins at `start`.
    func key(_ grain: Grain, _ start: Timestamp) -> SketchKey {
        SketchKey(grain: grain, start: start, measure: measure, category: category)
    }

    func sortsBefore(_ other: DistinctPart) -> Bool {
        (measure.place, category.bits) < (other.measure.place, other.category.bits)
    }
}

/// The distinct counts of one window, and what each has gained since this was last asked.
struct DistinctWindow: Sendable {
    fileprivate struct Count: Sendable {
        var sketch: DistinctSketch
        var gained: [UInt64] = []
    }

    /// As many parts as have a sketch at hand; a shop with more categories than that stores the
    /// hashes of the others as they come.
    private static let mostCounts = 128

    private let grain: Grain
    private var counts: [DistinctPart: Count] = [:]
    /// What came for parts that have no sketch.
    private var uncounted: [DistinctPart: [UInt64]] = [:]
    /// The parts that have gained something.
    private var gaining: [DistinctPart] = []

    /// A window of `grain` in which nothing has been counted, with room for `parts` counts.
    init(grain: Grain, parts: Int = 0) {
        self.grain = grain
        counts.reserveCapacity(parts)
    }

    /// Adds `hashes` to the count of `part`; gives those that it did not know.
    mutating func add(_ hashes: [UInt64], to part: DistinctPart) -> [UInt64] {
        guard !hashes.isEmpty else { return hashes }
        guard counts.count < DistinctWindow.mostCounts || counts[part] != nil else {
            uncounted[part, default: []] += hashes
            return hashes
        }
        let capacity = part.key(grain, .distantPast).capacity
        let (isGaining, unknown) = counts[
            part,
            default: Count(sketch: DistinctSketch(capacity: capacity))
        ].add(hashes)
        if isGaining {
            gaining.append(part)
        }
        return unknown
    }

    /// The window with the symbols of `symbols`; nothing may have been gained.
    func translated(from last: SymbolTable, to symbols: SymbolTable) -> DistinctWindow {
        precondition(gaining.isEmpty && uncounted.isEmpty, "gains have the symbols of a symbols")
        var window = DistinctWindow(grain: grain)
        // order-free: each is translated by itself
        for (part, count) in counts {
            var part = part
            part.category = symbols.adopt(part.category, of: last)
            window.counts[part] = count
        }
        return window
    }

    /// Hands out what each part has gained since the last call, in the order of the parts.
    mutating func takeGains(_ body: (DistinctPart, [UInt64]) -> Void) {
        for part in gaining.sorted(by: { $0.sortsBefore($1) }) {
            guard let gained = counts[part]?.gained else { continue }
            counts[part]?.gained = []
            body(part, gained)
        }
        gaining.removeAll(keepingCapacity: true)
        // order-free: sorted.
        for part in uncounted.keys.sorted(by: { $0.sortsBefore($1) }) {
            body(part, uncounted[part] ?? [])
        }
        uncounted = [:]
    }
}

extension DistinctWindow.Count {
    /// Adds `hashes`; gives those that were not known, and whether this is the first gain.
    fileprivate mutating func add(_ hashes: [UInt64]) -> (isFirst: Bool, unknown: [UInt64]) {
        sketch.expect(hashes.count)
        let before = gained.count
        // Mostly they are new one and all, and then nothing has to be copied. The first that is
        // not is given to the sketch once more below, which changes nothing.
        var place = 0
        while place < hashes.count, sketch.insert(hashes[place]) == .added {
            place += 1
        }
        if before == 0, place == hashes.count {
            gained = hashes
            return (true, hashes)
        }
        gained += hashes[..<place]
        var unknown = Array(hashes[..<place])
        for hash in hashes[place...] {
            switch sketch.insert(hash) {
            case .added:
                gained.append(hash)
                unknown.append(hash)
            case .dropped: unknown.append(hash)
            case .known: break
            }
        }
        return (before == 0 && !gained.isEmpty, unknown)
    }
}
