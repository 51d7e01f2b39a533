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
