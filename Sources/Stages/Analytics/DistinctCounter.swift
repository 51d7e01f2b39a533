package import Broker
package import Commerce
package import Storage
internal import Timekeeping

/// Counts shoppers and sessions distinctly in every window; a pure value.
///
/// While events come, it only gathers hashes, and a small table drops most repeats. Once a commit
/// (``takeDeltas()``) they go on to the warehouse, whose sketches take a hash twice as once. Of the
/// newest windows the sketches are at hand, so that a hash which they know, or have no room for,
/// is not stored again; what comes for an older window is stored as it came. So nothing is ever
/// read back, and the memory is that of a few windows and of one commit.
package struct DistinctCounter: Sendable {
    /// The hashes gathered for one measure and category.
    private struct List {
        var part: DistinctPart
        var hashes: [UInt64] = []
    }

    /// The hashes gathered in one window of the shortest grain.
    private struct Segment {
        /// With fewer lists than these, a look at each finds one soonest.
        private static let fewLists = 16

        var start: Timestamp
        /// Only windows longer than this gain the hashes; nil for all.
        var missed: Grain?
        /// One for each measure over all categories, in their order, then one a category.
        var lists = Measure.allCases.map { List(part: .init(measure: $0, category: .none)) }
        /// The list of a category, where there are many.
        private var byCategory: [Symbol: Int] = [:]

        init(start: Timestamp, missed: Grain?) {
            self.start = start
            self.missed = missed
        }

        mutating func append(_ hash: UInt64, _ measure: Measure, _ category: Symbol) {
            let place = category.isPresent ? place(of: category, measure) : measure.place
            lists[place].hashes.append(hash)
        }

        private mutating func place(of category: Symbol, _ measure: Measure) -> Int {
            if lists.count < Segment.fewLists {
                let known = lists.lastIndex { $0.part.category == category }
                if let known { return known }
            } else if let known = byCategory[category] {
                return known
            }
            lists.append(List(part: .init(measure: measure, category: category)))
            if lists.count == Segment.fewLists {
                for place in Measure.allCases.count..<lists.count {
                    byCategory[lists[place].part.category] = place
                }
            } else if lists.count > Segment.fewLists {
                byCategory[category] = lists.count - 1
            }
            return lists.count - 1
        }

        /// Whether the window of `grain` round the segment gains the hashes.
        func isGained(by grain: Grain) -> Bool {
            missed.map { $0 < grain } ?? true
        }
    }

    /// A hash for a window of which no sketch is at hand.
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

    private static let recentCount = 32_768

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

    /// A counter for windows of `grains` and for everything.
    package init(grains: [Grain]) {
        self.grains = grains.sorted() + [.all]
        base = grains.min() ?? .second
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
                let user = batch.symbols.stableHash(of: event.user)
                note(user, .shoppers, .none)
                if event.itemCount > 0 {
                    for index in event.itemRange {
                        note(user, .shoppers, batch.items[index].category)
                    }
                }
            }
            if event.session.isPresent {
                let session = batch.symbols.stableHash(of: event.session)
                note(session, .sessions, .none)
                if event.name == .viewItem {
                    note(session, .viewingSessions, .none)
                } else if event.name == .purchase {
                    note(session, .buyingSessions, .none)
                }
            }
        }
    }

    /// Goes on with the symbols of `symbols`, after all deltas were taken.
    mutating func translate(from last: SymbolTable, to symbols: SymbolTable) {
        // order-free: each is translated by itself
        windows = windows.mapValues { byStart in
            byStart.mapValues { $0.translated(from: last, to: symbols) }
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

    /// Brings what was gathered into the sketches at hand; gives the hashes that each sketch of the
    /// warehouse has gained, in a fixed order.
    package mutating func takeDeltas() -> [(key: SketchKey, added: [UInt64])] {
        var deltas: [(key: SketchKey, added: [UInt64])] = []
        for grain in grains {
            let oldest = keepNewest(of: grain)
            var strays: [Stray] = []
            for place in segments.indices where segments[place].isGained(by: grain) {
                let start = grain.start(of: segments[place].start)
                if start >= oldest {
                    gain(place, grain, start)
                    continue
                }
                for list in segments[place].lists {
                    strays += list.hashes.map { Stray(start: start, part: list.part, hash: $0) }
                }
            }
            DistinctCounter.append(strays, of: grain, to: &deltas)
            // order-free: sorted.
            for start in windows[grain, default: [:]].keys.sorted() {
                windows[grain]?[start]?.takeGains { part, added in
                    deltas.append((part.key(grain, start), added))
                }
            }
        }
        segments.removeAll(keepingCapacity: true)
        currentRange = 0..<0
        return deltas
    }

    /// Adds what the segment at `index` holds to a window at hand.
    ///
    /// What a window knows, all longer windows round it know or have no room for: only the rest
    /// has to go on to the next longer one.
    private mutating func gain(_ index: Int, _ grain: Grain, _ start: Timestamp) {
        // Taken out and put back, so that it is changed in place.
        var window =
            windows[grain]?.removeValue(forKey: start)
            ?? DistinctWindow(grain: grain, parts: segments[index].lists.count)
        for place in segments[index].lists.indices {
            let list = segments[index].lists[place]
            segments[index].lists[place].hashes = window.add(list.hashes, to: list.part)
        }
        windows[grain, default: [:]][start] = window
    }

    /// Lets go of the sketches of all but the newest windows of `grain`, those that are about to
    /// gain included; gives the start of the oldest one that is kept.
    private mutating func keepNewest(of grain: Grain) -> Timestamp {
        // Short ones come and go often; of long ones, each takes some megabytes.
        let limit = grain < .hour ? 4 : 2
        // order-free: the latest few.
        var newest = windows[grain, default: [:]].keys.sorted().suffix(limit) as [Timestamp]
        for segment in segments where segment.isGained(by: grain) {
            let start = grain.start(of: segment.start)
            if newest.count == limit, let oldest = newest.first, start < oldest { continue }
            guard !newest.contains(start) else { continue }
            newest.append(start)
            newest.sort()
            if newest.count > limit { newest.removeFirst() }
        }
        let oldest = newest.first ?? .distantPast
        windows[grain] = windows[grain]?.filter { $0.key >= oldest }
        return oldest
    }

    /// Appends a row for each part of each window in `strays`.
    private static func append(
        _ strays: [Stray],
        of grain: Grain,
        to deltas: inout [(key: SketchKey, added: [UInt64])]
    ) {
        let strays = strays.sorted()
        var place = 0
        while place < strays.count {
            let first = strays[place]
            var hashes: [UInt64] = []
            while place < strays.count, strays[place].start == first.start,
                strays[place].part == first.part
            {
                if hashes.last != strays[place].hash { hashes.append(strays[place].hash) }
                place += 1
            }
            deltas.append((first.part.key(grain, first.start), hashes))
        }
    }
}
