internal import Commerce
internal import Documents

/// Reads ``AttributeFilter`` by recursive descent.
struct AttributeFilterParser {
    /// Pub/Sub's limit, which also bounds the recursion.
    static let maximumLength = 256
    static let maximumDepth = 16

    private let text: [Unicode.Scalar]
    private var position = 0
    private var depth = 0

    init(_ text: String) {
        self.text = Array(text.unicodeScalars)
    }

    mutating func parse() throws(AttributeFilterError) -> AttributeFilter {
        guard text.count <= Self.maximumLength else {
            throw AttributeFilterError(
                column: Self.maximumLength + 1,
                message: "the filter has \(text.count) characters; expected at most "
                    + "\(Self.maximumLength)"
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
                if ["and", "or", "not", "&&", "||"].contains(word.lowercased()) {
                    throw mistake("'\(word)' is no operator; expected AND or OR, in capitals")
                }
                break
            }
            if let joiner, joiner != word {
                position = start
                throw mistake(
                    "AND and OR stand side by side; expected parentheses round one of them"
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
            let near = nearestName(to: word, in: ["attributes", "hasPrefix", "NOT"])
            let hint =
                near.map { "; did you mean '\($0)'?" } ?? "; expected attributes.<name>, "
                + "attributes:<name>, hasPrefix(…), NOT or '('"
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
            throw mistake("\(found()) follows the attribute; expected = or !=")
        }
        if position < text.count, text[position] == "=" {
            throw mistake("'==' is no operator; expected a single =")
        }
        return .equal(key, try string())
    }

    private mutating func attribute() throws(AttributeFilterError) -> AttributeFilter.Attribute {
        skipSpace()
        let start = position
        let word: String
        if position < text.count, text[position] == "\"" {
            word = try string()
        } else {
            word = peekWord()
            position += word.unicodeScalars.count
        }
        if let known = AttributeFilter.Attribute(rawValue: word) { return known }
        position = start
        let names = AttributeFilter.Attribute.allCases.map(\.rawValue)
        let hint =
            nearestName(to: word, in: names).map { "did you mean '\($0)'?" }
            ?? "expected one of \(names.joined(separator: ", "))"
        throw mistake(
            word.isEmpty
                ? "no attribute is named; \(hint)"
                : "there is no attribute "
                    + "'\(word)'; \(hint)"
        )
    }

    private mutating func string() throws(AttributeFilterError) -> String {
        skipSpace()
        let start = position
        guard take("\"") else {
            throw mistake("\(found()) is no value; expected a text in double quotes")
        }
        var value = String.UnicodeScalarView()
        while position < text.count {
            let scalar = text[position]
            position += 1
            if scalar == "\"" { return String(value) }
            guard scalar == "\\" else {
                value.append(scalar)
                continue
            }
            guard position < text.count, text[position] == "\"" || text[position] == "\\" else {
                throw mistake("\(found()) follows a backslash; expected \\\" or \\\\")
            }
            value.append(text[position])
            position += 1
        }
        position = start
        throw mistake("the text has no end; expected a closing double quote")
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
        guard take(scalar) else { throw mistake("\(found()) stands here; expected \(what)") }
    }

    private mutating func skipSpace() {
        while position < text.count, text[position].properties.isWhitespace {
            position += 1
        }
    }

    /// The letters, digits, `_` and `-` from here on, or `&&` and the like.
    private func peekWord() -> String {
        var word = String.UnicodeScalarView()
        for scalar in text[position...] {
            let isPart =
                scalar.properties.isAlphabetic || scalar.properties.numericType != nil
                || scalar == "_" || scalar == "-" || scalar == "&" || scalar == "|"
            guard isPart else { break }
            word.append(scalar)
        }
        return String(word)
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
