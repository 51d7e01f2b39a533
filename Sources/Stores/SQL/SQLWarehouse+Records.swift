internal import Commerce
package import Datasets
package import Storage
package import Timekeeping

// MARK: - Deployments

extension SQLWarehouse {
    package func deployments() async throws -> [Deployment] {
        try await read { [damage] session in
            try session.map(RecordStatement.deployments, notingIn: damage) { row in
                Deployment(
                    version: try row.text(1),
                    marked: try row.instant(0),
                    settle: try row.span(2),
                    judged: try row.optionalInstant(3)
                )
            }
        }
    }

    package func mark(_ deployment: Deployment) async throws {
        try await write { session in
            try session.run(
                RecordStatement.mark,
                [
                    .integer(deployment.marked.nanoseconds), .text(deployment.version),
                    .integer(deployment.settle.inNanoseconds), SQLValue(deployment.judged),
                ]
            )
        }
    }

    package func judge(
        deploymentMarkedAt marked: Timestamp,
        at instant: Timestamp
    ) async throws {
        try await write { session in
            try session.run(
                RecordStatement.judge,
                [.integer(marked.nanoseconds), .integer(instant.nanoseconds)]
            )
        }
    }
}

// MARK: - Invariants

extension SQLWarehouse {
    package func standings() async throws -> [InvariantSnapshot.Standing] {
        try await read { [damage] in try $0.standings(notingIn: damage) }
    }

    package func snapshot() async throws -> InvariantSnapshot {
        try await read { [damage] in try $0.snapshot(notingIn: damage) }
    }

    package func censusTime() async throws -> Timestamp? {
        try await read { session in
            try session.map(RecordStatement.censusTime) { try $0.instant(0) }.first
        }
    }
}

