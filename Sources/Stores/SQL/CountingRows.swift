internal import Commerce
internal import Datasets
package import Storage
internal import Synchronization

/// The subscriptions of which it is known that no earlier version has counted a log.
package final class UnderstoodSubscriptions: Sendable {
    private let names = Mutex<Set<String>>([])

    /// None yet.
    package init() {}

    fileprivate func contains(_ name: String) -> Bool { names.withLock { $0.contains(name) } }

    fileprivate func insert(_ name: String) { names.withLock { _ = $0.insert(name) } }
}

extension SQLWarehouse {
    package func claim(_ claims: [CountingClaim]) async throws(StoreError) -> CountingTerms {
        try await write { session in
            let rows = CountingRows(session)
            var owners = try rows.owners()
            let others = try owners.admit(claims, in: session.store)
            try rows.store(owners)
            let wanted = Set(claims.flatMap(\.parts))
            let plan = CountingPlan(
                known: try rows.knownParts(),
                wanted: wanted,
                counted: try rows.counted(.all)
            )
            for step in plan.steps { try rows.take(step) }
            return CountingTerms(known: try rows.keptParts(), wanted: wanted, others: others)
        }
    }

    package func alreadyCounted(
        _ question: CountedQuestion,
        by subscription: String
    ) async throws(StoreError) -> CountedAnswer {
        guard !question.events.isEmpty || !question.orders.isEmpty else { return CountedAnswer() }
        let isUnderstood = understood.contains(subscription)
        let answer = try await lookUp { session in
            if !isUnderstood {
                let old = try session.map(CountingStatement.old, [.text(subscription)]) { _ in true
                }
                guard old.isEmpty else {
                    throw StoreError(.wrongFormat, .countedBefore(subscription, session.store))
                }
            }
            return try Self.counted(question, by: subscription, in: session)
        }
        understood.insert(subscription)
        return answer
    }
}

extension SQLSession {
    /// What `subscription` has consumed.
    package func progress(of subscription: String) throws -> [StreamProgress] {
        var streams: [StreamProgress] = []
        // Nothing is left out: what is not known to be consumed would be counted again.
        try forEach(CountingStatement.progress, [.text(subscription)]) { row in
            let stream = try row.text(1)
            if streams.last.map({ $0.stream.utf8.elementsEqual(stream.utf8) }) != true {
                streams.append(
                    StreamProgress(
                        stream: stream,
                        consumed: IntervalSet(),
                        watermark: try row.watermark(4)
                    )
                )
            }
            if !row.isNull(2) {
                streams[streams.count - 1].consumed.insert(try row.offsets(2))
            }
        }
        return streams
    }
}

