internal import Documents

/// Reads ``AttributeFilter`` by recursive descent.
struct AttributeFilterParser {
    /// Pub/Sub's limit in bytes, which also bounds the recursion.
    static let maximumLength = 256
    static let maximumDepth = 16

    private let text: [Unicode.Scalar]
    private var position = 0
    private var depth = 0
    private let attributes: [String]?

    /// - Parameters:
    ///   - text: The filter.
    ///   - attributes: The names that there are; nil for any.
    init(_ text: String, attributes: [String]?) {
        self.text = Array(text.unicodeScalars)
        self.attributes = attributes
    }

    mutating func parse() throws(AttributeFilterError) -> AttributeFilter {
        let bytes = text.reduce(0) { $0 + Unicode.UTF8.width($1) }
        guard bytes <= Self.maximumLength else {
            throw AttributeFilterError(
                column: 1,
                message: "the filter has \(bytes) bytes; expected at most \(Self.maximumLength)"
            )
        }
        let filter = try expression()
        skipSpace()
        guard position == text.count else {
            throw mistake("\(found()) cannot follow here; expected AND, OR or the filter's end")
        }
        return filter
    }

    private mutating func expression() throws(AttributeFilterError) -> AttributeFilter {
        var parts = [try term()]
        var joiner: String?
        while true {
            skipSpace()
            let start = position
            let word = peekWord()
            guard word == "AND" || word == "OR" else {
                try refuseOperator(word)
                break
            }
            if let joiner, joiner != word {
                position = start
                throw mistake(
                    "AND and OR are combined; expected parentheses around one of them"
                )
            }
            joiner = word
            position += word.unicodeScalars.count
            parts.append(try term())
        }
        guard let joiner else { return parts[0] }
        return joiner == "AND" ? .all(parts) : .any(parts)
    }

    private mutating func term() throws(AttributeFilterError) -> AttributeFilter {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else {
            throw mistake("the filter is nested deeper than \(Self.maximumDepth) levels")
        }
        skipSpace()
        if take("(") {
            let inner = try expression()
            try expect(")", "a closing parenthesis")
            return inner
        }
        if take("-") {
            guard position < text.count, !text[position].properties.isWhitespace else {
                throw mistake(
                    "'-' is not followed by anything; expected the condition that it "
                        + "negates"
                )
            }
            return .not(try term())
        }
        let word = peekWord()
        switch word {
        case "NOT":
            position += 3
            return .not(try term())
        case "hasPrefix":
            position += word.unicodeScalars.count
            try expect("(", "an opening parenthesis")
            skipSpace()
            guard peekWord() == "attributes" else {
                throw mistake("\(found()) cannot be compared; expected attributes.<name>")
            }
            position += 10
            try expect(".", "'.' and an attribute")
            let key = try attribute()
            try expect(",", "a comma")
            let prefix = try string()
            try expect(")", "a closing parenthesis")
            return .hasPrefix(key, prefix)
        case "attributes":
            position += word.unicodeScalars.count
            return try comparison()
        default:
            if word.lowercased() == "not" || (position < text.count && text[position] == "!") {
                throw mistake("\(found()) is not an operator; expected NOT, in capitals, or '-'")
            }
            let near = nearestName(to: word, in: ["attributes", "hasPrefix"])
            let hint =
                near.map { "; did you mean '\($0)'?" } ?? "; expected attributes.<name>, "
                + "attributes:<name>, hasPrefix(…), NOT, '-' or '('"
            throw mistake("\(found()) cannot begin a condition\(hint)")
        }
    }

    private mutating func comparison() throws(AttributeFilterError) -> AttributeFilter {
        if take(":") { return .present(try attribute()) }
        try expect(".", "'.' or ':' and an attribute")
        let key = try attribute()
        skipSpace()
        if take("!") {
            guard take("=") else {
                throw mistake("\(found()) follows '!'; expected '!='")
            }
            return .not(.equal(key, try string()))
        }
        guard take("=") else {
            let hint = text[position...].starts(with: "<>".unicodeScalars) ? "!=" : "= or !="
            throw mistake("\(found()) follows the attribute; expected \(hint)")
        }
        if position < text.count, text[position] == "=" {
            throw mistake("'==' is not an operator; expected a single =")
        }
        return .equal(key, try string())
    }

    private mutating func attribute() throws(AttributeFilterError) -> String {
        skipSpace()
        let start = position
        let word: String
        if position < text.count, text[position] == "\"" {
            word = try string()
        } else {
            word = peekWord()
            position += word.unicodeScalars.count
        }
        if !word.isEmpty, attributes?.contains(word) ?? true { return word }
        position = start
        let names = attributes ?? []
        let hint =
            names.isEmpty
            ? "expected its name"
            : nearestName(to: word, in: names).map { "did you mean '\($0)'?" }
                ?? "expected one of \(names.joined(separator: ", "))"
        throw mistake(
            word.isEmpty
                ? "an attribute is missing; \(hint)"
                : "there is no attribute "
                    + "'\(word)'; \(hint)"
        )
    }

