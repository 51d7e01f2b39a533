internal import Commerce
package import Stages

extension PostgreSQLWarehouse {
    package func hold() async throws(StoreError) {
        guard !holding.isHeld else { return }
        try await commits.run { [location] line throws(StoreError) in
            try RunHold.take(on: line, location)
        }
        holding.begin()
    }

    package func readBack() async throws(StoreError) -> Int64 {
        // What the server says is all there is: this process remembers nothing of it.
        try await reports.run { line throws(StoreError) in
            try CountingRows(line).counted(.all)
        }
    }

    package func claim(
        _ claims: [CountingClaim]
    ) async throws(StoreError) -> CountingTerms {
        try await commits.run { [location] line throws(StoreError) in
            try line.execute("BEGIN ISOLATION LEVEL READ COMMITTED; \(WarehouseStatement.lock)")
            let rows = CountingRows(line)
            var owners = try rows.owners()
            let others = try owners.admit(claims, in: location.label)
            try rows.store(owners)
            let wanted = Set(claims.flatMap(\.parts))
            let plan = CountingPlan(
                known: try rows.knownParts(),
                wanted: wanted,
                counted: try rows.counted(.all)
            )
            for step in plan.steps { try rows.take(step) }
            let known = try rows.keptParts()
            try line.execute("COMMIT")
            return CountingTerms(known: known, wanted: wanted, others: others)
        }
    }
}

/// The rows that say what is counted here for whom, within a transaction of the caller's.
private struct CountingRows {
    private let line: PostgreSQLLine

    init(_ line: PostgreSQLLine) {
        self.line = line
    }

    func owners() throws(StoreError) -> CountingOwners {
        let owners = try line.query(
            Statement(
                name: "counting_owners",
                sql: "SELECT topic, subscription FROM counting_owners"
            )
        ) { row throws(StoreError) in (try row.text(0), try row.text(1)) }
        let counting = try line.query(
            Statement(
                name: "counting_subscriptions",
                // By one step of the index a subscription: there may be millions of events of one.
                sql: """
                    WITH RECURSIVE counting (subscription) AS (
                        SELECT min(subscription) FROM counted_events
                        UNION ALL
                        SELECT (
                            SELECT min(subscription) FROM counted_events
                            WHERE subscription > counting.subscription
                        ) FROM counting WHERE subscription IS NOT NULL
                    )
                    SELECT subscription FROM counting WHERE subscription IS NOT NULL
                    UNION SELECT subscription FROM watermarks
                    """
            )
        ) { row throws(StoreError) in try row.text(0) }
        return CountingOwners(owners: Dictionary(owners) { $1 }, counting: Set(counting))
    }

    func store(_ owners: CountingOwners) throws(StoreError) {
        for (topic, subscription) in owners.owners.sorted(by: { $0.key < $1.key }) {
            _ = try line.query(
                Statement(
                    name: "note_owner",
                    sql: """
                        INSERT INTO counting_owners (topic, subscription) VALUES ($1, $2)
                        ON CONFLICT (topic) DO NOTHING
                        """
                ),
                [.text(topic), .text(subscription)]
            ) { _ in }
        }
    }

    /// What is stored of the parts, or, in a warehouse that was begun before that was stored, what
    /// is there of them.
    func knownParts() throws(StoreError) -> [KeptPart] {
        let kept = try keptParts()
        guard kept.isEmpty else { return kept }
        let texts = try line.query(
            Statement(
                name: "parts_there",
                sql: """
                    SELECT DISTINCT grain FROM window_aggregates WHERE grain <> 'all'
                    UNION ALL
                    SELECT 'distinct' WHERE EXISTS (SELECT FROM distinct_hashes)
                    UNION ALL
                    SELECT 'products' WHERE EXISTS (SELECT FROM product_sales)
                    """
            )
        ) { row throws(StoreError) in try row.text(0) }
        var found: [KeptPart] = []
        for part in texts.compactMap({ CountedPart(text: $0) }) {
            var kept = KeptPart(part)
            if case .windows(let grain) = part { kept.missing = try missing(grain) }
            try store(kept)
            found.append(kept)
        }
        return found
    }

