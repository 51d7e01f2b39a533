/// The lengths of time over which open dead letters are summed up, in nanoseconds.
package enum LetterSpan: Int64, CaseIterable, Sendable {
    case second = 1_000_000_000
    case minute = 60_000_000_000
    case hour = 3_600_000_000_000

    /// So many of them are read of a group, about, for a trend.
    private static let limit: Int64 = 3600

    /// The shortest of which few enough lie within `length` nanoseconds.
    init(within length: Int64) {
        self = LetterSpan.allCases.first { length / $0.rawValue <= LetterSpan.limit } ?? .hour
    }

    /// Where the one begins in which the last failure of a row lies, in SQL.
    package func start(of row: String = "") -> String {
        "\(row)last_failure_ns - \(row)last_failure_ns % \(rawValue)"
    }
}
