internal import Datasets
internal import Stages
internal import Timekeeping

/// What the database knows of invariants and keeps of their snapshot, within a transaction of the
/// caller's.
struct SnapshotRows {
    private let line: PostgreSQLLine
    private let flaws: DamagedValues

    /// What cannot be read goes into `flaws`.
    init(_ line: PostgreSQLLine, notingIn flaws: DamagedValues) {
        self.line = line
        self.flaws = flaws
    }

    /// Whether nobody else refreshes until the transaction ends.
    static let lock = Statement(
        name: "refresh_lock",
        sql: "SELECT dataset_invariants_lock()"
    )

    // MARK: - Reading

    func standings() throws(StoreError) -> [InvariantSnapshot.Standing] {
        try line.query(
            SnapshotStatement.standings,
            notingIn: flaws
        ) { row throws(StoreError) in
            InvariantSnapshot.Standing(
                invariant: try row.text(0),
                severity: try row.text(1),
                owner: try row.text(2),
                description: try row.text(3),
                count: try row.count(4),
                refreshed: try row.optionalInstant(5),
                took: try row.span(6),
                failures: try row.count(7),
                failure: try row.optionalText(8)
            )
        }
    }

    func snapshot() throws(StoreError) -> InvariantSnapshot {
        InvariantSnapshot(
            standings: try standings(),
            anomalies: try line.query(
                SnapshotStatement.anomalies,
                notingIn: flaws
            ) { row throws(StoreError) in
                InvariantSnapshot.Anomaly(
                    invariant: try row.text(0),
                    subject: try row.text(1),
                    detail: try row.text(3),
                    firstSeen: try row.instant(2),
                    lastSeen: try row.instant(4),
                    gone: try row.optionalInstant(5)
                )
            }
        )
    }

    // MARK: - Writing

    /// Makes the invariants of `set` those that a refresh looks at, and forgets all others; one
    /// that has one of `flaws` is not looked at, and told with it.
    func install(_ set: InvariantSet, flaws: [String: String]) throws(StoreError) {
        let names = set.invariants.map(\.name) + set.refused.map(\.name)
        try run(SnapshotStatement.forget, [.text(names.joined(separator: ","))])
        for invariant in set.invariants {
            let flaw = flaws[invariant.name]
            try run(
                SnapshotStatement.install,
                [
                    .text(invariant.name), .text(invariant.severity.rawValue),
                    .text(invariant.owner), .text(invariant.description), .text(invariant.file),
                    .integer(invariant.grace.inNanoseconds),
                    flaw == nil ? .text(invariant.statement(cutoff: "($1)")) : .null,
                    flaw.map(Parameter.text) ?? .null,
                ]
            )
        }
        for (name, reason) in set.refused {
            try run(SnapshotStatement.refuse, [.text(name), .text(reason)])
        }
    }

    /// Looks at what is installed, and replaces the snapshot.
    func refresh(at now: Timestamp) throws(StoreError) {
        try run(SnapshotStatement.refresh, [.integer(now.nanoseconds)])
    }

    private func run(_ statement: Statement, _ values: [Parameter]) throws(StoreError) {
        _ = try line.query(statement, values) { _ in }
    }
}

/// The texts of ``SnapshotRows``.
private enum SnapshotStatement {
    static let standings = Statement(
        name: "standings",
        sql: """
            SELECT invariant, severity, owner, description, anomalies, refreshed_ns, took_ns,
                failures, failure
            FROM dataset_invariants ORDER BY invariant
            """,
        table: "dataset_invariants",
        keys: 1
    )

    static let anomalies = Statement(
        name: "anomalies",
        sql: """
            SELECT invariant, subject, first_seen_ns, detail, last_seen_ns, gone_ns
            FROM dataset_anomalies ORDER BY invariant, subject, first_seen_ns
            """,
        table: "dataset_anomalies",
        keys: 3
    )

    /// The names, which have no commas, are one text with commas between them.
    static let forget = Statement(
        name: "forget_invariants",
        sql: """
            WITH forgotten AS (
                DELETE FROM dataset_invariants
                WHERE invariant <> ALL (string_to_array($1, ',')) RETURNING invariant
            )
            DELETE FROM dataset_anomalies USING forgotten
            WHERE dataset_anomalies.invariant = forgotten.invariant
            """
    )

    static let install = Statement(
        name: "install_invariant",
        sql: """
            INSERT INTO dataset_invariants AS kept (invariant, severity, owner, description, file,
                grace_ns, query, flaw, anomalies, took_ns, failures)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, 0)
            ON CONFLICT (invariant) DO UPDATE SET severity = excluded.severity,
                owner = excluded.owner, description = excluded.description, file = excluded.file,
                grace_ns = excluded.grace_ns, query = excluded.query, flaw = excluded.flaw
            """
    )

    static let refuse = Statement(
        name: "refuse_invariant",
        sql: """
            INSERT INTO dataset_invariants AS kept (invariant, severity, owner, description, flaw,
                anomalies, took_ns, failures)
            VALUES ($1, '', '', '', $2, 0, 0, 0)
            ON CONFLICT (invariant) DO UPDATE SET query = NULL, flaw = excluded.flaw
            """
    )

    static let refresh = Statement(
        name: "refresh_invariants",
        sql: "SELECT dataset_invariants_refresh($1)"
    )
}
