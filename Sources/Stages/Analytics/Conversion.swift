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