/// The rows that say what is counted here for whom, within a transaction of the caller's.
package struct CountingRows<Session: SQLSession> {
    private let session: Session

    package init(_ session: Session) {
        self.session = session
    }

    fileprivate func owners() throws -> CountingOwners {
        let owners = try session.map(CountingStatement.owners) { (try $0.text(0), try $0.text(1)) }
        let counting = try session.map(CountingStatement.counting) { try $0.text(0) }
        return CountingOwners(owners: Dictionary(owners) { $1 }, counting: Set(counting))
    }

    fileprivate func store(_ owners: CountingOwners) throws {
        for (topic, subscription) in owners.owners.sorted(by: { $0.key < $1.key }) {
            try session.run(CountingStatement.addOwner, [.text(topic), .text(subscription)])
        }
    }

    /// What is stored of the parts, or, in a warehouse that was begun before that was stored, what
    /// is there of them.
    fileprivate func knownParts() throws -> [KeptPart] {
        try divideDistinct()
        let kept = try keptParts()
        guard kept.isEmpty else { return kept }
        var found = try session.map(CountingStatement.partsThere) { KeptPart(try $0.part(0)) }
        for place in found.indices {
            if case .windows(let grain) = found[place].part {
                found[place].missing = try missing(grain)
            }
            try store(found[place])
        }
        return found
    }

    /// Notes for each length of windows what an earlier version noted of all distinct counts.
    private func divideDistinct() throws {
        let noted = try session.map(CountingStatement.notedDistinct) { row in
            (
                isKept: try row.integer(1) != 0, missing: try row.integer(2),
                pausedAt: try row.integer(3)
            )
        }.first
        guard let noted else { return }
        try session.run(CountingStatement.forgetNotedDistinct)
        let lacking = try session.map(CountingStatement.lackingDistinct) { try $0.text(0) }
        let parts = KeptPart.distinct(
            noted: noted,
            in: try keptParts(),
            lacking: Set(lacking.compactMap(Grain.init)),
            counted: try counted(.all)
        )
        for part in parts { try store(part) }
    }

    fileprivate func keptParts() throws -> [KeptPart] {
        try session.map(CountingStatement.keptParts) { row in
            KeptPart(
                try row.part(0),
                isKept: try row.integer(1) != 0,
                missing: try row.integer(2),
                pausedAt: try row.integer(3)
            )
        }
    }

    private func store(_ kept: KeptPart) throws {
        try session.run(
            CountingStatement.storePart,
            [
                .text(kept.part.text), .integer(kept.isKept ? 1 : 0), .integer(kept.missing),
                .integer(kept.pausedAt),
            ]
        )
    }

    fileprivate func take(_ step: CountingPlan.Step) throws {
        switch step {
        case .store(let part): try store(part)
        case .begin(let grain):
            try store(KeptPart(.windows(grain), missing: try missing(grain)))
        case .fill(let grain, let source):
            try fill(grain, from: source)
            try store(KeptPart(.windows(grain), missing: try missing(grain)))
        case .fillDistinct(var kept, let source):
            if let missing = try fillDistinct(kept.part, from: source) { kept.missing = missing }
            try store(kept)
        }
    }

    /// How many events the windows of `grain` hold.
    package func counted(_ grain: Grain) throws -> Int64 {
        try session.map(
            CountingStatement.counted(Session.dialect),
            [.text(grain.rawValue)]
        ) { try $0.optionalInteger(1) ?? 0 }.first ?? 0
    }

    /// What the windows of `grain` lack of the window over all time, but for what came too late
    /// for them.
    private func missing(_ grain: Grain) throws -> Int64 {
        try counted(.all).subtractingSaturated(counted(grain)).subtractingSaturated(late(grain))
    }

    /// How many events came too late for the windows of `grain`.
    private func late(_ grain: Grain) throws -> Int64 {
        try session.map(CountingStatement.late(for: grain)) { try $0.integer(0) }.first ?? 0
    }

    /// Makes the windows of `grain` of those of `source`.
    private func fill(_ grain: Grain, from source: Grain) throws {
        let name = SQLValue.text(grain.rawValue)
        try session.run("DELETE FROM window_aggregates WHERE grain = $1", [name])
        try session.run(
            CountingStatement.fillWindows(grain, Session.dialect),
            [name, .text(source.rawValue)]
        )
        try session.run("DELETE FROM window_events WHERE grain = $1", [name])
        try session.run(
            CountingStatement.fillEvents(grain, Session.dialect),
            [name, .text(source.rawValue)]
        )
    }

    /// Makes the distinct counts of `part` of those in windows of `source`.
    ///
    /// - Returns: How many events they lack, which came too late for the shorter windows; nil
    ///   where they cannot be made so.
    private func fillDistinct(_ part: CountedPart, from source: Grain) throws -> Int64? {
        let (grain, isByCategory): (Grain, Bool)
        switch part {
        case .distinct(let length): (grain, isByCategory) = (length, false)
        case .distinctByCategory(let length): (grain, isByCategory) = (length, true)
        case .windows, .products: return nil
        }
        let only = isByCategory ? "category <> ''" : "category = ''"
        let capacity = SketchKey.capacity(source, ofOneCategory: isByCategory)
        // Sketches give a longer one where they have the same room, or none of them was ever full.
        if capacity != SketchKey.capacity(grain, ofOneCategory: isByCategory) {
            let fullest =
                try session.map(
                    CountingStatement.fullestSketch(Session.dialect, only),
                    [.text(source.rawValue)]
                ) { try $0.optionalInteger(1) ?? 0 }.first ?? 0
            guard fullest / 8 < Int64(capacity) else { return nil }
        }
        let name = SQLValue.text(grain.rawValue)
        try session.run(CountingStatement.forgetSketches(only), [name])
        // The parts of a sketch add up: those of the shorter windows are parts of the longer.
        try session.run(
            CountingStatement.fillSketches(grain, Session.dialect, only),
            [name, .text(source.rawValue)]
        )
        return try late(source).subtractingSaturated(late(grain))
    }
}

extension SQLRow {
    fileprivate func part(_ column: Int32) throws(StoreError) -> CountedPart {
        guard let part = CountedPart(text: try text(column)) else {
            throw damaged(column, expected: "a part of the aggregates, such as 1d or distinct 1d")
        }
        return part
    }
}

private enum CountingStatement {
    static let owners = SQLStatement(
        "SELECT topic, subscription FROM counting_owners",
        of: "counting_owners",
        keys: 1
    )

    static let addOwner: SQLStatement = """
        INSERT INTO counting_owners (topic, subscription) VALUES ($1, $2)
        ON CONFLICT (topic) DO NOTHING
        """

