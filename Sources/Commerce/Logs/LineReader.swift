#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// One line of an input, without its line end.
package struct Line: Sendable {
    /// From 1.
    package var number: Int
    /// Empty where the line was too long to keep.
    package var bytes: ArraySlice<UInt8>
    /// Why the line is no text; nil where it is sound.
    package var flaw: RecordFlaw?
}

/// Reads a file or standard input line by line, in memory bounded by the longest line it keeps.
///
/// Lines end with LF or CRLF; the last one may have no end. A byte order mark at the start is
/// left out. A line longer than the limit is skipped to its end, and never held as a whole.
///
/// A class, because a copy would read on from a descriptor that the original moves.
// Unchecked, because the state is not locked: a reader belongs to the one source that opened it,
// a source to the one producer that pulls it, and a producer runs in one task.
package final class LineReader: @unchecked Sendable {
    /// The longest line that is kept, in bytes, unless the caller says otherwise.
    package static let standardLimit = 1 << 20

    private let file: InputFile
    private let chunkSize: Int
    private let limit: Int
    private var buffer: [UInt8] = []
    /// Where in ``buffer`` the next line begins.
    private var start = 0
    /// Up to where ``buffer`` is known to have no line end.
    private var searched = 0
    private var lineNumber = 0
    /// How many bytes of a line that is too long were let go already.
    private var dropped = 0

    /// A reader of the file at `path`; `-` is standard input.
    package init(
        path: String,
        chunkSize: Int = 1 << 16,
        limit: Int = LineReader.standardLimit
    ) throws(InputError) {
        precondition(chunkSize > 0 && limit > 0, "a reader needs room to read")
        file = try InputFile(path: path)
        self.chunkSize = chunkSize
        self.limit = limit
    }

    /// The last part of the file's path, or `-` for standard input.
    package var fileName: String { file.name }
    /// See ``InputFile/streamName``.
    package var streamName: String { file.streamName }

    /// The next line; nil at the end of the input.
    package func next() throws(InputError) -> Line? {
        while true {
            if let end = indexOfLineEnd() {
                return line(endingAt: end, next: end + 1)
            }
            searched = buffer.count
            // One more than the limit: a carriage return may belong to the line end.
            if searched - start > limit + 1 {
                dropped += searched - start - 1
                start = searched - 1
            }
            buffer.removeSubrange(..<start)
            searched -= start
            start = 0
            guard try file.read(chunkSize, into: &buffer) else {
                guard buffer.count + dropped > 0 else { return nil }
                return line(endingAt: buffer.count, next: buffer.count)
            }
        }
    }

    private func indexOfLineEnd() -> Int? {
        buffer.withUnsafeBytes { bytes in
            guard searched < bytes.count, let base = bytes.baseAddress,
                let found = memchr(base + searched, 0x0a, bytes.count - searched)
            else { return nil }
            return UnsafeRawPointer(found) - base
        }
    }

    private func line(endingAt end: Int, next: Int) -> Line? {
        lineNumber += 1
        var bytes = buffer[start..<end]
        if bytes.last == 0x0d {
            bytes.removeLast()
        }
        if lineNumber == 1, dropped == 0, bytes.starts(with: [0xef, 0xbb, 0xbf]) {
            bytes.removeFirst(3)
        }
        let count = dropped + bytes.count
        start = next
        searched = next
        dropped = 0
        guard count <= limit else {
            let flaw = RecordFlaw(
                .tooLarge,
                "the line has \(count) bytes; the most that is read is \(limit)"
            )
            return Line(number: lineNumber, bytes: [], flaw: flaw)
        }
        let flaw = bytes.withUnsafeBufferPointer(RecordFlaw.inText)
        return Line(number: lineNumber, bytes: bytes, flaw: flaw)
    }
}
