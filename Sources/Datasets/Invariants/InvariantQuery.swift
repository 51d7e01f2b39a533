package import Timekeeping

/// The text of an invariant's file, read only as far as is needed to run it: where strings and
/// comments end, where the statement does, and where the cutoff belongs.
package struct InvariantQuery: Hashable, Sendable {
    /// A part of the text.
    private enum Part: Hashable {
        case text(String)
        /// Where the query uses the cutoff.
        case cutoff
    }

    /// A mistake in the text.
    package struct Mistake: Error, Hashable, Sendable {
        /// From 1.
        package var line: Int
        package var column: Int
        package var message: String
    }

    private var parts: [Part]
    /// Where the `SELECT` is that names the columns, from 1.
    package private(set) var line = 1
    package private(set) var column = 1

    /// The parameter for the instant, in nanoseconds since the epoch, up to which data
    /// are judged: now less the grace period.
    package static let cutoffName = "cutoff_ns"

    /// The query in `text`.
    ///
    /// - Throws: ``Mistake`` if it is not one query, or names another value than the cutoff.
    package init(_ text: String) throws(Mistake) {
        var scanner = QueryScanner(text)
        var parts: [Part] = []
        var pending = ""
        var firstWord: String?
        var select: QueryScanner.Token?
        var depth = 0
        var end: QueryScanner.Token?
        while let token = try scanner.next() {
            switch token.kind {
            case .space:
                pending += token.text
                continue
            case .semicolon:
                guard firstWord != nil else { break }
                // The statement becomes a part of another one, which ends elsewhere.
                if end == nil {
                    end = token
                    pending += " "
                    continue
                }
            case .value(let name):
                guard name == InvariantQuery.cutoffName else {
                    throw token.mistake(
                        "there is no value :\(name); expected :\(InvariantQuery.cutoffName) alone, "
                            + "the instant up to which data are judged"
                    )
                }
                parts += [.text(pending), .cutoff]
                pending = ""
                continue
            case .word, .other: break
            }
            if end != nil {
                throw token.mistake("there is more after the ';'; expected one query in a file")
            }
            if firstWord == nil {
                guard case .word = token.kind,
                    ["select", "with"].contains(token.text.lowercased())
                else {
                    throw token.mistake(
                        "the statement begins with \"\(token.text)\"; expected a query, SELECT or "
                            + "WITH, because invariants only read"
                    )
                }
                firstWord = token.text
            }
            switch token.text {
            case "(": depth += 1
            case ")": depth -= 1
            default:
                if depth == 0, select == nil, token.text.lowercased() == "select" { select = token }
            }
            pending += token.text
        }
        guard firstWord != nil else {
            throw Mistake(line: 1, column: 1, message: "there is no query; expected a SELECT")
        }
        self.parts = parts + [.text(pending)]
        if let select { (line, column) = (select.line, select.column) }
    }

    /// The query with `cutoff` where it names it, line for line as it was written.
    package func text(cutoff: Timestamp) -> String {
        text(cutoff: "(\(cutoff.nanoseconds))")
    }

    /// The query with the text `cutoff` where it names the cutoff.
    func text(cutoff: String) -> String {
        parts.map { part in
            switch part {
            case .text(let text): text
            case .cutoff: cutoff
            }
        }.joined()
    }
}

/// Cuts SQL into strings, comments, words and the rest.
private struct QueryScanner {
    struct Token {
        enum Kind {
            /// White space and comments.
            case space
            case word
            case semicolon
            /// `:name`, outside strings.
            case value(String)
            case other
        }

        var kind: Kind
        var text: String
        var line: Int
        var column: Int

        func mistake(_ message: String) -> InvariantQuery.Mistake {
            InvariantQuery.Mistake(line: line, column: column, message: message)
        }
    }

    private let scalars: [Unicode.Scalar]
    private var index = 0
    private var line = 1
    private var column = 1

