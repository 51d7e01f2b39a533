/// Counts distinct values within bounded memory: exactly up to its capacity, estimated beyond.
///
/// Keeps the `capacity` smallest 64-bit hashes (K minimum values: Bar-Yossef et al., "Counting
/// distinct elements in a data stream", 2002; the unbiased estimator (k − 1)/U₍ₖ₎ and its relative
/// standard error 1/√(k − 2) are from Beyer et al., SIGMOD 2007). Unlike registers, what one
/// commit adds is a short list of hashes, and any order of merging gives the same sketch.
package struct DistinctSketch: Sendable {
    package let capacity: Int
    /// Every hash below ``threshold`` that was seen.
    @usableFromInline var hashes = HashSet()
    /// Hashes from here on are dropped; `UInt64.max` while everything is kept.
    @usableFromInline package internal(set) var threshold: UInt64 = .max
    private var isExactSoFar = true

    /// An empty sketch that counts up to `capacity` values exactly.
    package init(capacity: Int) {
        precondition(capacity >= 16, "a sketch needs room for at least 16 hashes")
        self.capacity = capacity
    }

    /// A sketch of what was saved as ``values``, or gathered in any order, with or without
    /// repeats.
    package init(capacity: Int, values: [UInt64]) {
        self.init(capacity: capacity)
        if values.count > 2 * capacity, insertSmallest(of: values) { return }
        expect(values.count)
        for value in values {
            insert(value)
        }
    }

    /// Adds those of `values` that are left in the end, as far as one can tell beforehand.
    ///
    /// They are spread evenly. Says whether they were enough; if not, nothing was added.
    private mutating func insertSmallest(of values: [UInt64]) -> Bool {
        let wanted = UInt64(capacity + capacity / 4)
        let bound = (values.max() ?? 0) / UInt64(values.count) * wanted
        hashes.expect(capacity + capacity / 2)
        for value in values where value < bound {
            _ = hashes.insert(max(value, 1))
        }
        guard (capacity..<capacity + capacity / 2).contains(hashes.count) else {
            hashes = HashSet()
            return false
        }
        threshold = bound
        isExactSoFar = false
        return true
    }

    /// What became of a hash that was given to a sketch.
    package enum Admission: Sendable {
        /// The sketch holds it now and did not before.
        case added
        /// The sketch held it already.
        case known
        /// The sketch is full of smaller ones.
        case dropped
    }

    /// The hash that stands for `hash`, nearly always itself: 0 marks an empty place, and the
    /// highest one stands for "no threshold".
    @inlinable
    package static func admissible(_ hash: UInt64) -> UInt64 {
        min(max(hash, 1), .max - 1)
    }

    /// Adds a hash.
    @inlinable
    @discardableResult
    package mutating func insert(_ hash: UInt64) -> Admission {
        let hash = DistinctSketch.admissible(hash)
        guard hash < threshold else { return .dropped }
        guard hashes.insert(hash) else { return .known }
        // Half as many again, so that the cost of shrinking is spread over many inserts.
        if hashes.count >= capacity + capacity / 2 {
            shrink()
            return hash < threshold ? .added : .dropped
        }
        return .added
    }

    /// Adds admissible hashes: those that it takes up are appended to `gains`; those that it held
    /// already, or that are not below `bound`, are removed from `hashes`.
    package mutating func insert(
        _ hashes: inout [UInt64],
        gains: inout [UInt64],
        leaving bound: UInt64
    ) {
        var left = 0
        for first in stride(from: 0, to: hashes.count, by: 64) {
            let count = min(64, hashes.count - first)
            self.hashes.makeRoom(for: count)
            let known = hashes.withUnsafeBufferPointer { hashes in
                self.hashes.insert(
                    UnsafeBufferPointer(rebasing: hashes[first..<first + count]),
                    below: threshold,
                    gains: &gains
                )
            }
            // Without a branch: which of them are left, nobody can foretell.
            hashes.withUnsafeMutableBufferPointer { hashes in
                for place in 0..<count {
                    let hash = hashes[first + place]
                    hashes[left] = hash
                    let isLeft = (~known >> UInt64(place) & 1) & (hash < bound ? 1 : 0)
                    left += Int(truncatingIfNeeded: isLeft)
                }
            }
            // Before a next block would need more places than half as many again take.
            if self.hashes.count > max(capacity, capacity + capacity / 2 - 64) { shrink() }
        }
        hashes.removeLast(hashes.count - left)
    }

    /// Forgets all hashes, and keeps the room for them.
    package mutating func removeAll() {
        hashes.removeAll()
        threshold = .max
        isExactSoFar = true
    }

    /// Makes room for `count` hashes at once, which then need not be made step by step.
    package mutating func expect(_ count: Int) {
        hashes.expect(min(count, capacity))
    }

    /// Drops all but about ``capacity`` of the smallest.
    @usableFromInline
    mutating func shrink() {
        // They are spread evenly, so that one can tell how many lie below a bound, nearly: that
        // is a third of the work of finding the one that `capacity` of them lie below.
        let wanted = min(capacity + 4 * Int(Double(capacity).squareRoot()), hashes.count)
        var bound = threshold / UInt64(hashes.count) * UInt64(wanted)
        if !(capacity...capacity + capacity / 4).contains(hashes.count(below: bound)) {
            var values = hashes.values
            bound = values.partition(at: capacity)
        }
        threshold = bound
        hashes.remove(from: bound)
        isExactSoFar = false
    }

    /// Whether ``estimate`` is the exact number.
    ///
    /// A full sketch is never called exact: one read back may have dropped hashes before.
    package var isExact: Bool { isExactSoFar && hashes.count < capacity }

    /// The number of distinct values.
    package var estimate: Int64 {
        if isExact { return Int64(hashes.count) }
        // (k - 1) / (largest / 2^64), in whole numbers.
        var values = hashes.values
        let largest = values.partition(at: capacity - 1)
        let least = UInt64(capacity - 1)
        guard largest > least else { return .max }
        return Int64(clamping: largest.dividingFullWidth((high: least, low: 0)).quotient)
    }

    /// Every hash up to here, itself included, that was ever added is held.
    var completeness: UInt64 {
        if isExact { return .max }
        var values = hashes.values
        return values.partition(at: capacity - 1)
    }

    /// Whether it holds `hash`.
    func contains(_ hash: UInt64) -> Bool {
        hashes.contains(DistinctSketch.admissible(hash))
    }

    /// All that it holds, in no particular order.
    var gathered: [UInt64] { hashes.values }

    /// What must be saved to build the sketch again, ascending.
    package var values: [UInt64] { Array(hashes.values.sorted().prefix(capacity)) }
}

