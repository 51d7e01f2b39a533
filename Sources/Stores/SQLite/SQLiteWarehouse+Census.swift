internal import Commerce
internal import GRDB
package import Stages
internal import Timekeeping

extension SQLiteWarehouse: CensusStore {
    package func censusBasis() async throws(StoreError) -> CensusBasis {
        try await file.read { database in
            func number(_ sql: String) throws -> Int64 {
                try Int64.fetchOne(database, sql: sql) ?? 0
            }
            let names = EventName.allCases.map(\.ga4).joined(separator: " + ")
            return CensusBasis(
                subscriptions: try String.fetchAll(
                    database,
                    sql: """
                        SELECT subscription FROM watermarks
                        UNION SELECT subscription FROM counted_events
                        UNION SELECT dataset_name FROM dataset_entries WHERE kind = 'derivative'
                        ORDER BY 1
                        """
                ),
                letters: try Row.fetchAll(
                    database,
                    sql: "SELECT subscription, source, id FROM dead_letters ORDER BY 1, 2, 3"
                ).map {
                    CensusBasis.Letter(subscription: $0[0], source: $0[1], id: $0[2])
                },
                counted: try number(
                    "SELECT sum(\(names)) FROM window_aggregates "
                        + "WHERE grain = 'all' AND category = ''"
                ),
                replayed: try number("SELECT count(*) FROM counted_events"),
                recorded: try number(
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
