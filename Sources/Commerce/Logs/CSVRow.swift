/// One record of a CSV file, split by RFC 4180.
struct CSVRow {
    private struct Field {
        /// The bytes between delimiters, or between the quotes.
        var range: Range<Int>
        var isQuoted: Bool
    }

    private let bytes: ArraySlice<UInt8>
    private var fields: [Field] = []

    init(_ bytes: ArraySlice<UInt8>, delimiter: UInt8) throws(RejectionReason) {
        self.bytes = bytes
        var at = bytes.startIndex
        while true {
            let field = try CSVRow.field(of: bytes, at: at, delimiter)
            fields.append(field)
            at = field.range.upperBound + (field.isQuoted ? 1 : 0)
            guard at < bytes.endIndex else { return }
            at += 1
        }
    }

    var count: Int { fields.count }

    /// The fields as texts.
    var texts: [String] { fields.indices.map(text) }

    /// The text of the field at `index`, its quotes undone.
    func text(_ index: Int) -> String {
        let text = String(decoding: bytes[fields[index].range], as: UTF8.self)
        guard fields[index].isQuoted, text.utf8.contains(CSVRow.quote) else { return text }
        var unquoted: [UInt8] = []
        var skipsQuote = false
        for byte in text.utf8 {
            skipsQuote = byte == CSVRow.quote && !skipsQuote
            if !skipsQuote {
                unquoted.append(byte)
            }
        }
        return String(decoding: unquoted, as: UTF8.self)
    }

    /// Where the field at `index` begins, in bytes from 1.
    func column(_ index: Int) -> Int {
        fields[index].range.lowerBound - bytes.startIndex + 1
    }

    private static let quote = UInt8(ascii: "\"")

    private static func field(
        of bytes: ArraySlice<UInt8>,
        at start: Int,
        _ delimiter: UInt8
    ) throws(RejectionReason) -> Field {
        guard start < bytes.endIndex, bytes[start] == quote else {
            let end = bytes[start...].firstIndex(of: delimiter) ?? bytes.endIndex
            if let stray = bytes[start..<end].firstIndex(of: quote) {
                throw RejectionReason(
                    .badQuotes,
                    column: stray - bytes.startIndex + 1,
                    "a quote within a field; put the whole field in quotes and double this one"
                )
            }
            return Field(range: start..<end, isQuoted: false)
        }
        var at = start + 1
        let column = start - bytes.startIndex + 1
        while let next = bytes[at...].firstIndex(of: quote) {
            let behind = next + 1
            if behind == bytes.endIndex || bytes[behind] == delimiter {
                return Field(range: start + 1..<next, isQuoted: true)
            }
            guard bytes[behind] == quote else {
                throw RejectionReason(
                    .badQuotes,
                    column: behind - bytes.startIndex + 1,
                    "text behind the quote that ends the field from column \(column) on; "
                        + "expected a delimiter"
                )
            }
            at = behind + 1
        }
        throw RejectionReason(
            .badQuotes,
            column: column,
            "the quote that begins here is not closed"
        )
    }
}
