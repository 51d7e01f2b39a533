package import Broker
package import Commerce
package import Timekeeping

/// Counts shoppers and sessions distinctly in every window; a pure value.
///
/// While events come, it only gathers hashes, and a small table drops most repeats. They go into
/// the windows' sketches once a commit (``takeDeltas()``).
package struct DistinctCounter: Sendable {
    /// The hashes gathered for one measure and category.
    private struct List {
        var part: DistinctPart
        var hashes: [UInt64] = []
    }

    /// The hashes gathered in one window of the shortest grain.
    private struct Segment {
        var start: Timestamp
        /// Only windows longer than this gain the hashes; nil for all.
        var missed: Grain?
        /// One for each measure over all categories, in their order, then one a category.
        var lists = Measure.allCases.map { List(part: .init(measure: $0, category: .none)) }
        /// The list of a category.
        var byCategory: [Symbol: Int] = [:]

        mutating func append(_ hash: UInt64, _ measure: Measure, _ category: Symbol) {
            guard category.isPresent else {
                lists[measure.place].hashes.append(hash)
                return
            }
            let known = byCategory[category]
            let place = known ?? lists.count
            if known == nil {
                byCategory[category] = place
                lists.append(List(part: .init(measure: measure, category: category)))
            }
            lists[place].hashes.append(hash)
        }

        /// Those of `grains` that gain the hashes.
        func gaining(_ grains: [Grain]) -> [Grain] {
            guard let missed else { return grains }
            return grains.filter { missed < $0 }
        }
    }

    private static let recentCount = 32_768
    /// How many windows of each grain are kept at hand; older ones are read back when needed.
    private static let windowLimit = 2

    private let grains: [Grain]
    private let base: Grain
    private var segments: [Segment] = []
    private var currentRange: Range<Int64> = 0..<0
    private var currentMissed: Grain?
    /// What was gathered lately in the current segment, by hash: a hit needs no look at the list.
    ///
    /// A direct-mapped table, so a miss proves nothing and a hit proves everything.
    private var recent: [UInt64] = Array(repeating: 0, count: recentCount)
    /// Another one for each segment, so that none hits what an earlier one left in the table.
    private var segmentSalt: UInt64 = 0
    /// The windows at hand, by their start.
    private var windows: [Grain: [Timestamp: DistinctWindow]] = [:]
    /// Windows that start here or earlier may have stored hashes that are not at hand.
    private var storedUntil: [Grain: Timestamp] = [:]

    /// A counter for windows of `grains` and for everything.
    package init(grains: [Grain]) {
        self.grains = grains.sorted() + [.all]
        base = grains.min() ?? .second
    }

    /// Says that the warehouse holds sketches of windows up to the one of `time`.
    package mutating func resume(at time: Timestamp) {
        for grain in grains {
            storedUntil[grain] = max(storedUntil[grain] ?? .distantPast, grain.start(of: time))
        }
    }

    /// Gathers the shoppers and sessions of the selected events, for windows longer than
    /// `missed` only, where that is given.
    package mutating func add(
        _ batch: Batch,
        _ selection: Selection,
        longerThan missed: Grain? = nil
    ) {
        selection.forEach { place in
            let event = batch.events[place]
            if !currentRange.contains(event.time.nanoseconds) || missed != currentMissed {
                enterSegment(of: event.time, missed)
            }
            if event.user.isPresent {
                let user = batch.lexicon.stableHash(of: event.user)
                note(user, .shoppers, .none)
                if event.itemCount > 0 {
                    for index in event.itemRange {
                        note(user, .shoppers, batch.items[index].category)
                    }
                }
            }
            if event.session.isPresent {
                let session = batch.lexicon.stableHash(of: event.session)
                note(session, .sessions, .none)
                if event.name == .viewItem {
                    note(session, .viewingSessions, .none)
                } else if event.name == .purchase {
                    note(session, .buyingSessions, .none)
                }
            }
        }
    }

    @inline(__always)
    private mutating func note(_ hash: UInt64, _ measure: Measure, _ category: Symbol) {
        let salt = segmentSalt &+ UInt64(measure.place) &* 0x9e37_79b9_7f4a_7c15 &+ category.bits
        // Never 0, which marks an empty place of the table.
        let mark = SplitMix64.mix(hash ^ salt) | 1
        let place = Int(truncatingIfNeeded: mark >> 32) & (DistinctCounter.recentCount - 1)
        if recent[place] == mark { return }
        recent[place] = mark
        segments[segments.count - 1].append(hash, measure, category)
    }

    private mutating func enterSegment(of time: Timestamp, _ missed: Grain?) {
        let start = base.start(of: time)
        currentMissed = missed
        currentRange = start.nanoseconds..<base.end(of: start).nanoseconds
        segmentSalt &+= 0xd1b5_4a32_d192_ed03
        segments.append(Segment(start: start, missed: missed))
    }

    /// The sketches that must be restored before ``takeDeltas()``, in a fixed order: those that
    /// were gathered for, are not at hand, and may have stored hashes.
    package var missing: [SketchKey] {
        var keys: Set<SketchKey> = []
        for segment in segments {
            for grain in segment.gaining(grains) {
                let start = grain.start(of: segment.start)
                guard let until = storedUntil[grain], start <= until else { continue }
                let window = windows[grain]?[start]
                for list in segment.lists
                where !list.hashes.isEmpty && window?.holds(list.part) != true {
                    keys.insert(list.part.key(grain, start))
                }
            }
        }
        return keys.sorted { $0.sortsBefore($1) }
    }

    /// Lets the sketch of `key` go on from its stored hashes.
    package mutating func restore(_ key: SketchKey, _ hashes: [UInt64]) {
        windows[key.grain, default: [:]][key.start, default: DistinctWindow(grain: key.grain)]
            .restore(DistinctPart(measure: key.measure, category: key.category), hashes)
    }

    /// Brings what was gathered into the sketches; gives the hashes that each has gained, in a
    /// fixed order.
    package mutating func takeDeltas() -> [(key: SketchKey, added: [UInt64])] {
        var gaining: [Grain: Set<Timestamp>] = [:]
        for segment in segments {
            // What a window knows, all longer windows round it know or have no room for: only
            // the rest has to go on to the next longer one.
            var lists = segment.lists.filter { !$0.hashes.isEmpty }
            for grain in segment.gaining(grains) {
                let start = grain.start(of: segment.start)
                gaining[grain, default: []].insert(start)
                // Taken out and put back, so that it is changed in place.
                var window =
                    windows[grain]?.removeValue(forKey: start)
                    ?? DistinctWindow(grain: grain, parts: lists.count)
                for place in lists.indices {
                    lists[place].hashes = window.add(lists[place].hashes, to: lists[place].part)
                }
                windows[grain, default: [:]][start] = window
            }
        }
        segments.removeAll(keepingCapacity: true)
        currentRange = 0..<0
        var deltas: [(key: SketchKey, added: [UInt64])] = []
        for grain in grains {
            for start in gaining[grain, default: []].sorted() {
                windows[grain]?[start]?.takeGains { part, added in
                    deltas.append((part.key(grain, start), added))
                }
            }
        }
        forgetOldWindows()
        return deltas
    }

    /// Keeps memory bounded: drops the sketches of all but the newest windows of each grain.
    private mutating func forgetOldWindows() {
        for grain in grains where grain != .all {
            // Short ones come and go often; of long ones, each takes some megabytes.
            let limit = DistinctCounter.windowLimit * (grain < .hour ? 2 : 1)
            guard let starts = windows[grain]?.keys, starts.count > limit else { continue }
            for start in starts.sorted().dropLast(DistinctCounter.windowLimit) {
                windows[grain]?[start] = nil
                storedUntil[grain] = max(storedUntil[grain] ?? .distantPast, start)
            }
        }
    }
}

extension SketchKey {
    fileprivate func sortsBefore(_ other: SketchKey) -> Bool {
        (grain, start, measure.place, category.bits)
            < (other.grain, other.start, other.measure.place, other.category.bits)
    }
}