    private mutating func string() throws(AttributeFilterError) -> String {
        skipSpace()
        let start = position
        guard take("\"") else {
            throw mistake("\(found()) is not a value; expected a text in double quotes")
        }
        var value: [UInt8] = []
        while position < text.count {
            let scalar = text[position]
            position += 1
            if scalar == "\"" {
                guard let text = String(validating: value, as: UTF8.self) else {
                    position = start
                    throw mistake("the text's escapes are not UTF-8")
                }
                return text
            }
            if scalar == "\\" {
                try appendEscape(to: &value)
            } else {
                value.append(contentsOf: String(scalar).utf8)
            }
        }
        position = start
        throw mistake("the text is not closed; expected a double quote")
    }

    /// What follows a backslash: a quote or backslash, `\n`, `\r`, `\t`, a byte as `\xHH` or three
    /// octal digits, or a character as `\uHHHH` or `\UHHHHHHHH`.
    private mutating func appendEscape(to value: inout [UInt8]) throws(AttributeFilterError) {
        let kind = position < text.count ? text[position] : "\0"
        func code(_ count: Int, _ radix: Int, from place: Int) -> UInt32? {
            let digits = text[place...].prefix(count)
            guard digits.count == count, digits.allSatisfy({ $0.properties.isASCIIHexDigit })
            else { return nil }
            return UInt32(String(String.UnicodeScalarView(digits)), radix: radix)
        }
        switch kind {
        case "\"", "\\", "'", "?": value.append(UInt8(kind.value))
        case "n": value.append(10)
        case "r": value.append(13)
        case "t": value.append(9)
        case "x":
            guard let byte = code(2, 16, from: position + 1) else {
                throw mistake("'x' is not followed by two hexadecimal digits; expected \\xHH")
            }
            value.append(UInt8(byte))
            position += 2
        case "0"..."7":
            guard let byte = code(3, 8, from: position), byte < 256 else {
                throw mistake("'\(kind)' is not a byte; expected three octal digits up to 377")
            }
            value.append(UInt8(byte))
            position += 2
        case "u", "U":
            let count = kind == "u" ? 4 : 8
            guard let scalar = code(count, 16, from: position + 1).flatMap(Unicode.Scalar.init)
            else {
                throw mistake("'\(kind)' is not a character; expected \\uHHHH or \\UHHHHHHHH")
            }
            value.append(contentsOf: String(scalar).utf8)
            position += count
        default:
            throw mistake(
                "\(found()) follows a backslash; expected \\\", \\\\, \\n, \\r, \\t, \\xHH, three "
                    + "octal digits, \\uHHHH or \\UHHHHHHHH"
            )
        }
        position += 1
    }

    /// Operators of other languages are recognised, and their counterpart is named.
    private func refuseOperator(_ word: String) throws(AttributeFilterError) {
        switch word.lowercased() {
        case "and", "&&": throw mistake("'\(word)' is not an operator; expected AND, in capitals")
        case "or", "||": throw mistake("'\(word)' is not an operator; expected OR, in capitals")
        case "not": throw mistake("\(found()) cannot follow here; expected AND NOT or OR NOT")
        default: break
        }
    }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard position < text.count, text[position] == scalar else { return false }
        position += 1
        return true
    }

    private mutating func expect(
        _ scalar: Unicode.Scalar,
        _ what: String
    ) throws(AttributeFilterError) {
        skipSpace()
        guard take(scalar) else {
            throw mistake("\(found()) is not expected here; expected \(what)")
        }
    }

    private mutating func skipSpace() {
        while position < text.count, text[position].properties.isWhitespace {
            position += 1
        }
    }

    /// The letters, digits, `_` and `-` from here on, or `&&` and the like.
    private func peekWord() -> String {
        var word = String.UnicodeScalarView()
        word.append(contentsOf: text[position...].prefix(while: Self.isWordPart))
        return String(word)
    }

    static func isWordPart(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isAlphabetic || scalar.properties.numericType != nil
            || scalar == "_" || scalar == "-" || scalar == "&" || scalar == "|"
    }

    private func found() -> String {
        guard position < text.count else { return "the end of the filter" }
        let word = peekWord()
        return word.isEmpty ? "'\(text[position])'" : "'\(word)'"
    }

    private func mistake(_ message: String) -> AttributeFilterError {
        AttributeFilterError(column: position + 1, message: message)
    }
}
