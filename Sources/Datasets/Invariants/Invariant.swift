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
    package static let offenderLimit = 10_000

    /// The subject that an invariant returns when it needs a census and there is none: it is then
    /// neither violated nor known to hold.
    package static let noCensus = "no census"

    /// The query as a database runs it: at most ``offenderLimit`` rows of subject, detail and the
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
            + "\n) AS offenders GROUP BY 1\(censusCheck)) AS subjects "
            + "ORDER BY subject LIMIT \(Invariant.offenderLimit)"
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
