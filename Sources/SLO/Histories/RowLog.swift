internal import Documents
package import Timekeeping

/// What is wrong in the rows of a history, the first of it word by word and all of it counted.
///
/// A file of millions of wrong rows is told of in bounded memory.
struct RowLog {
    /// More mistakes, and more warnings, are not told one by one.
    static let most = 1000

    let file: String
    private(set) var mistakes: [Mistake] = []
    private(set) var warnings: [Mistake] = []
    /// Rows that were not counted.
    private(set) var refused = 0

    init(file: String) {
        self.file = file
    }

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
