internal import Commerce
package import Stages
internal import Timekeeping

extension PostgreSQLWarehouse: CensusStore {
    package func censusBasis() async throws(StoreError) -> CensusBasis {
        try await reports.run { [flaws] line throws(StoreError) in
            try line.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            let subscriptions = try line.query(
                CensusStatement.subscriptions
            ) { row throws(StoreError) in
                try row.text(0)
            }
            let letters = try line.query(
                CensusStatement.letters,
                notingIn: flaws
            ) { row throws(StoreError) in
                CensusBasis.Letter(
                    subscription: try row.text(0),
                    source: try row.text(1),
                    id: try row.text(2)
                )
            }
            let numbers = try line.query(CensusStatement.numbers) { row throws(StoreError) in
                (
                    counted: try row.integer(0), replayed: try row.integer(1),
                    recorded: try row.integer(2)
                )
            }
            try line.execute("COMMIT")
            return CensusBasis(
                subscriptions: subscriptions,
                letters: letters,
                counted: numbers.first?.counted ?? 0,
                replayed: numbers.first?.replayed ?? 0,
                recorded: numbers.first?.recorded ?? 0
            )
        }
    }

    package func replaceCensus(by census: RawCensus) async throws(StoreError) {
        try await reports.run { line throws(StoreError) in
            let tables = ["", "_hours", "_sources", "_refunds", "_findings"].map {
                "raw_census\($0)"
            }
            let steps =
                tables.map { "DELETE FROM \($0)" }
                + tables.map { "COPY \($0) FROM STDIN (FORMAT binary)" }
            try line.execute(
                // One after the other: of two that delete, each would keep what the other stores.
                "BEGIN; LOCK TABLE raw_census IN SHARE ROW EXCLUSIVE MODE; "
                    + "\(steps.joined(separator: "; ")); COMMIT",
                copying: [
                    { CensusRows.whole(census) }, { CensusRows.hours(census) },
                    { CensusRows.sources(census) }, { CensusRows.refunds(census) },
                    { CensusRows.findings(census) },
                ]
            )
        }
    }
}

/// What is asked for a census.
private enum CensusStatement {
    static let subscriptions = Statement(
        name: "census_subscriptions",
        sql: """
            SELECT subscription FROM watermarks
            UNION SELECT subscription FROM counted_events
            UNION SELECT dataset_name FROM dataset_entries WHERE kind = 'derivative'
            ORDER BY 1
            """,
        table: "watermarks, counted_events or dataset_entries"
    )

    static let letters = Statement(
        name: "census_letters",
        sql: "SELECT subscription, source, id FROM dead_letters ORDER BY 1, 2, 3",
        table: "dead_letters",
        keys: 3
    )

    static let numbers = Statement(
        name: "census_numbers",
        sql: """
            SELECT
                (SELECT coalesce(sum(\(EventName.allCases.map(\.ga4).joined(separator: " + "))), 0)
                    FROM window_aggregates WHERE grain = 'all' AND category = '')::bigint,
                (SELECT count(*) FROM counted_events),
                (SELECT coalesce(sum(num_records), 0) FROM dataset_statistics
                    JOIN dataset_entries USING (dataset_id) WHERE kind = 'root')::bigint
            """,
        table: "window_aggregates or dataset_statistics"
    )
}

/// A census as rows of its tables.
private enum CensusRows {
    static func whole(_ census: RawCensus) -> CopyRows {
        var rows = CopyRows(columns: 6)
        rows.beginRow()
        for number in [
            census.taken.nanoseconds, census.events, census.recorded, census.counted,
            census.unstored, census.settled.nanoseconds,
        ] {
            rows.append(number)
        }
        return rows
    }

    static func hours(_ census: RawCensus) -> CopyRows {
        var rows = CopyRows(columns: EventName.allCases.count + 6)
        for (key, sum) in census.hours {
            rows.beginRow()
            rows.append(key.start.nanoseconds)
            rows.append(key.currency)
            for name in EventName.allCases { rows.append(sum[name]) }
            for number in [sum.units, sum.revenue, sum.refunded, sum.orderParts] {
                rows.append(number)
            }
        }
        return rows
    }

    static func sources(_ census: RawCensus) -> CopyRows {
        var rows = CopyRows(columns: 7)
        for source in census.sources {
            rows.beginRow()
            rows.append(key: source.source)
            rows.append(source.events)
            for number in [source.sequences, source.lastSequence, source.firstGap] {
                if let number { rows.append(number) } else { rows.appendNull() }
            }
            rows.append(source.refused)
            rows.append(source.latest.nanoseconds)
        }
        return rows
    }

    static func refunds(_ census: RawCensus) -> CopyRows {
        var rows = CopyRows(columns: 7)
        for refund in census.refunds {
            rows.beginRow()
            rows.append(key: refund.source)
            rows.append(key: refund.transaction)
            rows.append(refund.currency)
            for number in [refund.purchases, refund.purchased, refund.refunded] {
                rows.append(number)
            }
            rows.append(refund.latest.nanoseconds)
        }
        return rows
    }

    static func findings(_ census: RawCensus) -> CopyRows {
        var rows = CopyRows(columns: 3)
        for finding in census.findings {
            rows.beginRow()
            rows.append(finding.kind.rawValue)
            rows.append(finding.subject)
            rows.append(finding.detail)
        }
        return rows
    }
}
