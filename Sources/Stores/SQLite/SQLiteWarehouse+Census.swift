internal import Commerce
internal import GRDB
package import Stages
internal import Timekeeping

extension SQLiteWarehouse: CensusStore {
    package func censusBasis() async throws(StoreError) -> CensusBasis {
        try await file.read { [file] database in
            func number(_ table: String, _ sql: String) throws -> Int64 {
                try RowReader(database, StoredTable(table, keys: 0), sql).first { row in
                    try row.optionalInteger(0) ?? 0
                } ?? 0
            }
            let names = EventName.allCases.map(\.ga4).joined(separator: " + ")
            return CensusBasis(
                subscriptions: try RowReader(
                    database,
                    StoredTable("watermarks, counted_events or dataset_entries", keys: 0),
                    """
                    SELECT subscription FROM watermarks
                    UNION SELECT subscription FROM counted_events
                    UNION SELECT dataset_name FROM dataset_entries WHERE kind = 'derivative'
                    ORDER BY 1
                    """
                ).map { try $0.text(0) },
                letters: try RowReader(
                    database,
                    StoredTable("dead_letters", keys: 3),
                    "SELECT subscription, source, id FROM dead_letters ORDER BY 1, 2, 3"
                ).map(notingIn: file.flaws) { row in
                    CensusBasis.Letter(
                        subscription: try row.text(0),
                        source: try row.text(1),
                        id: try row.text(2)
                    )
                },
                counted: try number(
                    "window_aggregates",
                    "SELECT sum(\(names)) FROM window_aggregates "
                        + "WHERE grain = 'all' AND category = ''"
                ),
                replayed: try number("counted_events", "SELECT count(*) FROM counted_events"),
                recorded: try number(
                    "dataset_statistics",
                    "SELECT sum(num_records) FROM dataset_statistics JOIN dataset_entries "
                        + "USING (dataset_id) WHERE kind = 'root'"
                )
            )
        }
    }

    package func replaceCensus(by census: RawCensus) async throws(StoreError) {
        try await file.write { database in
            for table in ["", "_hours", "_sources", "_refunds", "_findings"] {
                try database.execute(sql: "DELETE FROM raw_census\(table)")
            }
            try database.execute(
                sql: "INSERT INTO raw_census VALUES (?, ?, ?, ?, ?, ?)",
                arguments: [
                    census.taken.nanoseconds, census.events, census.recorded, census.counted,
                    census.unstored, census.settled.nanoseconds,
                ]
            )
            try SQLiteWarehouse.insert(census.hours, into: database)
            for source in census.sources {
                try database.execute(
                    sql: "INSERT INTO raw_census_sources VALUES (?, ?, ?, ?, ?, ?, ?)",
                    arguments: [
                        source.source, source.events, source.sequences, source.lastSequence,
                        source.firstGap, source.refused, source.latest.nanoseconds,
                    ]
                )
            }
            for refund in census.refunds {
                try database.execute(
                    sql: "INSERT INTO raw_census_refunds VALUES (?, ?, ?, ?, ?, ?, ?)",
                    arguments: [
                        refund.source, refund.transaction, refund.currency, refund.purchases,
                        refund.purchased, refund.refunded, refund.latest.nanoseconds,
                    ]
                )
            }
            for finding in census.findings {
                try database.execute(
                    sql: "INSERT INTO raw_census_findings VALUES (?, ?, ?)",
                    arguments: [finding.kind.rawValue, finding.subject, finding.detail]
                )
            }
        }
    }

    private static func insert(
        _ hours: [(key: RawCensus.HourKey, sum: WindowCell)],
        into database: Database
    ) throws {
        let places = Array(repeating: "?", count: EventName.allCases.count + 6)
        for (key, sum) in hours {
            var values: [any DatabaseValueConvertible] = [key.start.nanoseconds, key.currency]
            values += EventName.allCases.map { sum[$0] }
            values += [sum.units, sum.revenue, sum.refunded, sum.orderParts] as [Int64]
            try database.execute(
                sql: "INSERT INTO raw_census_hours "
                    + "VALUES (\(places.joined(separator: ", ")))",
                arguments: StatementArguments(values)
            )
        }
    }
}
