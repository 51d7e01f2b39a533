internal import Timekeeping

/// How finely sums are kept, the finer the nearer to now.
package struct SliceResolution: Hashable, Sendable {
    /// Running sums at every multiple of a width, as far back as a span.
    package struct Level: Hashable, Sendable {
        /// In slices of the finest level.
        package var ratio: Int64
        /// How many multiples are kept.
        package var count: Int
    }

    /// The width of a slice: that of the finest level.
    package let slice: Duration
    /// Finest first.
    package let levels: [Level]

    /// Levels of these widths and spans, finest first.
    ///
    /// Each width is a multiple of the one before, and each span reaches back over at least one
    /// step of the next level.
    package init(_ levels: [(width: Duration, span: Duration)]) {
        guard let finest = levels.first, finest.width > .zero else {
            preconditionFailure("a resolution has at least one level, of some width")
        }
        slice = finest.width
        let unit = finest.width.inNanoseconds
        self.levels = levels.map { level in
            let width = level.width.inNanoseconds
            precondition(width % unit == 0, "a level is a multiple of the finest")
            let count = (level.span.inNanoseconds + width - 1) / width
            return Level(ratio: width / unit, count: Int(count) + 1)
        }
        for (fine, coarse) in zip(self.levels, self.levels.dropFirst()) {
            precondition(
                coarse.ratio % fine.ratio == 0
                    && Int64(fine.count - 1) * fine.ratio >= coarse.ratio,
                "each level reaches back to the next, which is a multiple of it"
            )
        }
    }

    /// Every slice of the whole span: exact, and as large as that.
    package static func exact(slice: Duration, span: Duration) -> SliceResolution {
        SliceResolution([(slice, max(span, slice))])
    }

    /// Slices for the last two hours, then minutes for a day, ten minutes for three days, hours
    /// for the rest of the span; each at least as wide as a slice.
    package static func live(slice: Duration, span: Duration) -> SliceResolution {
        let wanted: [(width: Duration, span: Duration)] = [
            (.seconds(60), .seconds(25 * 3600)),
            (.seconds(600), .seconds(73 * 3600)),
            (.seconds(3600), span),
        ]
        // Wide slices still need a few of them.
        var levels = [(width: slice, span: max(.seconds(130 * 60), slice * 64))]
        for level in wanted where levels[levels.count - 1].span < span {
            let last = levels.count - 1
            let width = levels[last].width.inNanoseconds
            let steps = (level.width.inNanoseconds + width - 1) / width
            if steps > 1 {
                levels.append((.nanoseconds(width * steps), level.span))
            } else {
                // As wide as this already: what is there reaches back as far instead.
                levels[last].span = max(levels[last].span, level.span)
            }
        }
        return SliceResolution(levels)
    }

    /// How late a slice may be counted: the span of the finest level.
    package var lateness: Duration { slice * (levels[0].count - 1) }

    /// How far back the coarsest level reaches, in slices.
    package var reach: Int64 {
        levels.map { Int64($0.count - 1) * $0.ratio }.max() ?? 0
    }
}
