internal import Commerce
package import Timekeeping

/// The distinct counts of the windows of one grain, from what a warehouse stores of their sketches.
///
/// The parts of a window come together, so that only the sketches of one window are in memory,
/// however many windows there are.
package struct WindowDistincts: Sendable {
    private struct Name: Hashable {
        var start: Timestamp
        /// By its bytes: two spellings that Unicode calls equivalent are two categories.
        var category: [UInt8]
    }

    /// The counts of one window and category.
    package struct Counts: Sendable {
        package var distinct: [Measure: DistinctCount] = [:]
        /// Nil where no session viewed, or that is not kept.
        package var conversion: Conversion?
    }

    private let grain: Grain
    private var counts: [Name: Counts] = [:]
    /// The window whose parts come now.
    private var start: Timestamp?
    private var sketches: [[UInt8]: [Measure: DistinctSketch]] = [:]

    /// No window of `grain`.
    package init(_ grain: Grain) {
        self.grain = grain
    }

    /// Adds a part; all parts of one window follow one another.
    package mutating func add(
        _ hashes: [UInt64],
        to measure: Measure,
        of category: String,
        at start: Timestamp
    ) {
        if self.start != start {
            finish()
            self.start = start
        }
        let name = Array(category.utf8)
        // Taken out and put back, so that it is changed in place.
        var sketch =
            sketches[name, default: [:]].removeValue(forKey: measure)
            ?? DistinctSketch(
                capacity: SketchKey.capacity(grain, ofOneCategory: !category.isEmpty)
            )
        for hash in hashes {
            sketch.insert(hash)
        }
        sketches[name, default: [:]][measure] = sketch
    }

    /// Counts the window whose parts came last, after the last one of all.
    package mutating func finish() {
        guard let start else { return }
        // order-free: a count each
        for (category, measures) in sketches {
            counts[Name(start: start, category: category)] = Counts(
                distinct: measures.mapValues(DistinctCount.init),
                conversion: Conversion(measures)
            )
        }
        sketches = [:]
    }

    /// What is known of `category` in the window that begins at `start`.
    package subscript(start: Timestamp, category: String) -> Counts {
        counts[Name(start: start, category: Array(category.utf8))] ?? Counts()
    }
}
