/// One line of an input, without its line end.
package struct Line: Sendable {
    /// From 1.
    package var number: Int
    /// Empty where the line was too long to keep.
    package var bytes: ArraySlice<UInt8>
    /// Why the line is no text; nil where it is sound.
    package var flaw: RejectionReason?
}

/// Reads a file or standard input line by line, and waits for whoever writes it.
package final class LineReader: Sendable {
    /// The longest line that is kept, in bytes, unless the caller says otherwise.
    package static let standardLimit = RecordReader.standardLimit

    private let records: RecordReader

    /// A reader of the file at `path`; `-` is standard input.
    package init(
        path: String,
        chunkSize: Int = 1 << 16,
        limit: Int = LineReader.standardLimit
    ) throws(InputError) {
        records = try RecordReader(path: path, waits: true, chunkSize: chunkSize, limit: limit)
    }

    /// The next line; nil at the end of the input.
    package func next() throws(InputError) -> Line? {
        guard case .record(let record) = try records.next() else { return nil }
        return Line(number: record.line, bytes: record.bytes, flaw: record.flaw)
    }
}