    init(_ text: String) {
        scalars = Array(text.unicodeScalars)
    }

    mutating func next() throws(InvariantQuery.Mistake) -> Token? {
        guard index < scalars.count else { return nil }
        let start = index
        let (line, column) = (line, column)
        let kind: Token.Kind
        switch scalars[index] {
        case " ", "\t", "\n", "\r":
            advance { Self.isSpace($0) }
            kind = .space
        case "-" where peek(1) == "-":
            advance { $0 != "\n" }
            kind = .space
        case "/" where peek(1) == "*":
            try skip(past: "*/", named: "comment", from: 2)
            kind = .space
        case let quote where quote == "'" || quote == "\"":
            try skip(past: String(quote), named: "quote", from: 1)
            kind = .other
        case "$":
            try skipDollarQuote()
            kind = .other
        case ";":
            step()
            kind = .semicolon
        case ":" where peek(1).map(Self.isLetter) == true:
            step()
            advance { Self.isInWord($0) }
            kind = .value(text(from: start + 1))
        case ":":
            // A cast has two of them.
            advance { $0 == ":" }
            kind = .other
        case let letter where Self.isInWord(letter):
            advance { Self.isInWord($0) }
            kind = .word
        default:
            step()
            kind = .other
        }
        return Token(kind: kind, text: text(from: start), line: line, column: column)
    }

    private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        [" ", "\t", "\n", "\r"].contains(scalar)
    }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar.properties.isAlphabetic
    }

    private static func isInWord(_ scalar: Unicode.Scalar) -> Bool {
        isLetter(scalar) || ("0"..."9").contains(scalar)
    }

    private func peek(_ distance: Int) -> Unicode.Scalar? {
        index + distance < scalars.count ? scalars[index + distance] : nil
    }

    private func text(from start: Int) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars[start..<index])
        return String(view)
    }

    private mutating func step() {
        if scalars[index] == "\n" {
            (line, column) = (line + 1, 1)
        } else {
            column += 1
        }
        index += 1
    }

    private mutating func advance(while condition: (Unicode.Scalar) -> Bool) {
        while index < scalars.count, condition(scalars[index]) { step() }
    }

    /// Goes on after the next `end`, past the first `head` scalars.
    private mutating func skip(
        past end: String,
        named what: String,
        from head: Int
    ) throws(InvariantQuery.Mistake) {
        let mistake = InvariantQuery.Mistake(
            line: line,
            column: column,
            message: "the \(what) is not closed"
        )
        let end = Array(end.unicodeScalars)
        for _ in 0..<head { step() }
        while index + end.count <= scalars.count {
            if Array(scalars[index..<index + end.count]) == end {
                for _ in end { step() }
                return
            }
            step()
        }
        throw mistake
    }

    /// PostgreSQL's `$tag$ … $tag$`; any other `$` is an ordinary character.
    private mutating func skipDollarQuote() throws(InvariantQuery.Mistake) {
        var end = index + 1
        while end < scalars.count, Self.isInWord(scalars[end]) { end += 1 }
        guard end < scalars.count, scalars[end] == "$" else { return step() }
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars[index...end])
        try skip(past: String(view), named: "quote", from: end + 1 - index)
    }
}

/// Why a database refuses the query of an invariant.
package struct QueryMistake: Error, Hashable, Sendable, CustomStringConvertible {
    /// `file:line:column: what is wrong; what was expected`.
    package let description: String

    /// What the database `said`, about this line of the file, from 1.
    package init(_ invariant: Invariant, line: Int, said: String) {
        description =
            "\(invariant.file):\(line):1: the database refuses the query (\(said)); expected one "
            + "that reads what a warehouse has"
    }

    /// A query with `columns`.
    package init(_ invariant: Invariant, columns: [String]) {
        description =
            "\(invariant.place): the query returns \(columns.joined(separator: ", ")); expected "
            + "the columns \(Invariant.columns.joined(separator: ", "))"
    }
}
