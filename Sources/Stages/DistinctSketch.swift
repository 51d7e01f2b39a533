/// Counts distinct values within bounded memory: exactly up to its capacity, estimated beyond.
///
/// Keeps the `capacity` smallest 64-bit hashes (K minimum values: Bar-Yossef et al., "Counting
/// distinct elements in a data stream", 2002; the unbiased estimator (k − 1)/U₍ₖ₎ and its relative
/// standard error 1/√(k − 2) are from Beyer et al., SIGMOD 2007). Unlike registers, what one
/// commit adds is a short list of hashes, and any order of merging gives the same sketch.
package struct DistinctSketch: Sendable {
    package let capacity: Int
    /// Every hash below ``threshold`` that was seen.
    private var hashes: Set<UInt64> = []
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
        // The highest hash is left to stand for "no threshold".
        let hash = min(hash, .max - 1)
        guard hash < threshold, hashes.insert(hash).inserted else { return false }
        // Up to twice the capacity, so that the cost of shrinking is spread over many inserts.
        if hashes.count >= 2 * capacity {
            shrink()
            return hash < threshold
        }
        return true
    }

    private mutating func shrink() {
        let sorted = hashes.sorted()
        threshold = sorted[capacity]
        hashes = Set(sorted[..<capacity])
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
        let largest = hashes.sorted()[capacity - 1]
        let least = UInt64(capacity - 1)
        guard largest > least else { return .max }
        return Int64(clamping: largest.dividingFullWidth((high: least, low: 0)).quotient)
    }

    /// What must be saved to build the sketch again, ascending.
    package var values: [UInt64] { Array(hashes.sorted().prefix(capacity)) }
}
