package import Documents
internal import Timekeeping

/// What a file of counts says, with everything that is wrong in it.
package struct HistoryFile: Sendable {
    /// The counts of one indicator.
    package struct Series: Sendable {
        /// The objective that the file says they are of; nil where it says none.
        package var objective: String?
        /// By their starts.
        package var gathered: SliceGatherer
        /// The width of a slice, as far as the file shows it.
        package var slice: Duration
        package var faults: SliceDefects

        /// By their starts, in the unit in which they were gathered.
        package var slices: [Slice] { gathered.slices }

        /// The series as the history of an objective with one indicator, in slices of `slice`
        /// where that is given.
        package func history(slice: Duration? = nil) -> RecordedHistory {
            RecordedHistory(slice: slice ?? self.slice, gathered: [gathered], faults: faults)
        }
    }

    package var series: [Series]
    /// What was not taken, in the order of the places; the first thousand of it.
    package var mistakes: [Mistake]
    /// What was taken and is hardly meant, likewise.
    package var warnings: [Mistake]
    /// How many rows were not taken.
    package var refusedRows: Int
    /// Whether the end that its format asks for is missing.
    package var isTruncated = false

    init(series: [Series], _ log: RowLog, isTruncated: Bool = false) {
        self.series = series
        mistakes = log.mistakes.sorted()
        warnings = log.warnings.sorted()
        refusedRows = log.refused
        self.isTruncated = isTruncated
    }

    /// The width that slices with these starts, in ascending order, were probably cut in.
    ///
    /// The distance that neighbours have most often, and the least of several, but a day at most;
    /// a minute where there is none.
    static func width(of starts: some Sequence<Timestamp>) -> Duration {
        var counts: [Int64: Int] = [:]
        var last: Timestamp?
        for start in starts {
            if let last, start > last {
                counts[start.nanoseconds - last.nanoseconds, default: 0] += 1
            }
            last = start
        }
        let ordered = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        return ordered.first.map { min(.nanoseconds($0.key), .seconds(86_400)) } ?? .seconds(60)
    }
}
