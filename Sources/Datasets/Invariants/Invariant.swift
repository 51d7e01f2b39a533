package import Documents
package import Timekeeping

/// A rule about stored data: an SQL query that returns the rows that violate it.
package struct Invariant: Hashable, Sendable {
    /// How much it matters.
    package enum Severity: String, Hashable, Sendable, CaseIterable {
        /// Someone must act at once.
        case page
        /// Someone must act in working hours.
        case ticket
    }

    package var name: String
    package var severity: Severity
    /// The team that acts.
    package var owner: String
    /// How long after it was written data may still be incomplete.
    package var grace: Duration
    /// Whether it reads the census of the raw events, without which it cannot be checked.
    package var needsCensus = false
    /// What must hold.
    package var description: String
    /// The file, as the user named it.
    package var file: String
    /// The databases that its query is for; nil for any.
    package var dialect: SQLDialect?
    package var query: InvariantQuery

    /// The columns that a query returns, in this order: what violates the rule, and how.
    package static let columns = ["subject", "detail"]

    /// Where the query names its columns, as `file:line:column`.
    package var place: String { "\(file):\(query.line):\(query.column)" }

    /// The most violations that a finding lists; all of them are counted.
    package static let violationLimit = 10_000

    /// The subject that an invariant returns when it needs a census and there is none: it is then
    /// neither violated nor known to hold.
    package static let noCensus = "no census"

    /// The query as a database runs it: at most ``violationLimit`` rows of subject, detail and the
    /// count of all, a row a subject; long texts are cut.
    ///
    /// The text of the file begins on line 2, so line numbers are one too high.
    package func statement(asOf now: Timestamp) -> String {
        statement(cutoff: "(\((now - grace).nanoseconds))")
    }

    /// As ``statement(asOf:)``, with `cutoff` in place of the instant up to which data are
    /// judged.
    package func statement(cutoff: String) -> String {
        let detail = Invariant.cut("CAST(detail AS text)", to: 2000)
        return "SELECT \(Invariant.cut("subject", to: 1000)) AS subject, detail, "
            + "count(*) OVER () AS total FROM ("
            + "SELECT coalesce(CAST(subject AS text), '(null)') AS subject, "
            + "min(\(detail)) AS detail FROM (\n"
            + query.text(cutoff: cutoff)
            + "\n) AS violations GROUP BY 1\(censusCheck)) AS subjects "
            + "ORDER BY subject LIMIT \(Invariant.violationLimit)"
    }

    /// The beginning and the end of a text, which may be of any length.
    private static func cut(_ text: String, to length: Int) -> String {
        "CASE WHEN length(\(text)) > \(length) THEN substr(\(text), 1, \(length - 100)) || '… (' "
            + "|| length(\(text)) || ' characters) …' "
            + "|| substr(\(text), length(\(text)) - 99) ELSE \(text) END"
    }

    private var censusCheck: String {
        guard needsCensus else { return "" }
        return " UNION ALL SELECT '\(Invariant.noCensus)', "
            + "'there is no census of the raw events; name their store with --raw' "
            + "WHERE NOT EXISTS (SELECT 1 FROM raw_census)"
    }
}

/// Which database a query is written for.
package enum SQLDialect: String, Hashable, Sendable, CaseIterable {
    case sqlite
    case postgresql
}