    /// By one step of the index a subscription: there may be millions of events of one.
    static let counting = SQLStatement(
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
        UNION SELECT subscription FROM watermarks
        """,
        of: "counted_events or watermarks",
        keys: 1
    )

    static let partsThere = SQLStatement(
        """
        SELECT DISTINCT grain FROM window_aggregates WHERE grain <> 'all'
        UNION ALL
        SELECT DISTINCT 'distinct ' || grain
            || CASE WHEN category = '' THEN '' ELSE ' by category' END
        FROM distinct_hashes
        UNION ALL
        SELECT 'products' WHERE EXISTS (SELECT 1 FROM product_sales)
        """,
        of: "window_aggregates",
        keys: 1
    )

    static let keptParts = SQLStatement(
        "SELECT part, is_kept, missing, paused_at FROM kept_parts",
        of: "kept_parts",
        keys: 1
    )

    static let notedDistinct = SQLStatement(
        "SELECT part, is_kept, missing, paused_at FROM kept_parts WHERE part = 'distinct'",
        of: "kept_parts",
        keys: 1
    )

    static let forgetNotedDistinct: SQLStatement = "DELETE FROM kept_parts WHERE part = 'distinct'"

    /// The windows of which an earlier version noted that distinct counts lack something.
    static let lackingDistinct = SQLStatement(
        "SELECT part FROM kept_parts WHERE lacks_distinct <> 0",
        of: "kept_parts",
        keys: 1
    )

    static let storePart: SQLStatement = """
        INSERT INTO kept_parts (part, is_kept, missing, paused_at, lacks_distinct)
        VALUES ($1, $2, $3, $4, 0)
        ON CONFLICT (part) DO UPDATE SET is_kept = excluded.is_kept, missing = excluded.missing,
            paused_at = excluded.paused_at, lacks_distinct = 0
        """

    static func counted(_ dialect: SQLDialect) -> SQLStatement {
        SQLStatement(
            """
            SELECT CAST($1 AS text) AS grain, \(dialect.sum(events)) AS events
            FROM window_aggregates WHERE grain = $1 AND category = ''
            """,
            of: "window_aggregates",
            keys: 1
        )
    }

    /// All events of a window.
    private static let events = EventName.allCases.map(\.ga4).joined(separator: " + ")

    static func late(for grain: Grain) -> SQLStatement {
        let longer = Grain.allCases.filter { $0 >= grain }.map { "'\($0.rawValue)'" }
        return """
            SELECT count(*) FROM late_events
            WHERE missed_grain IN (\(longer.joined(separator: ", ")))
            """
    }

    static func fillEvents(_ grain: Grain, _ dialect: SQLDialect) -> SQLStatement {
        """
        INSERT INTO window_events (grain, start_ns, name, events)
        SELECT CAST($1 AS text), \(grain.startSQL(month: dialect.startOfMonth)), name,
            \(dialect.sum("events"))
        FROM window_events WHERE grain = $2 GROUP BY 2, 3
        """
    }

    static func fillWindows(_ grain: Grain, _ dialect: SQLDialect) -> SQLStatement {
        """
        INSERT INTO window_aggregates
            (grain, start_ns, category, currency, \(WindowCell.columns.joined(separator: ", ")))
        SELECT CAST($1 AS text), \(grain.startSQL(month: dialect.startOfMonth)),
            category, currency,
            \(WindowCell.columns.map(dialect.sum).joined(separator: ", "))
        FROM window_aggregates WHERE grain = $2 GROUP BY 2, 3, 4
        """
    }

    static func forgetSketches(_ only: String) -> SQLStatement {
        SQLStatement(
            "DELETE FROM distinct_hashes WHERE grain = $1 AND \(only)",
            of: "distinct_hashes"
        )
    }

    static func fillSketches(_ grain: Grain, _ dialect: SQLDialect, _ only: String) -> SQLStatement
    {
        SQLStatement(
            """
            INSERT INTO distinct_hashes (grain, start_ns, measure, category, hashes)
            SELECT CAST($1 AS text), \(grain.startSQL(month: dialect.startOfMonth)),
                measure, category, hashes
            FROM distinct_hashes WHERE grain = $2 AND \(only)
            """,
            of: "distinct_hashes"
        )
    }

    static func fullestSketch(_ dialect: SQLDialect, _ only: String) -> SQLStatement {
        SQLStatement(
            """
            SELECT CAST($1 AS text) AS grain, max(bytes) AS bytes FROM (
                SELECT \(dialect.sum("length(hashes)")) AS bytes
                FROM distinct_hashes WHERE grain = $1 AND \(only)
                GROUP BY start_ns, measure, category
            ) AS sketches
            """,
            of: "distinct_hashes",
            keys: 1
        )
    }

    /// An event that an earlier version has counted.
    static let old: SQLStatement =
        "SELECT 1 FROM counted_events WHERE subscription = $1 AND content IS NULL LIMIT 1"

    /// A row an interval, and one without an interval for a stream that has none.
    static let progress = SQLStatement(
        """
        SELECT subscription, stream, first_offset, last_offset, watermark_ns
        FROM watermarks LEFT JOIN progress USING (subscription, stream)
        WHERE subscription = $1 ORDER BY stream, first_offset
        """,
        of: "watermarks or progress",
        keys: 3
    )
}