/// A set of hashes that are spread evenly already: open addressing by their own bits.
///
/// The standard library's set hashes what it is given once more, which takes ten times as long
/// as the rest of an insert.
@usableFromInline
struct HashSet: Sendable {
    /// 0 for an empty place; at most three quarters of the places are taken.
    @usableFromInline var places: [UInt64] = []
    @usableFromInline var count = 0

    /// Adds a hash, which is not 0; says whether it was not there before.
    @inlinable
    @inline(__always)
    mutating func insert(_ hash: UInt64) -> Bool {
        if 4 * count >= 3 * places.count {
            grow(to: max(32, 2 * places.count))
        }
        var place = HashSet.home(of: hash, in: places.count)
        while places[place] != 0 {
            if places[place] == hash { return false }
            place = (place + 1) & (places.count - 1)
        }
        places[place] = hash
        count += 1
        return true
    }

    func contains(_ hash: UInt64) -> Bool {
        guard count > 0 else { return false }
        var place = HashSet.home(of: hash, in: places.count)
        while places[place] != 0 {
            if places[place] == hash { return true }
            place = (place + 1) & (places.count - 1)
        }
        return false
    }

    /// The hashes, in no particular order.
    var values: [UInt64] { places.filter { $0 != 0 } }

    /// How many are less than `bound`.
    func count(below bound: UInt64) -> Int {
        // An empty place is 0, and wraps to the highest number there is.
        places.count { $0 &- 1 < bound &- 1 }
    }

    /// Makes room for `more` hashes.
    mutating func makeRoom(for more: Int) {
        if 4 * (count + more) > 3 * places.count { expect(count + more + 1) }
    }

    /// Adds those of up to 64 hashes that are below `bound`, and appends to `gains` those that were
    /// not there; there must be room for all.
    ///
    /// - Returns: A bit for each that was there, the lowest for the first.
    mutating func insert(
        _ hashes: UnsafeBufferPointer<UInt64>,
        below bound: UInt64,
        gains: inout [UInt64]
    ) -> UInt64 {
        var wanted: UInt64 = 0
        for place in hashes.indices {
            wanted |= (hashes[place] < bound ? 1 : 0) << UInt64(place)
        }
        guard wanted != 0 else { return 0 }
        let mask = places.count - 1
        var added = 0
        defer { count += added }
        return places.withUnsafeMutableBufferPointer { places in
            // One look at each before any is added: these do not wait for one another, as far as
            // the places are not in the processor's cache.
            var known: UInt64 = 0
            var rest = wanted
            while rest != 0 {
                let place = rest.trailingZeroBitCount
                rest &= rest - 1
                let hash = hashes[place]
                let isAtHome = places[Int(truncatingIfNeeded: hash) & mask] == hash
                known |= (isAtHome ? 1 : 0) << UInt64(place)
            }
            rest = wanted & ~known
            while rest != 0 {
                let place = rest.trailingZeroBitCount
                rest &= rest - 1
                let hash = hashes[place]
                var home = Int(truncatingIfNeeded: hash) & mask
                while places[home] != 0, places[home] != hash { home = (home + 1) & mask }
                if places[home] == hash {
                    known |= 1 << UInt64(place)
                } else {
                    places[home] = hash
                    added += 1
                    gains.append(hash)
                }
            }
            return known
        }
    }