/// Reads the files of invariants: a header of `-- key: value` lines, and a query.
package struct InvariantReader {
    /// A field of the header.
    private enum Field: String, CaseIterable {
        case name
        case severity
        case owner
        case grace
        case needs
        case description

        /// Whether a header may be without it.
        var isOptional: Bool { self == .needs }

        /// What it is expected to be, for messages.
        var expectation: String {
            switch self {
            case .name: "'-- name: <lower-case letters, digits and ->'"
            case .severity:
                "'-- severity: "
                    + Invariant.Severity.allCases.map(\.rawValue).joined(separator: " or ") + "'"
            case .owner: "'-- owner: <team>'"
            case .grace: "'-- grace: <duration, such as 0s or 10m>'"
            case .needs: "'-- needs: census', or no such line"
            case .description: "'-- description: <what must hold>'"
            }
        }
    }

    private struct Entry {
        var value: String
        var place: DocumentPlace
    }

    private let file: String
    private let text: String
    private let log: MistakeLog
    private let header: [Field: Entry]

    private init(_ file: String, _ text: String) {
        self.file = file
        self.text = text
        log = MistakeLog(file: file)
        header = Self.header(of: text, log)
    }

    /// The invariants in `files`, and everything that is wrong with them.
    ///
    /// A file with a mistake gives no invariant; the others do. A second file of a name is one
    /// with a mistake, unless the two are for different databases.
    package static func read(_ files: [(path: String, text: String)]) -> InvariantSet {
        var set = InvariantSet()
        for (path, text) in files {
            let reader = InvariantReader(path, text)
            if let invariant = reader.read() {
                let rival = set.invariants.first {
                    $0.name == invariant.name
                        && ($0.dialect == nil || invariant.dialect == nil
                            || $0.dialect == invariant.dialect)
                }
                if let rival {
                    reader.log.add(
                        "the name \"\(invariant.name)\" is that of \(rival.file) already; "
                            + "expected another one",
                        at: reader.header[.name]?.place ?? .start
                    )
                } else {
                    set.invariants.append(invariant)
                }
            }
            set.mistakes += reader.log.mistakes
            if let name = reader.header[.name]?.value, let first = reader.log.mistakes.first,
                !set.invariants.contains(where: { $0.name == name })
            {
                set.refused.append((name, "\(first)"))
            }
        }
        set.invariants.sort { ($0.name, $0.file) < ($1.name, $1.file) }
        return set
    }

    /// The database that a file is for, by its name: `name.sqlite.sql` or `name.postgresql.sql`.
    static func dialect(of file: String) -> SQLDialect? {
        SQLDialect.allCases.first { file.hasSuffix(".\($0.rawValue).sql") }
    }

    private func read() -> Invariant? {
        for field in Field.allCases where header[field] == nil && !field.isOptional {
            log.add(
                "the header has no \(field.rawValue); expected \(field.expectation)",
                at: .start
            )
        }
        let name = value(.name) { Self.isName($0) ? $0 : nil }
        let severity = value(.severity) { Invariant.Severity(rawValue: $0) }
        let owner = value(.owner) { $0 }
        let grace = value(.grace) { DurationText.parse($0) }
        let needsCensus = value(.needs) { $0 == "census" ? true : nil } ?? false
        let description = value(.description) { $0 }
        let query: InvariantQuery
        do throws(InvariantQuery.Mistake) {
            query = try InvariantQuery(text)
        } catch {
            log.add(error.message, at: DocumentPlace(line: error.line, column: error.column))
            return nil
        }
        guard log.isClean, let name, let severity, let owner, let grace, let description else {
            return nil
        }
        return Invariant(
            name: name,
            severity: severity,
            owner: owner,
            grace: grace,
            needsCensus: needsCensus,
            description: description,
            file: file,
            dialect: Self.dialect(of: file),
            query: query
        )
    }

    private func value<Value>(
        _ field: Field,
        _ parse: (String) -> Value?
    ) -> Value? {
        guard let entry = header[field] else { return nil }
        if !entry.value.isEmpty, let value = parse(entry.value) { return value }
        log.add(
            "\(field.rawValue): \"\(entry.value)\" is not valid; expected \(field.expectation)",
            at: entry.place
        )
        return nil
    }

    private static func isName(_ text: String) -> Bool {
        text.utf8.count <= 63 && text.utf8.first.map { (97...122).contains($0) } == true
            && text.utf8.allSatisfy {
                (97...122).contains($0) || (48...57).contains($0) || $0 == 45
            }
    }

    /// The fields of the comment lines that begin the file; a line that is indented further goes
    /// on with the value of the one before.
    private static func header(of text: String, _ log: MistakeLog) -> [Field: Entry] {
        var fields: [Field: Entry] = [:]
        var last: Field?
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for (index, raw) in lines.enumerated() {
            let line = raw.hasSuffix("\r") ? raw.dropLast() : raw
            guard line.hasPrefix("--") else { break }
            let content = line.dropFirst(2)
            let said = content.drop { $0 == " " || $0 == "\t" }
            let place = DocumentPlace(line: index + 1, column: 3 + content.count - said.count)
            if content.hasPrefix("  "), let last {
                fields[last]?.value += " " + said
                continue
            }
            guard !said.isEmpty else { continue }
            guard let colon = said.firstIndex(of: ":") else {
                log.add("\"\(said)\" is not a field; expected '-- key: value'", at: place)
                continue
            }
            let key = String(said[..<colon])
            let value = said[said.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            guard let field = Field(rawValue: key) else {
                let known = Field.allCases.map(\.rawValue)
                log.add(
                    "there is no field \"\(key)\"; expected \(known.joined(separator: ", "))"
                        + suggestion(for: key, in: known),
                    at: place
                )
                last = nil
                continue
            }
            if fields[field] != nil {
                log.add("\(key) is given twice; expected it once", at: place)
            }
            fields[field] = Entry(value: String(value), place: place)
            last = field
        }
        return fields
    }
}

/// The invariants of some files.
package struct InvariantSet: Sendable {
    /// Those without a mistake, by name.
    package var invariants: [Invariant] = []
    /// All mistakes of all files.
    package var mistakes: [Mistake] = []
    /// The names of invariants whose files have mistakes, each with its first one.
    package var refused: [(name: String, reason: String)] = []

    package init() {}

    /// The invariants of the set that are for databases of `dialect`.
    package func only(for dialect: SQLDialect) -> InvariantSet {
        var set = self
        set.invariants.removeAll { $0.dialect != nil && $0.dialect != dialect }
        return set
    }
}
