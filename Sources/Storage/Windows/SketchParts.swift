/// Counts the parts that a warehouse has added to each sketch since it was last one.
///
/// A warehouse that stores what each commit adds to a sketch as a part of its own merges them now
/// and then; this says when.
package struct SketchParts: Sendable {
    /// More sketches than these are forgotten, and begin anew.
    private static let mostSketches = 20_000

    private let limit: Int
    private let spread: Int
    private var counts: [SketchText: Int] = [:]

    /// Counts up to `limit` parts a sketch.
    ///
    /// New sketches begin with anything below `spread`, so that those that came at once are not
    /// merged at once; with 1 all begin at 0.
    package init(limit: Int, spread: Int = 1) {
        self.limit = limit
        self.spread = spread
    }

    /// Counts what `commit` adds; gives the sketches that are due to be merged, which begin anew.
    package mutating func due(after commit: WarehouseCommit) -> [SketchText] {
        if counts.count > Self.mostSketches { counts = [:] }
        var due: [SketchText] = []
        for (key, _) in commit.sketches {
            let text = SketchText(key, commit.symbols)
            let count = counts[text, default: counts.count % spread] + 1
            counts[text] = count < limit ? count : nil
            if count >= limit { due.append(text) }
        }
        return due
    }
}
