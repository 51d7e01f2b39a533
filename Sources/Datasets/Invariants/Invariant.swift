package import Timekeeping

/// Something that must hold of what is stored, as a query for what offends against it.
package struct Invariant: Hashable, Sendable {
    /// How much it matters.
    package enum Severity: String, Hashable, Sendable, CaseIterable {
        /// Somebody has to look at once.
        case page
        /// Somebody has to look in working hours.
        case ticket
    }

    package var name: String
    package var severity: Severity
    /// The team that has to look.
    package var owner: String
    /// How long what was written may be unfinished before it is judged.
    package var grace: Duration
    /// Whether it looks at the census of the raw events, and says nothing without one.
    package var needsCensus: Bool
    /// What must hold.
    package var description: String
    /// The file, as the user named it.
    package var file: String
    /// The databases that its query is for; nil for any.
    package var dialect: SQLDialect?
    package var query: InvariantQuery

    package init(
        name: String,
        severity: Severity,
        owner: String,
        grace: Duration,
        needsCensus: Bool = false,
        description: String,
        file: String,
        dialect: SQLDialect? = nil,
        query: InvariantQuery
    ) {
        self.name = name
        self.severity = severity
        self.owner = owner
        self.grace = grace
        self.needsCensus = needsCensus
        self.description = description
        self.file = file
        self.dialect = dialect
        self.query = query
    }

    /// The columns that a query returns, in this order: who offends, and in what way.
    package static let columns = ["subject", "detail"]

    /// Where the query names its columns, as `file:line:column`.
    package var place: String { "\(file):\(query.line):\(query.column)" }

    /// As many offenders as a finding holds one by one; all of them are counted.
    package static let offenderLimit = 10_000

    /// The subject of what an invariant that needs a census says where there is none: neither that
    /// anything offends nor that nothing does.
    package static let noCensus = "no census"

    /// The query as a database runs it: at most ``offenderLimit`` rows of subject, detail and the
    /// count of all, a row a subject; long texts are cut.
    ///
    /// The text of the file begins on line 2, so that line numbers are one too many.
    package func statement(asOf now: Timestamp) -> String {
        statement(cutoff: "(\((now - grace).nanoseconds))")
    }

    /// As ``statement(asOf:)``, with `cutoff` in the place of the instant up to which things are
    /// judged.
    package func statement(cutoff: String) -> String {
        let detail = Invariant.cut("CAST(detail AS text)", to: 2000)
        return "SELECT \(Invariant.cut("subject", to: 1000)) AS subject, detail, "
            + "count(*) OVER () AS total FROM ("
            + "SELECT coalesce(CAST(subject AS text), '(null)') AS subject, "
            + "min(\(detail)) AS detail FROM (\n"
            + query.text(cutoff: cutoff)
            + "\n) AS offenders GROUP BY 1\(censusCheck)) AS subjects "
            + "ORDER BY subject LIMIT \(Invariant.offenderLimit)"
    }

    /// The beginning and the end of a text: what a query finds may be of any length.
    private static func cut(_ text: String, to length: Int) -> String {
        "CASE WHEN length(\(text)) > \(length) THEN substr(\(text), 1, \(length - 100)) || '… (' "
            + "|| length(\(text)) || ' characters) …' "
            + "|| substr(\(text), length(\(text)) - 99) ELSE \(text) END"
    }

    private var censusCheck: String {
        guard needsCensus else { return "" }
        return " UNION ALL SELECT '\(Invariant.noCensus)', "
            + "'nothing is known of the raw events; name their store with --raw' "
            + "WHERE NOT EXISTS (SELECT 1 FROM raw_census)"
    }
}

/// Which database a query is written for.
package enum SQLDialect: String, Hashable, Sendable, CaseIterable {
    case sqlite
    case postgresql
}
