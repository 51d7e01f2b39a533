package import Documents
internal import Timekeeping

/// Reads a history from a CSV table with the columns `start`, `good` and `total`.
///
/// A start is an instant in RFC 3339 or seconds since 1970. Columns of other names are passed
/// over, and so are empty lines and those that begin with `#`. A row that cannot be counted is
/// named with its line and column, and the rest is read on.
package struct SliceTableReader {
    private struct Columns {
        var start: Int
        var good: Int
        var total: Int
    }

    private struct Field {
        var text: String
        /// In Unicode scalars, from 1.
        var column: Int
    }

    private static let names = ["start", "good", "total"]

    private let log: MistakeLog
    private var columns: Columns?
    private var slices: [Slice] = []
    /// The line of each start.
    private var lines: [Timestamp: Int] = [:]
    private var faults = SliceFaults()
    private var unsortedLine: Int?

    /// A reader of the file that the user calls `file`.
    package init(file: String) {
        log = MistakeLog(file: file)
    }

    /// Whether the header was read, and is one.
    package var hasColumns: Bool { columns != nil }

    /// Takes the next line, without its end.
    ///
    /// - Throws: `DocumentError` where it is the header and lacks a column.
    package mutating func take(_ line: String, number: Int) throws(DocumentError) {
        let trimmed = line.drop { $0 == " " || $0 == "\t" }
        if trimmed.isEmpty || trimmed.hasPrefix("#") { return }
        let fields = Self.fields(of: line)
        guard let columns else {
            columns = try header(fields, number)
            return
        }
        if let slice = slice(fields, columns, number) {
            take(slice, number)
        }
    }

    /// Takes note of a line that is no text.
    package mutating func refuse(_ reason: String, number: Int) {
        faults.count(.unreadable)
        log.add(reason, at: DocumentPlace(line: number, column: 1))
    }

    /// What the table says.
    ///
    /// - Throws: `DocumentError` where there was no header.
    package func finish() throws(DocumentError) -> HistoryFile {
        guard columns != nil else {
            throw mistake("there is no row; expected a header with start,good,total", 1, 1)
        }
        let ordered = slices.sorted { $0.start < $1.start }
        let width = HistoryFile.width(of: ordered.map(\.start))
        if let unsortedLine {
            log.warn(
                "the start is before that of the row above; the rows are read in the order of "
                    + "their starts",
                at: DocumentPlace(line: unsortedLine, column: 1)
            )
        }
        noteGaps(ordered, width)
        return HistoryFile(
            series: [.init(objective: nil, slices: ordered, slice: width, faults: faults)],
            mistakes: log.mistakes,
            warnings: log.warnings
        )
    }

    // MARK: - Rows

    private func header(_ fields: [Field], _ line: Int) throws(DocumentError) -> Columns {
        let found = fields.map { $0.text.lowercased() }
        var places: [Int] = []
        for name in Self.names {
            guard let place = found.firstIndex(of: name) else {
                let near = nearestName(to: name, in: found).map { "; is it \"\($0)\"?" } ?? ""
                throw mistake(
                    "the header has no column '\(name)'; expected start,good,total\(near)",
                    line,
                    1
                )
            }
            places.append(place)
        }
        return Columns(start: places[0], good: places[1], total: places[2])
    }

    private func mistake(_ message: String, _ line: Int, _ column: Int) -> DocumentError {
        DocumentError([Mistake(file: log.file, line: line, column: column, message: message)])
    }

    private mutating func slice(_ fields: [Field], _ columns: Columns, _ line: Int) -> Slice? {
        let last = max(columns.start, columns.good, columns.total)
        guard fields.count > last else {
            faults.count(.unreadable)
            log.add(
                "the row has \(fields.count) fields; expected at least \(last + 1)",
                at: DocumentPlace(line: line, column: 1)
            )
            return nil
        }
        let start = start(fields[columns.start], line)
        let good = count(fields[columns.good], "good", line)
        let total = count(fields[columns.total], "total", line)
        guard let start, let good, let total else { return nil }
        let slice = Slice(start: start, good: good, total: total)
        guard let fault = slice.fault else { return slice }
        faults.count(fault)
        let message: String
        switch fault {
        case .goodExceedsTotal:
            message = "good is \(good) of \(total) in total; expected at most as many"
        case .implausible:
            message =
                "\(total) events in a slice are not believed; expected at most "
                + "\(Slice.largestTotal)"
        default:
            message = "the counts \(good) of \(total) are below zero; expected 0 or more"
        }
        log.add(message, at: DocumentPlace(line: line, column: fields[columns.good].column))
        return nil
    }

    private mutating func start(_ field: Field, _ line: Int) -> Timestamp? {
        let place = DocumentPlace(line: line, column: field.column)
        let instant = Timestamp(rfc3339: field.text) ?? Timestamp(secondsText: field.text)
        if let instant, Timestamp.historical.contains(instant) { return instant }
        faults.count(.unreadable)
        let message =
            instant != nil
            ? "\"\(field.text)\" is not between 1970 and 2200; expected an instant that is"
            : ExactDecimal(field.text) == nil
                ? "\"\(field.text)\" is no start; expected an instant such as "
                    + "2026-01-31T12:00:00Z, or seconds since 1970"
                : "\(field.text) seconds since 1970 are no year that is kept; expected seconds, "
                    + "not milliseconds"
        log.add(message, at: place)
        return nil
    }

    private mutating func count(_ field: Field, _ name: String, _ line: Int) -> Int64? {
        if let value = ExactDecimal(field.text), value.scale == 0 { return value.digits }
        faults.count(.unreadable)
        log.add(
            "\(name) is \"\(field.text)\"; expected a whole number",
            at: DocumentPlace(line: line, column: field.column)
        )
        return nil
    }

    private mutating func take(_ slice: Slice, _ line: Int) {
        if let first = lines[slice.start] {
            faults.count(.unreadable)
            log.add(
                "the start \(slice.start) was on line \(first) already; expected each once",
                at: DocumentPlace(line: line, column: 1)
            )
            return
        }
        lines[slice.start] = line
        if unsortedLine == nil, let last = slices.last, slice.start < last.start {
            unsortedLine = line
        }
        slices.append(slice)
    }

    private func noteGaps(_ ordered: [Slice], _ width: Duration) {
        for (slice, next) in zip(ordered, ordered.dropFirst()) {
            let missing = (next.start - slice.start) / width - 1
            guard missing >= 0.5, let line = lines[next.start] else { continue }
            log.warn(
                "nothing from \(slice.start + width) to \(next.start), about "
                    + "\(Int64(missing.rounded())) slices; they count as not observed",
                at: DocumentPlace(line: line, column: 1)
            )
        }
    }

    // MARK: - Fields

    /// The fields between commas, without the quotes and the blanks round them.
    private static func fields(of line: String) -> [Field] {
        var fields: [Field] = []
        var column = 1
        for part in line.unicodeScalars.split(separator: ",", omittingEmptySubsequences: false) {
            let blanks = part.prefix { $0 == " " || $0 == "\t" || $0 == "\u{FEFF}" }.count
            var text = part.dropFirst(blanks)
            while let last = text.last, last == " " || last == "\t" || last == "\r" {
                text = text.dropLast()
            }
            if text.count >= 2, text.first == "\"", text.last == "\"" {
                text = text.dropFirst().dropLast()
            }
            fields.append(Field(text: String(text), column: column + blanks))
            column += part.count + 1
        }
        return fields
    }
}
