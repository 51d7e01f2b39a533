internal import Commerce
internal import GRDB
package import Stages

extension SQLiteWarehouse {
    package func hold() throws(StoreError) {
        try file.hold()
    }

    package func readBack() async throws(StoreError) -> Int64 {
        try await file.readBack { database in
            // The aggregates are few beside the events; a large file is looked at where the sums
            // are. The quick check of SQLite 3.40 finds a NULL, where there is none, in a table
            // whose key has another order than its columns, as dataset_dependencies has.
            let found =
                try SQLiteFile.isSmall(database)
                ? SQLiteFile.finding(in: database)
                : SQLiteFile.finding(of: "quick_check(window_aggregates)", in: database)
            if let found { throw StoreError(.corrupted, found) }
            return try SQLiteWarehouse.counted(.all, in: database)
        }
    }

    package func claim(
        _ claims: [CountingClaim]
    ) async throws(StoreError) -> CountingTerms {
        try await file.write { [path = file.location.path] database in
            var owners = try SQLiteWarehouse.owners(in: database)
            let others = try owners.admit(claims, in: path)
            for (topic, subscription) in owners.owners.sorted(by: { $0.key < $1.key }) {
                try database.execute(
                    sql: "INSERT OR IGNORE INTO counting_owners VALUES (?, ?)",
                    arguments: [topic, subscription]
                )
            }
            let wanted = Set(claims.flatMap(\.parts))
            let plan = CountingPlan(
                known: try SQLiteWarehouse.knownParts(in: database),
                wanted: wanted,
                counted: try SQLiteWarehouse.counted(.all, in: database)
            )
            for step in plan.steps { try SQLiteWarehouse.take(step, in: database) }
            return CountingTerms(
                known: try SQLiteWarehouse.keptParts(in: database),
                wanted: wanted,
                others: others
            )
        }
    }

    private static func owners(in database: Database) throws -> CountingOwners {
        let owners = try RowReader(
            database,
            StoredTable("counting_owners", keys: 1),
            "SELECT topic, subscription FROM counting_owners"
        ).map { (try $0.text(0), try $0.text(1)) }
        let counting = try RowReader(
            database,
            StoredTable("counted_events", keys: 1),
            // By one step of the index a subscription: there may be millions of events of one.
            """
            WITH RECURSIVE counting (subscription) AS (
                SELECT min(subscription) FROM counted_events
                UNION ALL
                SELECT (
                    SELECT min(subscription) FROM counted_events
                    WHERE subscription > counting.subscription
                ) FROM counting WHERE subscription IS NOT NULL
            )
            SELECT subscription FROM counting WHERE subscription IS NOT NULL
            """
        ).map { try $0.text(0) }
        let following = try RowReader(
            database,
            StoredTable("watermarks", keys: 1),
            "SELECT DISTINCT subscription FROM watermarks"
        ).map { try $0.text(0) }
        return CountingOwners(
            owners: Dictionary(owners) { $1 },
            counting: Set(counting + following)
        )
    }

    /// What is stored of the parts, or, in a warehouse that was begun before that was stored, what
    /// is there of them.
    private static func knownParts(in database: Database) throws -> [KeptPart] {
        let kept = try keptParts(in: database)
        guard kept.isEmpty else { return kept }
        let grains: [Grain] = try RowReader(
            database,
            StoredTable("window_aggregates", keys: 1),
            "SELECT DISTINCT grain FROM window_aggregates WHERE grain <> 'all'"
        ).map { try $0.value(0) }
        var found = try grains.map { grain in
            KeptPart(.windows(grain), missing: try missing(grain, in: database))
        }
        let others = [(CountedPart.distinct, "distinct_hashes"), (.products, "product_sales")]
        for (part, table) in others
        where try Int.fetchOne(database, sql: "SELECT 1 FROM \(table) LIMIT 1") != nil {
            found.append(KeptPart(part))
        }
        for part in found { try store(part, in: database) }
        return found
    }

    private static func keptParts(in database: Database) throws -> [KeptPart] {
        try RowReader(
            database,
            StoredTable("kept_parts", keys: 1),
            "SELECT part, is_kept, missing, paused_at, lacks_distinct FROM kept_parts"
        ).map { row in
            guard let part = CountedPart(text: try row.text(0)) else {
                throw row.flaw(0, expected: "a length of windows, distinct or products")
            }
            return KeptPart(
                part,
                isKept: try row.integer(1) != 0,
                missing: try row.integer(2),
                pausedAt: try row.integer(3),
                lacksDistinct: try row.integer(4) != 0
            )
        }
    }

