extension [UInt8] {
    /// Appends the bytes of a literal, without making a string.
    mutating func append(literal text: StaticString) {
        text.withUTF8Buffer { append(contentsOf: $0) }
    }

    /// Appends `text` as the inside of a JSON string (RFC 8259): quotes, backslashes and every
    /// control character escaped, everything else as it is.
    mutating func appendJSONEscaped(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            var first = 0
            for index in utf8.indices {
                let byte = utf8[index]
                guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
                else { continue }
                append(contentsOf: UnsafeBufferPointer(rebasing: utf8[first..<index]))
                appendJSONEscape(of: byte)
                first = index + 1
            }
            append(contentsOf: UnsafeBufferPointer(rebasing: utf8[first...]))
        }
    }

    private mutating func appendJSONEscape(of byte: UInt8) {
        append(UInt8(ascii: "\\"))
        switch byte {
        case 0x08: append(UInt8(ascii: "b"))
        case 0x09: append(UInt8(ascii: "t"))
        case 0x0a: append(UInt8(ascii: "n"))
        case 0x0c: append(UInt8(ascii: "f"))
        case 0x0d: append(UInt8(ascii: "r"))
        case 0x00..<0x20:
            append(literal: "u00")
            append(EventID.hexDigit(UInt64(byte >> 4)))
            append(EventID.hexDigit(UInt64(byte & 0xf)))
        default: append(byte)
        }
    }

    /// Appends `word` as sixteen lower-case hexadecimal digits.
    mutating func appendHexadecimal(_ word: UInt64) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16) { digits in
            for index in 0..<16 {
                digits[index] = EventID.hexDigit(word >> UInt64(60 - 4 * index) & 0xf)
            }
            append(contentsOf: UnsafeBufferPointer(digits))
        }
    }
}
