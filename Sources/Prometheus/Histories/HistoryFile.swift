package import Documents
package import SLO
package import Timekeeping

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

/// What is wrong in the rows of a history, the first of it word by word and all of it counted.
///
/// A file of millions of wrong rows is reported in bounded memory.
struct RowLog {
    /// More mistakes, and more warnings, are not listed one by one.
    static let most = 1000

    let file: String
    private(set) var mistakes: [Mistake] = []
    private(set) var warnings: [Mistake] = []
    /// Rows that were not counted.
    private(set) var refused = 0

    /// Notes that the row at a place is not counted; `isRow` where a row before was not, already.
    mutating func add(_ message: String, line: Int, column: Int = 1, isRow: Bool = true) {
        if isRow { refused += 1 }
        guard mistakes.count < RowLog.most else { return }
        mistakes.append(Mistake(file: file, line: line, column: column, message: message))
    }

    /// Notes something that is counted but hardly meant.
    mutating func warn(_ message: String, line: Int) {
        guard warnings.count < RowLog.most else { return }
        warnings.append(Mistake(file: file, line: line, column: 1, message: message))
    }
}

/// Which part of a history is kept while it is read.
package struct HistoryExtent: Sendable {
    /// How far back before the end; nil for all of it.
    package var reach: Duration?
    /// Where it ends; nil for the last row.
    package var end: Timestamp?

    /// All of it.
    package static let whole = HistoryExtent()

    package init(reach: Duration? = nil, end: Timestamp? = nil) {
        self.reach = reach
        self.end = end
    }

    /// Where what is kept begins, once there is a row at `latest`.
    func start(latest: Timestamp) -> Timestamp {
        guard let reach else { return .distantPast }
        return min(latest, end ?? latest) - reach
    }
}

extension Timestamp {
    /// Where the instants of a history lie: windows that end at any of them stay in the calendar.
    static let historical = Timestamp(seconds: 0)..<Timestamp(seconds: 7_258_118_400)

    /// The instant that is so many seconds after 1970, with up to nine decimals; nil where it is
    /// none, or where no timestamp reaches that far.
    init?(secondsSince1970 seconds: MeasuredNumber?) {
        guard let seconds, seconds.scale <= 9, abs(seconds.digits) < .powerOfTen(19) else {
            return nil
        }
        let nanoseconds = seconds.digits * .powerOfTen(9 - seconds.scale)
        guard (nanoseconds / 1_000_000_000).magnitude < 9_214_646_400 else { return nil }
        self.init(nanoseconds: Int64(nanoseconds))
    }
}
