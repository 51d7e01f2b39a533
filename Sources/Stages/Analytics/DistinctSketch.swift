/// Counts distinct values within bounded memory: exactly up to its capacity, estimated beyond.
///
/// Keeps the `capacity` smallest 64-bit hashes (K minimum values: Bar-Yossef et al., "Counting
/// distinct elements in a data stream", 2002; the unbiased estimator (k − 1)/U₍ₖ₎ and its relative
/// standard error 1/√(k − 2) are from Beyer et al., SIGMOD 2007). Unlike registers, what one
/// commit adds is a short list of hashes, and any order of merging gives the same sketch.
package struct DistinctSketch: Sendable {
    package let capacity: Int
    /// Every hash below ``threshold`` that was seen.
    private var hashes = HashSet()
    /// Hashes from here on are dropped; `UInt64.max` while everything is kept.
    private var threshold: UInt64 = .max
    private var isExactSoFar = true

    /// An empty sketch that counts up to `capacity` values exactly.
    package init(capacity: Int) {
        precondition(capacity >= 16, "a sketch needs room for at least 16 hashes")
        self.capacity = capacity
    }

    /// A sketch of what was saved as ``values``.
    package init(capacity: Int, values: some Sequence<UInt64>) {
        self.init(capacity: capacity)
        for value in values {
            insert(value)
        }
    }

    /// Adds a hash; says whether the sketch now holds it and did not before.
    @discardableResult
    package mutating func insert(_ hash: UInt64) -> Bool {
        // 0 marks an empty place, and the highest hash stands for "no threshold".
        let hash = min(max(hash, 1), .max - 1)
        guard hash < threshold, hashes.insert(hash) else { return false }
        // Half as many again, so that the cost of shrinking is spread over many inserts.
        if hashes.count >= capacity + capacity / 2 {
            shrink()
            return hash < threshold
        }
        return true
    }

    private mutating func shrink() {
        let sorted = hashes.values.sorted()
        threshold = sorted[capacity]
        hashes = HashSet()
        for hash in sorted[..<capacity] {
            _ = hashes.insert(hash)
        }
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
        let largest = hashes.values.sorted()[capacity - 1]
        let least = UInt64(capacity - 1)
        guard largest > least else { return .max }
        return Int64(clamping: largest.dividingFullWidth((high: least, low: 0)).quotient)
    }

    /// What must be saved to build the sketch again, ascending.
    package var values: [UInt64] { Array(hashes.values.sorted().prefix(capacity)) }
}

/// A set of hashes that are spread evenly already: open addressing by their own bits.
///
/// The standard library's set hashes what it is given once more, which takes ten times as long
/// as the rest of an insert.
private struct HashSet: Sendable {
    /// 0 for an empty place; at most three quarters of the places are taken.
    private var places: [UInt64] = Array(repeating: 0, count: 32)
    private(set) var count = 0

    /// Adds a hash, which is not 0; says whether it was not there before.
    mutating func insert(_ hash: UInt64) -> Bool {
        if 4 * count >= 3 * places.count {
            grow()
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

    /// The hashes, in no particular order.
    var values: [UInt64] { places.filter { $0 != 0 } }

    private mutating func grow() {
        let old = places
        places = Array(repeating: 0, count: 2 * old.count)
        for hash in old where hash != 0 {
            var place = HashSet.home(of: hash, in: places.count)
            while places[place] != 0 {
                place = (place + 1) & (places.count - 1)
            }
            places[place] = hash
        }
    }

    /// The low bits: a full sketch holds small hashes only, whose high bits are all alike.
    private static func home(of hash: UInt64, in count: Int) -> Int {
        Int(truncatingIfNeeded: hash) & (count - 1)
    }
}
