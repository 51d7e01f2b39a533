package import Storage
internal import Timekeeping

/// What analytics computes.
package struct AnalyticsOptions: Hashable, Sendable {
    /// The windows that are kept; the shortest is where events are counted, the others are
    /// summed up from it.
    package var grains: [Grain] = [.second, .minute, .hour, .day, .month]
    /// How far behind the watermark an event may be and still be counted in its window.
    package var allowedLateness: Duration = .seconds(10)
    /// In which windows shoppers and sessions are counted distinctly; nil where they are not.
    ///
    /// Of windows that are not kept, nothing is.
    package var distinct: DistinctWindows? = .usual
    /// Whether sales are kept by product, in windows of a day.
    package var countsProducts = true
    /// How long deltas may be gathered before they are committed; 0 commits what each receive
    /// gave.
    package var commitInterval: Duration = .milliseconds(100)
    /// How many events may be gathered before they are committed.
    package var commitLimit = 50_000
    /// How many events back a second one with the same `(source, id)` is found.
    package var identityHorizon = 1 << 18

    /// How many workers share the counting.
    package var workers = 1

    package init() {}

    /// Whether shoppers and sessions are counted distinctly.
    package var countsDistinct: Bool {
        get { distinct != nil }
        set { distinct = newValue ? distinct ?? .usual : nil }
    }

    /// The distinct counts of windows that are kept.
    package var keptDistinct: DistinctWindows? { distinct?.within(grains) }
}

/// The windows in which shoppers and sessions are counted distinctly; over everything they are
/// in any case.
package struct DistinctWindows: Hashable, Sendable {
    /// Those of the counts over all categories together.
    package var totals: [Grain]
    /// Those of the shoppers of each category.
    package var categories: [Grain]

    package init(totals: [Grain], categories: [Grain]) {
        self.totals = totals
        self.categories = categories
    }

    /// Those of them that are among `grains`, from the shortest to the longest.
    package func within(_ grains: [Grain]) -> DistinctWindows {
        DistinctWindows(
            totals: totals.filter(grains.contains).sorted(),
            categories: categories.filter(grains.contains).sorted()
        )
    }

    /// What a shop reads: how many shoppers a minute had, and how many of a category a day had.
    package static let usual = DistinctWindows(
        totals: [.minute, .hour, .day, .month],
        categories: [.day, .month]
    )
}

extension CountingClaim {
    /// The claim of a stage that reads `subscription` of `topic` with these options.
    package init(topic: String, subscription: String, options: AnalyticsOptions) {
        var parts = options.grains.sorted().map(CountedPart.windows)
        if let distinct = options.keptDistinct {
            parts += (distinct.totals + [.all]).map(CountedPart.distinct)
            parts += (distinct.categories + [.all]).map(CountedPart.distinctByCategory)
        }
        if options.countsProducts { parts.append(.products) }
        self.init(topic: topic, subscription: subscription, parts: parts)
    }
}
