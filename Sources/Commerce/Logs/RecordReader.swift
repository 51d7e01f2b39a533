package import Timekeeping

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// One record of an input, without the line end after it.
package struct Record: Sendable {
    /// The line it begins on, from 1.
    package var line: Int
    /// The line it ends on: another one only where a quoted field has a line break.
    package var lastLine: Int
    /// Empty where the record was too long to keep.
    package var bytes: ArraySlice<UInt8>
    /// Why the record is not text; nil if it is sound.
    package var rejection: RejectionReason?
    /// Whether a line end follows it; the last one of a file may have none, and may then be
    /// the beginning of one that is still being written.
    package var isTerminated: Bool

    /// Whether there is nothing but white space in it.
    var isBlank: Bool { rejection == nil && bytes.allSatisfy { $0 == 0x20 || $0 == 0x09 } }

    /// The rejection of the record, which is in `file`, because of `reason`.
    func rejection(of reason: RejectionReason, file: String) -> Rejection {
        var reason = reason
        if lastLine > line, reason.line == nil, let column = reason.column {
            // The column counts from the beginning of the record.
            let before = bytes.prefix(column - 1)
            if let last = before.lastIndex(of: RecordReader.lineFeed) {
                reason.line = line + before.count { $0 == RecordReader.lineFeed }
                reason.column = column - (last - bytes.startIndex + 1)
            }
        }
        return reason.rejection(file: file, line: line)
    }

    /// The rejection of a last row that may not be whole.
    static func unterminated(_ remedy: String) -> RejectionReason {
        RejectionReason(
            .unterminated,
            "the last row has no line end, so it may be cut off; end the line, or \(remedy)"
        )
    }
}

