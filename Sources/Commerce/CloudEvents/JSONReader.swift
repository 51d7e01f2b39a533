/// Where a value is in an event, for error texts; made into text only when there is one.
struct FieldPath: CustomStringConvertible {
    private let name: String
    private let inData: Bool
    private let item: Int?

    init(_ name: String, inData: Bool = false, item: Int? = nil) {
        self.name = name
        self.inData = inData
        self.item = item
    }

    var description: String {
        if let item {
            return name.isEmpty ? "data.items[\(item)]" : "data.items[\(item)].\(name)"
        }
        return inData ? "data.\(name)" : name
    }
}

/// A strict reader of one JSON text (RFC 8259) that its caller pulls value by value.
///
/// The library's decoder rounds no money either, but it neither says at which byte a value of
/// the wrong type is, nor notices a key given twice, and takes many times as long.
struct JSONReader {
    /// A key of an object, and where it is.
    struct Key {
        var text: String
        var column: Int
    }

    static let nestingLimit = 64

    private let bytes: UnsafeBufferPointer<UInt8>
    /// The place of the next byte to read.
    private(set) var position: Int
    /// Whether the innermost object or array has been opened and nothing of it been read.
    private var isFresh = false

    /// A reader that begins at `position` of `bytes`, which must outlive it.
    init(_ bytes: UnsafeBufferPointer<UInt8>, at position: Int = 0) {
        self.bytes = bytes
        self.position = position
    }

    /// The column of the next byte, from 1.
    var column: Int { position + 1 }

