internal import Timekeeping

/// Durations as documents and options write them: numbers with their units, the larger unit first.
package enum DurationText {
    private static let units: [(name: String, nanoseconds: Int64)] = [
        ("w", 604_800_000_000_000), ("d", 86_400_000_000_000), ("h", 3_600_000_000_000),
        ("m", 60_000_000_000), ("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1000), ("ns", 1),
    ]

    /// A hundred years: the longest that can be written, so that instants do not overflow.
    package static let longest = Duration.seconds(36_500 * 86_400)

    /// The duration that `text` names, exactly to the nanosecond, or nil where it is none:
    /// Pub/Sub's `600s` and `0.1s`, and also `250ms`, `10m`, `1.5h`, `1h30m`, `7d`, `1w`.
    package static func parse(_ text: String) -> Duration? {
        var rest = Substring(text)
        var total: Int64 = 0
        var next = 0
        repeat {
            guard let (number, behind) = Quantity.leading(rest) else { return nil }
            let name = behind.prefix { $0.isASCII && $0.isLetter }
            // Each unit once, and none before a larger one.
            guard let place = units.indices.first(where: { units[$0].name == name }),
                place >= next,
                let part = number.whole(times: units[place].nanoseconds)
            else { return nil }
            let (sum, overflow) = total.addingReportingOverflow(part)
            guard !overflow else { return nil }
            total = sum
            next = place + 1
            rest = behind.dropFirst(name.count)
        } while !rest.isEmpty
        let duration = Duration.nanoseconds(total)
        return duration <= longest ? duration : nil
    }

    /// The duration in its largest unit up to days that leaves a whole number, such as `90s` or
    /// `7d`.
    package static func write(_ duration: Duration) -> String {
        let nanoseconds = duration.inNanoseconds
        guard nanoseconds != 0 else { return "0s" }
        let unit = units.dropFirst().first { nanoseconds % $0.nanoseconds == 0 } ?? ("ns", 1)
        return "\(nanoseconds / unit.nanoseconds)\(unit.name)"
    }
}