/// Reads a file or standard input record by record, in memory bounded by the longest record it
/// keeps.
///
/// A record is a line; with a delimiter it is a record of RFC 4180, whose quoted fields may hold
/// line breaks. Lines end with LF or CRLF. A byte order mark at the start is left out. A record
/// longer than the limit is skipped to its end, and never held as a whole. A file that is no
/// text, such as an image or an archive, is refused.
///
/// A class, because a copy would read on from a descriptor that the original moves.
// Unchecked, because the state is not locked: a reader belongs to the one source that opened it,
// a source to the one producer that pulls it, and a producer runs in one task.
package final class RecordReader: @unchecked Sendable {
    /// What a call gives.
    package enum Reading: Sendable {
        case record(Record)
        /// Nothing yet: the writer has not written more.
        case pending
        case end
    }

    private enum Quoting {
        /// Before the first byte of a field.
        case fieldStart
        case plain
        case quoted
        /// Behind a quote within a quoted field: its end, or the first of two.
        case closing
    }

    /// The longest record that is kept, in bytes, unless the caller says otherwise.
    package static let standardLimit = 1 << 20

    static let lineFeed = UInt8(ascii: "\n")
    private static let quote = UInt8(ascii: "\"")

    private let file: InputFile
    private let delimiter: UInt8?
    private let chunkSize: Int
    private let limit: Int
    private var buffer: [UInt8] = []
    /// Where in ``buffer`` the record begins that comes next.
    private var start = 0
    /// Up to where ``buffer`` is known not to end that record.
    private var searched = 0
    /// Where in ``buffer`` the line begins that ``searched`` is in; negative where that was let go.
    private var lineStart = 0
    private var firstLine = 1
    private var line = 1
    /// How many bytes of a record that is too long were let go already.
    private var dropped = 0
    private var quoting = Quoting.fieldStart
    private var openQuote = (line: 1, column: 1)
    private var isKindKnown = false

    /// A reader of the file at `path`; `-` is standard input.
    ///
    /// With a `delimiter` it reads CSV. Where it `waits`, a call blocks its thread until the writer
    /// has written on.
    package init(
        path: String,
        delimiter: UInt8? = nil,
        waits: Bool = false,
        chunkSize: Int = 1 << 16,
        limit: Int = RecordReader.standardLimit
    ) throws(InputError) {
        precondition(chunkSize > 0 && limit > 0, "a reader needs room to read")
        file = try InputFile(path: path, waits: waits)
        self.delimiter = delimiter
        self.chunkSize = chunkSize
        self.limit = limit
    }

    /// The last part of the file's path, or `-` for standard input.
    package var fileName: String { file.name }
    /// What the file is called as a stream: its name and a fingerprint of its first two lines.
    package var streamName: String { file.streamName }
    /// Raised when there is more to read after ``Reading/pending``; nil for a regular file.
    package var arrival: Signal? { file.arrival }

    /// The next record, where there is one.
    package func next() throws(InputError) -> Reading {
        while true {
            if isKindKnown, let end = indexOfEnd() {
                return .record(record(endingAt: end, next: end + 1))
            }
            if isKindKnown { letGo() }
            switch try file.read(chunkSize, into: &buffer) {
            case .bytes: try checkKind(atEnd: false)
            case .pending: return .pending
            case .end, .failure:
                try checkKind(atEnd: true)
                if let end = indexOfEnd() {
                    return .record(record(endingAt: end, next: end + 1))
                }
                guard buffer.count - start + dropped > 0 else { return .end }
                return .record(record(endingAt: buffer.count, next: nil))
            }
        }
    }

    private func checkKind(atEnd: Bool) throws(InputError) {
        guard !isKindKnown, atEnd || buffer.count >= InputKind.length || buffer.contains(10) else {
            return
        }
        isKindKnown = true
        if let kind = InputKind.refusal(of: buffer) {
            throw InputError(.wrongFormat, "\(file.name): \(kind)")
        }
    }

    // MARK: - Where a record ends

    /// The place of the line feed that ends the record; nil if it is not in ``buffer``.
    private func indexOfEnd() -> Int? {
        buffer.withUnsafeBufferPointer { bytes in
            while searched < bytes.count {
                let end = RecordReader.first(
                    RecordReader.lineFeed,
                    in: bytes,
                    searched..<bytes.count
                )
                if let delimiter {
                    scan(bytes, searched..<(end ?? bytes.count), delimiter)
                }
                guard let end else {
                    searched = bytes.count
                    return nil
                }
                guard quoting == .quoted else { return end }
                searched = end + 1
                lineStart = searched
                line += 1
            }
            return nil
        }
    }

    private static func first(
        _ byte: UInt8,
        in bytes: UnsafeBufferPointer<UInt8>,
        _ range: Range<Int>
    ) -> Int? {
        guard let base = bytes.baseAddress,
            let found = memchr(base + range.lowerBound, Int32(byte), range.count)
        else { return nil }
        return UnsafeRawPointer(found) - UnsafeRawPointer(base)
    }

    /// Follows the quotes in `range`, which is of one line.
    private func scan(
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ range: Range<Int>,
        _ delimiter: UInt8
    ) {
        guard let last = range.last else { return }
        if quoting == .fieldStart || quoting == .plain,
            RecordReader.first(RecordReader.quote, in: bytes, range) == nil
        {
            quoting = bytes[last] == delimiter ? .fieldStart : .plain
            return
        }
        for index in range {
            let byte = bytes[index]
            switch quoting {
            case .fieldStart where byte == RecordReader.quote:
                quoting = .quoted
                openQuote = (line, index - lineStart + 1)
            case .fieldStart, .plain:
                quoting = byte == delimiter ? .fieldStart : .plain
            case .quoted:
                if byte == RecordReader.quote { quoting = .closing }
            case .closing:
                quoting =
                    byte == RecordReader.quote
                    ? .quoted : byte == delimiter ? .fieldStart : .plain
            }
        }
    }

    // MARK: - Records

    /// Lets go of what was read, and of a record that is too long to keep.
    private func letGo() {
        // One more than the limit: a carriage return may belong to the line end.
        if searched - start > limit + 1 {
            dropped += searched - start - 1
            start = searched - 1
        }
        buffer.removeSubrange(..<start)
        searched -= start
        lineStart -= start
        start = 0
    }

    /// The record that ends at `end`; the one after it begins at `next`, nil at the end of the
    /// input.
    private func record(endingAt end: Int, next: Int?) -> Record {
        var bytes = buffer[start..<end]
        if bytes.last == 0x0d {
            bytes.removeLast()
        }
        if firstLine == 1, dropped == 0, bytes.starts(with: [0xef, 0xbb, 0xbf]) {
            bytes.removeFirst(3)
        }
        let count = dropped + bytes.count
        var record = Record(
            line: firstLine,
            lastLine: line,
            bytes: bytes,
            isTerminated: next != nil
        )
        if quoting == .quoted {
            record.rejection = RejectionReason(
                .badQuotes,
                line: openQuote.line,
                column: openQuote.column,
                "the quote that begins here is not closed by the end of the input"
                    + (line > firstLine ? ", so lines \(firstLine) to \(line) are not rows" : "")
            )
        } else if count > limit {
            let lines = line > firstLine ? "record on lines \(firstLine) to \(line)" : "line"
            record.rejection = RejectionReason(
                .tooLarge,
                "the \(lines) has \(count) bytes; the most that is read is \(limit)"
            )
        } else {
            record.rejection = bytes.withUnsafeBufferPointer(RejectionReason.inText)
        }
        if count > limit { record.bytes = [] }
        start = next ?? end
        searched = start
        lineStart = start
        dropped = 0
        quoting = .fieldStart
        line += 1
        firstLine = line
        return record
    }
}