    /// The next byte that is not white space, without taking it; 0 at the end.
    private mutating func peek() -> UInt8 {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0a, 0x0d: position += 1
            case let byte: return byte
            }
        }
        return 0
    }

    /// Whether `byte` is the next one that is not white space.
    mutating func isNext(_ byte: UInt8) -> Bool { peek() == byte }

    private func malformed(_ message: String) -> RejectionReason {
        let found = position < bytes.count ? "" : ", but the line ends here"
        return RejectionReason(.notJSON, column: column, "not JSON: \(message)\(found)")
    }

    /// Takes the bracket that begins an object or array.
    mutating func open(_ bracket: UInt8, _ path: FieldPath) throws(RejectionReason) {
        guard peek() == bracket else {
            throw wrongType(path, expected: bracket == UInt8(ascii: "{") ? "an object" : "an array")
        }
        position += 1
        isFresh = true
    }

    /// The next key of the object that is open, with its colon; nil at the end of the object.
    mutating func nextKey() throws(RejectionReason) -> Key? {
        guard try takeSeparator(closing: UInt8(ascii: "}")) else { return nil }
        guard peek() == UInt8(ascii: "\"") else { throw malformed("expected a key in quotes") }
        let column = column
        let text = try scanString()
        guard peek() == UInt8(ascii: ":") else { throw malformed("expected a colon") }
        position += 1
        return Key(text: text, column: column)
    }

    /// Whether the array that is open has another element, which is read next.
    mutating func nextElement() throws(RejectionReason) -> Bool {
        try takeSeparator(closing: UInt8(ascii: "]"))
    }

    private mutating func takeSeparator(closing: UInt8) throws(RejectionReason) -> Bool {
        let byte = peek()
        let wasFresh = isFresh
        isFresh = false
        if byte == closing {
            position += 1
            return false
        }
        if !wasFresh {
            guard byte == UInt8(ascii: ",") else { throw malformed("expected a comma") }
            position += 1
        }
        return true
    }

    /// Takes a `null`, which means the same as leaving the key out.
    mutating func takeNull() throws(RejectionReason) -> Bool {
        guard peek() == UInt8(ascii: "n") else { return false }
        try take(literal: "null")
        return true
    }

    /// The `true` or `false` that is next.
    mutating func boolean(_ path: FieldPath) throws(RejectionReason) -> Bool {
        switch peek() {
        case UInt8(ascii: "t") where stands("true"):
            try take(literal: "true")
            return true
        case UInt8(ascii: "f") where stands("false"):
            try take(literal: "false")
            return false
        default: throw wrongType(path, expected: "true or false")
        }
    }

    /// The text that is next.
    mutating func string(_ path: FieldPath) throws(RejectionReason) -> String {
        guard peek() == UInt8(ascii: "\"") else { throw wrongType(path, expected: "a text") }
        return try scanString()
    }

    /// The bytes of the number that is next.
    mutating func number(_ path: FieldPath) throws(RejectionReason) -> Range<Int> {
        let byte = peek()
        guard byte == UInt8(ascii: "-") || (48...57).contains(byte) else {
            throw wrongType(path, expected: "a number")
        }
        return try scanNumber()
    }

    /// The text of `range`.
    func text(_ range: Range<Int>) -> String {
        String(decoding: UnsafeBufferPointer(rebasing: bytes[range]), as: UTF8.self)
    }

    /// Takes a value of any type.
    mutating func skip(depth: Int = 0) throws(RejectionReason) {
        guard depth < JSONReader.nestingLimit else {
            throw malformed("nested deeper than \(JSONReader.nestingLimit) levels")
        }
        switch peek() {
        case UInt8(ascii: "{"):
            position += 1
            isFresh = true
            while try nextKey() != nil {
                try skip(depth: depth + 1)
            }
        case UInt8(ascii: "["):
            position += 1
            isFresh = true
            while try nextElement() {
                try skip(depth: depth + 1)
            }
        case UInt8(ascii: "\""): _ = try scanString()
        case UInt8(ascii: "t"): try take(literal: "true")
        case UInt8(ascii: "f"): try take(literal: "false")
        case UInt8(ascii: "n"): try take(literal: "null")
        case UInt8(ascii: "-"), 48...57: _ = try scanNumber()
        default: throw malformed("expected a value")
        }
    }

    /// Checks that nothing but white space is left.
    mutating func end() throws(RejectionReason) {
        _ = peek()
        guard position == bytes.count else {
            throw malformed("expected one object on the line and nothing after it")
        }
    }

    private mutating func wrongType(_ path: FieldPath, expected: String) -> RejectionReason {
        let found: String
        switch peek() {
        case UInt8(ascii: "{"): found = "an object"
        case UInt8(ascii: "["): found = "an array"
        case UInt8(ascii: "\""): found = "a text"
        case UInt8(ascii: "t") where stands("true"): found = "true"
        case UInt8(ascii: "f") where stands("false"): found = "false"
        case UInt8(ascii: "n") where stands("null"): found = "null"
        case UInt8(ascii: "-"), 48...57: found = "a number"
        default: return malformed("expected \(expected)")
        }
        return RejectionReason(
            .wrongType,
            column: column,
            field: "\(path)",
            "is \(found); expected \(expected)"
        )
    }

    private func stands(_ literal: StaticString) -> Bool {
        literal.withUTF8Buffer { bytes[position...].starts(with: $0) }
    }

    private mutating func take(literal: StaticString) throws(RejectionReason) {
        guard stands(literal) else { throw malformed("expected \(literal)") }
        position += literal.utf8CodeUnitCount
    }

    private mutating func takeDigits() throws(RejectionReason) {
        let first = position
        while position < bytes.count, (48...57).contains(bytes[position]) {
            position += 1
        }
        guard position > first else { throw malformed("expected a digit") }
    }

    private mutating func scanNumber() throws(RejectionReason) -> Range<Int> {
        let first = position
        if bytes[position] == UInt8(ascii: "-") {
            position += 1
        }
        let digits = position
        try takeDigits()
        guard bytes[digits] != 48 || position == digits + 1 else {
            position = digits
            throw malformed("a number has no leading zero")
        }
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            position += 1
            try takeDigits()
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < bytes.count,
                bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-")
            {
                position += 1
            }
            try takeDigits()
        }
        return first..<position
    }

    /// The string whose opening quote is next.
    private mutating func scanString() throws(RejectionReason) -> String {
        position += 1
        let first = position
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                return text(first..<position - 1)
            case UInt8(ascii: "\\"):
                return try scanEscapedString(from: first)
            case 0..<0x20:
                throw malformed("a control character in a string must be escaped")
            default:
                position += 1
            }
        }
        throw malformed("expected the quote that ends the string")
    }

    private mutating func scanEscapedString(from first: Int) throws(RejectionReason) -> String {
        var unescaped = [UInt8](UnsafeBufferPointer(rebasing: bytes[first..<position]))
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                return String(decoding: unescaped, as: UTF8.self)
            case UInt8(ascii: "\\"):
                unescaped.append(contentsOf: String(try scanEscape()).utf8)
            case 0..<0x20:
                position -= 1
                throw malformed("a control character in a string must be escaped")
            default:
                unescaped.append(byte)
            }
        }
        throw malformed("expected the quote that ends the string")
    }

    /// The character that the escape after the backslash names.
    private mutating func scanEscape() throws(RejectionReason) -> Unicode.Scalar {
        guard position < bytes.count else { throw malformed("expected an escape") }
        position += 1
        switch bytes[position - 1] {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try scanUnicodeEscape()
        default:
            position -= 1
            throw malformed("no such escape in a string")
        }
    }

    private mutating func scanUnicodeEscape() throws(RejectionReason) -> Unicode.Scalar {
        let first = try scanHexadecimal()
        if first == 0 {
            throw RejectionReason(
                .nulByte,
                column: column - 4,
                "a NUL character, which no text has"
            )
        }
        if let scalar = Unicode.Scalar(first) {
            return scalar
        }
        // UTF-16 writes a character beyond the first 65,536 as a high and a low half.
        if first < 0xdc00, position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
            bytes[position + 1] == UInt8(ascii: "u")
        {
            position += 2
            let second = try scanHexadecimal()
            if (0xdc00..<0xe000).contains(second),
                let scalar = Unicode.Scalar(
                    0x10000 + (first - 0xd800) << 10 + (second - 0xdc00)
                )
            {
                return scalar
            }
        }
        throw malformed("half of a surrogate pair")
    }

    private mutating func scanHexadecimal() throws(RejectionReason) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard position < bytes.count,
                let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue
            else { throw malformed("expected four hexadecimal digits") }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }
}
