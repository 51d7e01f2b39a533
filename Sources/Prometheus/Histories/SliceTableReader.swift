package import Documents
internal import SLO
internal import Timekeeping

/// Reads a history from a CSV table with the columns `start`, `good` and `total`.
///
/// A start is an instant in RFC 3339 or seconds since 1970; counts may have fractions, which are
/// kept exactly. Columns of other names are passed over, and so are empty lines and those that
/// begin with `#`. A row that cannot be counted is named with its line and column, and the rest is
/// read on. Only what an extent asks for is kept, so that memory does not grow with the file.
package struct SliceTableReader {
    private struct Columns {
        var start: Int
        var good: Int
        var total: Int

        var last: Int { max(start, good, total) }
    }

    private static let names = ["start", "good", "total"]

    private let extent: HistoryExtent
    private var log: RowLog
    private var columns: Columns?
    private var gathered = SliceGatherer()
    /// The line of each gathered slice.
    private var lines: [Int] = []
    private var faults = SliceDefects()
    private var unsortedLine: Int?
    private var latest = Timestamp.distantPast
    /// The number of slices at which those that are too old are let go.
    private var crowded = 1 << 16

    /// A reader of the file that the user calls `file`.
    package init(file: String, keeping extent: HistoryExtent = .whole) {
        log = RowLog(file: file)
        self.extent = extent
    }

    /// Whether the header was read, and is one.
    package var hasColumns: Bool { columns != nil }

    /// Takes the next line, without its end.
    ///
    /// - Throws: `DocumentError` where it is the header and lacks a column.
    package mutating func take(_ line: ArraySlice<UInt8>, number: Int) throws(DocumentError) {
        guard let first = line.first(where: { !TableFields.isBlank($0) }),
            first != UInt8(ascii: "#")
        else { return }
        guard let columns else {
            columns = try header(line, number)
            return
        }
        let fields = TableFields(line, upTo: columns.last)
        guard fields.count > columns.last else {
            return refuse(
                fields.isOpen
                    ? "a quote that begins in this row is not closed; expected it to be"
                    : "the row has \(fields.count) fields; expected at least \(columns.last + 1)",
                number: number
            )
        }
        guard let start = start(fields, columns.start, number) else { return }
        let good = count(fields, columns.good, "good", number)
        let total = count(fields, columns.total, "total", number, isRow: good != nil)
        guard let good, let total, isWanted(start) else { return }
        if start == latest, let line = lines.last {
            return refuse(SliceTableReader.repeated(start, line), number: number)
        }
        if let fault = gathered.append(start: start, good: good, total: total) {
            faults.count(fault)
            log.add(
                fault.text(good: good, total: total),
                line: number,
                column: fields.column(columns.good)
            )
            return
        }
        lines.append(number)
        if start < latest { unsortedLine = unsortedLine ?? number }
        latest = max(latest, start)
        letGo()
    }

    /// Takes note of a line that is not a text.
    package mutating func refuse(_ reason: String, number: Int) {
        faults.count(.unreadable)
        log.add(reason, line: number)
    }

    /// What the table says.
    ///
    /// - Throws: `DocumentError` where there was no header.
    package mutating func finish() throws(DocumentError) -> HistoryFile {
        guard columns != nil else {
            throw mistake("there is no row; expected a header with start,good,total", 1)
        }
        if let unsortedLine {
            log.warn(
                "the start is before that of the row above; the rows are read in the order of "
                    + "their starts",
                line: unsortedLine
            )
            arrange()
        }
        let width = HistoryFile.width(of: gathered.slices.lazy.map(\.start))
        noteGaps(width)
        return HistoryFile(
            series: [.init(objective: nil, gathered: gathered, slice: width, faults: faults)],
            log
        )
    }

    // MARK: - Rows

    private func header(
        _ line: ArraySlice<UInt8>,
        _ number: Int
    ) throws(DocumentError) -> Columns {
        let fields = TableFields(line, upTo: .max)
        let found = (0..<fields.count).map { fields.text($0).lowercased() }
        var places: [Int] = []
        for name in Self.names {
            guard let place = found.firstIndex(of: name) else {
                let near = nearestName(to: name, in: found).map { "; is it \"\($0)\"?" } ?? ""
                throw mistake(
                    "the header has no column '\(name)'; expected start,good,total\(near)",
                    number
                )
            }
            places.append(place)
        }
        return Columns(start: places[0], good: places[1], total: places[2])
    }

    private func mistake(_ message: String, _ line: Int) -> DocumentError {
        DocumentError([Mistake(file: log.file, line: line, column: 1, message: message)])
    }

    private mutating func start(_ fields: TableFields, _ place: Int, _ line: Int) -> Timestamp? {
        let number = MeasuredNumber(bytes: fields.bytes(place))
        // Most are of one of the two kinds, and a number is read without a text being made.
        if let instant = Timestamp(secondsSince1970: number),
            Timestamp.historical.contains(instant)
        {
            return instant
        }
        let text = fields.text(place)
        let instant = Timestamp(rfc3339: text) ?? Timestamp(secondsSince1970: number)
        if let instant, Timestamp.historical.contains(instant) { return instant }
        faults.count(.unreadable)
        let message =
            instant != nil
            ? "\"\(text)\" is not between 1970 and 2200; expected an instant that is"
            : number == nil
                ? "\"\(text)\" is not a start; expected an instant such as "
                    + "2026-01-31T12:00:00Z, or seconds since 1970"
                : "\(text) seconds since 1970 is after 2200; expected seconds, "
                    + "not milliseconds"
        log.add(message, line: line, column: fields.column(place))
        return nil
    }

    private mutating func count(
        _ fields: TableFields,
        _ place: Int,
        _ name: String,
        _ line: Int,
        isRow: Bool = true
    ) -> MeasuredNumber? {
        if let value = MeasuredNumber(bytes: fields.bytes(place)) { return value }
        faults.count(.unreadable)
        log.add(
            "\(name) is \"\(fields.text(place))\"; expected a number of events",
            line: line,
            column: fields.column(place),
            isRow: isRow
        )
        return nil
    }

    private static func repeated(_ start: Timestamp, _ line: Int) -> String {
        "the start \(start) was on line \(line) already; expected each once"
    }

    // MARK: - What is kept

    private func isWanted(_ start: Timestamp) -> Bool {
        if let end = extent.end, start >= end { return false }
        return start >= extent.start(latest: latest)
    }

    /// Lets go of what has become too old, now and then, so that it costs little.
    private mutating func letGo() {
        guard gathered.slices.count > crowded else { return }
        let oldest = extent.start(latest: latest)
        keep { _, slice in slice.start >= oldest }
        crowded = max(1 << 16, gathered.slices.count * 2)
    }

    private mutating func keep(where isKept: (Int, Slice) -> Bool) {
        let slices = gathered.slices
        lines = zip(lines, slices).enumerated().filter { isKept($0.offset, $0.element.1) }
            .map(\.element.0)
        gathered.keep(where: isKept)
    }

    /// Brings the rows into the order of their starts, and refuses what stands there twice.
    private mutating func arrange() {
        let places = gathered.slices.indices.sorted { left, right in
            (gathered.slices[left].start, left) < (gathered.slices[right].start, right)
        }
        gathered.arrange(places)
        lines = places.map { lines[$0] }
        var repeats: Set<Int> = []
        var first = 0
        for place in gathered.slices.indices.dropFirst() {
            if gathered.slices[place].start == gathered.slices[first].start {
                repeats.insert(place)
                let start = gathered.slices[place].start
                refuse(SliceTableReader.repeated(start, lines[first]), number: lines[place])
            } else {
                first = place
            }
        }
        if !repeats.isEmpty { keep { place, _ in !repeats.contains(place) } }
    }

    private mutating func noteGaps(_ width: Duration) {
        let slices = gathered.slices
        for place in slices.indices.dropFirst() {
            let (start, next) = (slices[place - 1].start, slices[place].start)
            let missing = (next - start) / width - 1
            guard missing >= 0.5 else { continue }
            log.warn(
                "nothing from \(start + width) to \(next), about "
                    + "\(Int64(missing.rounded())) slices; they count as not observed",
                line: lines[place]
            )
        }
    }
}