    func keptParts() throws(StoreError) -> [KeptPart] {
        try line.query(
            Statement(
                name: "kept_parts",
                sql: "SELECT part, is_kept, missing, paused_at, lacks_distinct FROM kept_parts"
            )
        ) { row throws(StoreError) in
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

    private func store(_ kept: KeptPart) throws(StoreError) {
        _ = try line.query(
            Statement(
                name: "keep_part",
                sql: """
                    INSERT INTO kept_parts (part, is_kept, missing, paused_at, lacks_distinct)
                    VALUES ($1, $2, $3, $4, $5)
                    ON CONFLICT (part) DO UPDATE SET is_kept = excluded.is_kept,
                        missing = excluded.missing, paused_at = excluded.paused_at,
                        lacks_distinct = excluded.lacks_distinct
                    """
            ),
            [
                .text(kept.part.text), .integer(kept.isKept ? 1 : 0), .integer(kept.missing),
                .integer(kept.pausedAt), .integer(kept.lacksDistinct ? 1 : 0),
            ]
        ) { _ in }
    }

    func take(_ step: CountingPlan.Step) throws(StoreError) {
        switch step {
        case .store(let part): try store(part)
        case .begin(let grain):
            let missing = try missing(grain)
            try store(KeptPart(.windows(grain), missing: missing, lacksDistinct: missing > 0))
        case .fill(let grain, let source):
            let isWhole = try fill(grain, from: source)
            try store(
                KeptPart(
                    .windows(grain),
                    missing: try missing(grain),
                    lacksDistinct: !isWhole
                )
            )
        }
    }

    /// How many events the windows of `grain` hold.
    func counted(_ grain: Grain) throws(StoreError) -> Int64 {
        let names = EventName.allCases.map(\.ga4).joined(separator: " + ")
        return try line.query(
            Statement(
                name: "counted_in_windows",
                sql: """
                    SELECT coalesce(sum(\(names)), 0)::bigint
                    FROM window_aggregates WHERE grain = $1 AND category = ''
                    """
            ),
            [.text(grain.rawValue)]
        ) { row throws(StoreError) in try row.integer(0) }.first ?? 0
    }

    /// What the windows of `grain` lack of the window over all time, but for what came too late
    /// for them.
    private func missing(_ grain: Grain) throws(StoreError) -> Int64 {
        let longer = Grain.allCases.filter { $0 >= grain }.map { "'\($0.rawValue)'" }
        let late = try line.query(
            Statement(
                name: "late_for_\(grain.rawValue)",
                sql: """
                    SELECT count(*) FROM late_events
                    WHERE missed_grain IN (\(longer.joined(separator: ", ")))
                    """
            )
        ) { row throws(StoreError) in try row.integer(0) }
        return try counted(.all).subtractingSaturated(counted(grain))
            .subtractingSaturated(late.first ?? 0)
    }

    /// Makes the windows of `grain` of those of `source`; says whether their distinct counts are
    /// whole.
    private func fill(_ grain: Grain, from source: Grain) throws(StoreError) -> Bool {
        let sums = try line.query(
            Statement(
                name: "columns_of_windows",
                sql: """
                    SELECT attname::text FROM pg_attribute
                    WHERE attrelid = 'window_aggregates'::regclass AND attnum > 0
                        AND NOT attisdropped ORDER BY attnum
                    """
            )
        ) { row throws(StoreError) in try row.text(0) }
        .filter { !["grain", "start_ns", "category", "currency"].contains($0) }
        let start = grain.startSQL(
            month: "extract(epoch FROM date_trunc('month', to_timestamp(start_ns / 1000000000) "
                + "AT TIME ZONE 'UTC'))::bigint * 1000000000"
        )
        try line.execute(
            """
            DELETE FROM window_aggregates WHERE grain = '\(grain.rawValue)';
            DELETE FROM distinct_hashes WHERE grain = '\(grain.rawValue)';
            INSERT INTO window_aggregates
                (grain, start_ns, category, currency, \(sums.joined(separator: ", ")))
            SELECT '\(grain.rawValue)', \(start), category, currency,
                \(sums.map { "sum(\($0))::bigint" }.joined(separator: ", "))
            FROM window_aggregates WHERE grain = '\(source.rawValue)' GROUP BY 2, 3, 4
            """
        )
        guard try areSketchesWhole(source, for: grain) else { return false }
        // The parts of a sketch add up: those of the shorter windows are parts of the longer.
        try line.execute(
            """
            INSERT INTO distinct_hashes (grain, start_ns, measure, category, hashes)
            SELECT '\(grain.rawValue)', \(start), measure, category, hashes
            FROM distinct_hashes WHERE grain = '\(source.rawValue)'
            """
        )
        return true
    }

    /// Whether sketches of `source` give those of `grain`: they have the same room, or none of
    /// them was ever full.
    private func areSketchesWhole(
        _ source: Grain,
        for grain: Grain
    ) throws(StoreError) -> Bool {
        if source.sketchCapacity == grain.sketchCapacity { return true }
        let most = try line.query(
            Statement(
                name: "fullest_sketches",
                sql: """
                    SELECT is_one, max(bytes)::bigint FROM (
                        SELECT category <> '' AS is_one, sum(octet_length(hashes)) AS bytes
                        FROM distinct_hashes WHERE grain = $1
                        GROUP BY start_ns, measure, category
                    ) AS sketches GROUP BY is_one
                    """
            ),
            [.text(source.rawValue)]
        ) { row throws(StoreError) in (isOne: try row.bool(0), hashes: try row.integer(1) / 8) }
        return most.allSatisfy {
            $0.hashes < Int64(SketchKey.capacity(source, ofOneCategory: $0.isOne))
        }
    }
}