extension SQLSession {
    /// How each invariant stood at the last refresh.
    func standings(notingIn damage: DamagedValues) throws -> [InvariantSnapshot.Standing] {
        try map(RecordStatement.standings, notingIn: damage) { row in
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

    /// What the last refresh found.
    package func snapshot(notingIn damage: DamagedValues) throws -> InvariantSnapshot {
        InvariantSnapshot(
            standings: try standings(notingIn: damage),
            anomalies: try map(RecordStatement.anomalies, notingIn: damage) { row in
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
}

// MARK: - Census

extension SQLWarehouse {
    package func censusBasis() async throws(StoreError) -> CensusBasis {
        try await read { [damage] session in
            func number(_ statement: SQLStatement) throws -> Int64 {
                try session.map(statement) { try $0.optionalInteger(0) ?? 0 }.first ?? 0
            }
            var dropped = IntervalSet()
            try session.forEach(RecordStatement.dropped, [], notingIn: damage) { row in
                let first = try row.integer(1)
                dropped.insert(first...max(first, try row.integer(2)))
            }
            return CensusBasis(
                subscriptions: try session.map(RecordStatement.subscriptions) { try $0.text(0) },
                letters: try session.map(RecordStatement.letters, notingIn: damage) { row in
                    CensusBasis.Letter(
                        subscription: try row.text(0),
                        source: try row.text(1),
                        id: try row.text(2)
                    )
                },
                counted: try CountingRows(session).counted(.all),
                replayed: try number(RecordStatement.replayed),
                recorded: try number(RecordStatement.recorded(Session.dialect)),
                dropped: dropped
            )
        }
    }

    package func replaceCensus(by census: RawCensus) async throws(StoreError) {
        try await write { session in
            for (table, rows) in census.rows {
                try session.run("DELETE FROM \(table.table)")
                try session.insert(rows, into: table)
            }
        }
    }
}

extension RawCensus {
    /// What is stored of it, table by table.
    fileprivate var rows: [(SQLInsert, [[SQLValue]])] {
        [
            (
                SQLInsert(
                    "raw_census",
                    ["taken_ns", "events", "recorded", "counted", "unstored", "settled_ns"]
                ),
                [
                    [taken.nanoseconds, events, recorded, counted, unstored, settled.nanoseconds]
                        .map(SQLValue.integer)
                ]
            ),
            (
                SQLInsert("raw_census_hours", ["start_ns", "currency"] + WindowCell.columns),
                hours.map { key, sum -> [SQLValue] in
                    [.integer(key.start.nanoseconds), .text(key.currency)]
                        + sum.values.map(SQLValue.integer)
                }
            ),
            (
                SQLInsert(
                    "raw_census_sources",
                    [
                        "source", "events", "sequences", "last_sequence", "first_gap", "refused",
                        "latest_ns",
                    ]
                ),
                sources.map { source -> [SQLValue] in
                    [
                        .key(source.source), .integer(source.events), SQLValue(source.sequences),
                        SQLValue(source.lastSequence), SQLValue(source.firstGap),
                        .integer(source.refused), .integer(source.latest.nanoseconds),
                    ]
                }
            ),
            (
                SQLInsert(
                    "raw_census_refunds",
                    [
                        "source", "transaction_id", "currency", "purchases", "purchased",
                        "refunded", "latest_ns",
                    ]
                ),
                refunds.map { refund -> [SQLValue] in
                    [
                        .key(refund.source), .key(refund.transaction), .text(refund.currency),
                        .integer(refund.purchases), .integer(refund.purchased),
                        .integer(refund.refunded), .integer(refund.latest.nanoseconds),
                    ]
                }
            ),
            (
                SQLInsert("raw_census_findings", ["kind", "subject", "detail"]),
                findings.map { finding -> [SQLValue] in
                    [.text(finding.kind.rawValue), .text(finding.subject), .text(finding.detail)]
                }
            ),
        ]
    }
}

private enum RecordStatement {
    static let dropped = SQLStatement(
        """
        SELECT subscription, first_position, last_position FROM dropped_messages
        WHERE subscription IN (SELECT subscription FROM counting_owners)
        ORDER BY subscription, first_position
        """,
        of: "dropped_messages"
    )

    static let deployments = SQLStatement(
        "SELECT marked_ns, version, settle_ns, judged_ns FROM deployments ORDER BY marked_ns",
        of: "deployments",
        keys: 1
    )

    static let mark: SQLStatement = """
        INSERT INTO deployments (marked_ns, version, settle_ns, judged_ns)
        VALUES ($1, $2, $3, $4)
        """

    static let judge: SQLStatement =
        "UPDATE deployments SET judged_ns = $2 WHERE marked_ns = $1 AND judged_ns IS NULL"

    static let standings = SQLStatement(
        """
        SELECT invariant, severity, owner, description, anomalies, refreshed_ns, took_ns,
            failures, failure
        FROM dataset_invariants ORDER BY invariant
        """,
        of: "dataset_invariants",
        keys: 1
    )

    static let anomalies = SQLStatement(
        """
        SELECT invariant, subject, first_seen_ns, detail, last_seen_ns, gone_ns
        FROM dataset_anomalies ORDER BY invariant, subject, first_seen_ns
        """,
        of: "dataset_anomalies",
        keys: 3
    )

    static let censusTime = SQLStatement("SELECT taken_ns FROM raw_census", of: "raw_census")

    static let subscriptions = SQLStatement(
        """
        SELECT subscription FROM watermarks
        UNION SELECT subscription FROM counted_events
        UNION SELECT dataset_name FROM dataset_entries WHERE kind = 'derivative'
        ORDER BY 1
        """,
        of: "watermarks, counted_events or dataset_entries"
    )

    static let letters = SQLStatement(
        // What was replayed with success is where it belongs; open and discarded ones are not.
        """
        SELECT DISTINCT subscription, source, id FROM dead_letters
        WHERE decided_ns IS NULL OR outcome IS NULL OR outcome = 'failed' ORDER BY 1, 2, 3
        """,
        of: "dead_letters",
        keys: 3
    )

    static let replayed = SQLStatement("SELECT count(*) FROM counted_events", of: "counted_events")

    static func recorded(_ dialect: SQLDialect) -> SQLStatement {
        SQLStatement(
            """
            SELECT \(dialect.sum("num_records")) AS num_records
            FROM dataset_statistics JOIN dataset_entries USING (dataset_id) WHERE kind = 'root'
            """,
            of: "dataset_statistics"
        )
    }
}