extension SliceDefect {
    /// What is wrong with counts that were refused.
    func text(good: MeasuredNumber, total: MeasuredNumber) -> String {
        switch self {
        case .goodExceedsTotal:
            "good is \(good) of \(total) in total; expected at most as many"
        case .implausible:
            "\(total) events in a slice are not believed; expected at most "
                + "\(Slice.largestTotal)"
        default: "the counts \(good) of \(total) are below zero; expected 0 or more"
        }
    }
}

/// The fields of a row between commas, without the quotes and the blanks round them.
///
/// What is between quotes may hold commas and quotes, which are doubled (RFC 4180).
struct TableFields {
    private let line: ArraySlice<UInt8>
    private var ranges: [Range<Int>] = []
    /// Whether a quote was not closed.
    private(set) var isOpen = false

    /// The fields of `line`, as many as are wanted and, where that is fewer, all there are.
    init(_ line: ArraySlice<UInt8>, upTo last: Int) {
        self.line = line
        ranges.reserveCapacity(4)
        var start = line.startIndex
        var isQuoted = false
        var place = start
        while place < line.endIndex {
            let byte = line[place]
            if byte == UInt8(ascii: "\"") {
                isQuoted.toggle()
            } else if byte == UInt8(ascii: ","), !isQuoted {
                ranges.append(start..<place)
                start = place + 1
                // What follows the last requested one is not read.
                if ranges.count > last { return }
            }
            place += 1
        }
        isOpen = isQuoted
        if !isQuoted { ranges.append(start..<line.endIndex) }
    }

    var count: Int { ranges.count }

    /// What is in a field.
    func bytes(_ place: Int) -> ArraySlice<UInt8> {
        var field = line[ranges[place]]
        if field.starts(with: [0xef, 0xbb, 0xbf]) { field.removeFirst(3) }
        while let first = field.first, TableFields.isBlank(first) { field.removeFirst() }
        while let last = field.last, TableFields.isBlank(last) { field.removeLast() }
        guard field.count >= 2, field.first == UInt8(ascii: "\""), field.last == field.first else {
            return field
        }
        return field.dropFirst().dropLast()
    }

    func text(_ place: Int) -> String {
        let text = String(decoding: bytes(place), as: UTF8.self)
        return text.contains("\"")
            ? text.split(separator: "\"\"", omittingEmptySubsequences: false)
                .joined(separator: "\"") : text
    }

    /// Where the field begins in the line: from 1, in Unicode scalars.
    func column(_ place: Int) -> Int {
        var start = ranges[place].lowerBound
        while start < ranges[place].upperBound, TableFields.isBlank(line[start]) { start += 1 }
        return 1 + line[..<start].count { $0 & 0xc0 != 0x80 }
    }

    static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 || byte == 13 }
}