    private static func store(_ kept: KeptPart, in database: Database) throws {
        try database.execute(
            sql: """
                INSERT OR REPLACE INTO kept_parts
                    (part, is_kept, missing, paused_at, lacks_distinct)
                VALUES (?, ?, ?, ?, ?)
                """,
            arguments: [
                kept.part.text, kept.isKept, kept.missing, kept.pausedAt, kept.lacksDistinct,
            ]
        )
    }

    private static func take(_ step: CountingPlan.Step, in database: Database) throws {
        switch step {
        case .store(let part): try store(part, in: database)
        case .begin(let grain):
            let missing = try missing(grain, in: database)
            try store(
                KeptPart(.windows(grain), missing: missing, lacksDistinct: missing > 0),
                in: database
            )
        case .fill(let grain, let source):
            let isFull = try fill(grain, from: source, in: database)
            try store(
                KeptPart(
                    .windows(grain),
                    missing: try missing(grain, in: database),
                    lacksDistinct: !isFull
                ),
                in: database
            )
        }
    }

    /// How many events the windows of `grain` hold.
    private static func counted(_ grain: Grain, in database: Database) throws -> Int64 {
        let names = EventName.allCases.map(\.ga4).joined(separator: " + ")
        return try RowReader(
            database,
            StoredTable("window_aggregates", keys: 1),
            """
            SELECT ? AS grain, sum(\(names)) AS events FROM window_aggregates
            WHERE grain = ? AND category = ''
            """,
            [grain.rawValue, grain.rawValue]
        ).first { try $0.optionalInteger(1) ?? 0 } ?? 0
    }

    /// What the windows of `grain` lack of the window over all time, but for what came too late
    /// for them.
    private static func missing(_ grain: Grain, in database: Database) throws -> Int64 {
        let longer = Grain.allCases.filter { $0 >= grain }.map { "'\($0.rawValue)'" }
        let late = try Int64.fetchOne(
            database,
            sql: """
                SELECT count(*) FROM late_events
                WHERE missed_grain IN (\(longer.joined(separator: ", ")))
                """
        )
        return try counted(.all, in: database)
            .subtractingSaturated(counted(grain, in: database))
            .subtractingSaturated(late ?? 0)
    }

    /// Makes the windows of `grain` of those of `source`; says whether their distinct counts are
    /// whole.
    private static func fill(
        _ grain: Grain,
        from source: Grain,
        in database: Database
    ) throws -> Bool {
        let columns = try String.fetchAll(
            database,
            sql: "SELECT name FROM pragma_table_info('window_aggregates') ORDER BY cid"
        ).filter { !["grain", "start_ns", "category", "currency"].contains($0) }
        let start = grain.startSQL(
            month: "CAST(strftime('%s', start_ns / 1000000000, 'unixepoch', 'start of month') "
                + "AS INTEGER) * 1000000000"
        )
        for table in ["window_aggregates", "distinct_hashes"] {
            try database.execute(
                sql: "DELETE FROM \(table) WHERE grain = ?",
                arguments: [grain.rawValue]
            )
        }
        try database.execute(
            sql: """
                INSERT INTO window_aggregates
                    (grain, start_ns, category, currency, \(columns.joined(separator: ", ")))
                SELECT ?, \(start), category, currency,
                    \(columns.map { "sum(\($0))" }.joined(separator: ", "))
                FROM window_aggregates WHERE grain = ? GROUP BY 2, 3, 4
                """,
            arguments: [grain.rawValue, source.rawValue]
        )
        guard try areSketchesWhole(source, for: grain, in: database) else { return false }
        // The parts of a sketch add up: those of the shorter windows are parts of the longer.
        try database.execute(
            sql: """
                INSERT INTO distinct_hashes (grain, start_ns, measure, category, hashes)
                SELECT ?, \(start), measure, category, hashes
                FROM distinct_hashes WHERE grain = ?
                """,
            arguments: [grain.rawValue, source.rawValue]
        )
        return true
    }

    /// Whether sketches of `source` give those of `grain`: they have the same room, or none of
    /// them was ever full.
    private static func areSketchesWhole(
        _ source: Grain,
        for grain: Grain,
        in database: Database
    ) throws -> Bool {
        if source.sketchCapacity == grain.sketchCapacity { return true }
        for (isOne, condition) in [(false, "category = ''"), (true, "category <> ''")] {
            let most = try Int.fetchOne(
                database,
                sql: """
                    SELECT max(bytes) FROM (
                        SELECT sum(length(hashes)) AS bytes FROM distinct_hashes
                        WHERE grain = ? AND \(condition) GROUP BY start_ns, measure, category
                    )
                    """,
                arguments: [source.rawValue]
            )
            if (most ?? 0) / 8 >= SketchKey.capacity(source, ofOneCategory: isOne) { return false }
        }
        return true
    }
}