    /// Removes all from `bound` on.
    mutating func remove(from bound: UInt64) {
        guard let gap = places.firstIndex(of: 0) else { return }
        let mask = places.count - 1
        var left = 0
        // From a gap on, each lies where its search begins or behind that: taken out and put back
        // in this order, all find a place that was passed already.
        places.withUnsafeMutableBufferPointer { places in
            for step in 1...mask + 1 {
                let place = (gap + step) & mask
                let hash = places[place]
                guard hash != 0 else { continue }
                places[place] = 0
                guard hash < bound else { continue }
                var home = HashSet.home(of: hash, in: mask + 1)
                while places[home] != 0 { home = (home + 1) & mask }
                places[home] = hash
                left += 1
            }
        }
        count = left
    }

    mutating func removeAll() {
        guard count > 0 else { return }
        for place in places.indices { places[place] = 0 }
        count = 0
    }

    /// Makes room for `count` hashes in all.
    mutating func expect(_ count: Int) {
        var size = max(32, places.count)
        while 3 * size <= 4 * (count - 1) { size *= 2 }
        if size > places.count {
            grow(to: size)
        }
    }

    @usableFromInline
    mutating func grow(to size: Int) {
        let old = places
        places = Array(repeating: 0, count: size)
        for hash in old where hash != 0 {
            var place = HashSet.home(of: hash, in: places.count)
            while places[place] != 0 {
                place = (place + 1) & (places.count - 1)
            }
            places[place] = hash
        }
    }

    /// The low bits: a full sketch holds small hashes only, whose high bits are all alike.
    @inlinable
    static func home(of hash: UInt64, in count: Int) -> Int {
        Int(truncatingIfNeeded: hash) & (count - 1)
    }
}

/// How many of the sessions that viewed a product in a window have also bought in it.
///
/// Exact while both sketches are. Beyond that it is the share among the sessions whose hash is
/// not above what either sketch is complete up to: a sample that the hash draws, the same of both
/// (Cohen, "Size-estimation framework with applications to transitive closure and reachability",
/// 1997; the intersection of theta sketches does the same), with a standard error of
/// √(p(1 − p)/n) for a share p of n sessions. It is never more than all.
package struct Conversion: Hashable, Sendable {
    /// The sessions that viewed, or those of them in the sample.
    package var viewing: Int64
    /// Those of ``viewing`` that bought.
    package var converted: Int64
    package var isExact: Bool

    /// The conversion of the sessions in `viewing`, of which some are in `buying`; nil where
    /// none viewed, or the sample holds none that did.
    package init?(viewing: DistinctSketch, buying: DistinctSketch?) {
        let bound = min(viewing.completeness, buying?.completeness ?? .max)
        let sample = viewing.gathered.filter { $0 <= bound }
        guard !sample.isEmpty else { return nil }
        self.viewing = Int64(sample.count)
        converted = Int64(sample.count { buying?.contains($0) ?? false })
        isExact = viewing.isExact && buying?.isExact != false
    }

    /// The conversion that the sketches of a window tell; nil where none is kept.
    package init?(_ sketches: [Measure: DistinctSketch]) {
        guard let viewing = sketches[.viewingSessions] else { return nil }
        self.init(viewing: viewing, buying: sketches[.buyingSessions])
    }

    /// From 0 to 1.
    package var share: Double { Double(converted) / Double(viewing) }
}

extension [UInt64] {
    /// Puts the element that belongs at `place`, were the array sorted, there, and none greater
    /// before it; gives that element.
    ///
    /// Hoare's quickselect, with the median of three as the pivot.
    @discardableResult
    mutating func partition(at place: Int) -> UInt64 {
        var (low, high) = (0, count - 1)
        while low < high {
            let ends = (self[low], self[high])
            let middle = self[(low + high) / 2]
            let pivot = Swift.max(
                Swift.min(ends.0, ends.1),
                Swift.min(Swift.max(ends.0, ends.1), middle)
            )
            var (left, right) = (low, high)
            while left <= right {
                while self[left] < pivot { left += 1 }
                while self[right] > pivot { right -= 1 }
                if left <= right {
                    swapAt(left, right)
                    left += 1
                    right -= 1
                }
            }
            if place <= right {
                high = right
            } else if place >= left {
                low = left
            } else {
                break
            }
        }
        return self[place]
    }
}
