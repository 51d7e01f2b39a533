internal import Datasets
package import Storage
internal import Timekeeping

extension SQLWarehouse {
    package var letters: (any DeadLetterStore)? { self }

    package func letterGroups(parts: Int) async throws(StoreError) -> [LetterGroup] {
        try await read { session in
            // By the index, from one group to the next: there are few of them.
            var groups: [(subscription: String, reason: String, span: ClosedRange<Int64>)] = []
            while true {
                let last = groups.last.map { ($0.subscription, $0.reason) }
                guard let next = try session.nextGroup(after: last) else { break }
                groups.append(next)
            }
            let first = groups.map(\.span.lowerBound).min() ?? 0
            let length =
                (groups.map(\.span.upperBound).max() ?? 0)
                .subtractingReportingOverflow(first).partialValue / Int64(parts) + 1
            return try groups.map { group in
                try session.letterGroup(
                    group.subscription,
                    group.reason,
                    ends: (0...parts).map { part in
                        part == parts ? .max : first &+ Int64(part) &* length
                    }
                )
            }
        }
    }

    package func latestLetters(
        of subscription: String,
        reason: String,
        atMost limit: Int
    ) async throws(StoreError) -> [KeptLetter] {
        try await read { [damage] session in
            try session.map(
                LetterStatement.latest,
                [.text(subscription), .text(reason), .integer(Int64(limit))],
                notingIn: damage
            ) { try $0.letter() }
        }
    }

    package func letters(
        _ filter: LetterFilter,
        after name: LetterName?,
        atMost limit: Int
    ) async throws(StoreError) -> [KeptLetter] {
        try await read { [damage] session in
            try session.letters(filter, after: name, atMost: limit, notingIn: damage)
        }
    }

    package func discardLetters(
        _ names: [LetterName],
        _ decision: LetterDecision
    ) async throws(StoreError) -> Int {
        try await write { session in
            var discarded = 0
            for name in names {
                let key: [SQLValue] = [.text(name.subscription), .key(name.source), .key(name.id)]
                guard try session.map(LetterStatement.isOpen, key, { _ in true }).first != nil
                else { continue }
                try session.run(
                    LetterStatement.discard,
                    key + [
                        .integer(decision.time.nanoseconds), .text(decision.who),
                        .text(decision.why),
                    ]
                )
                discarded += 1
            }
            return discarded
        }
    }
}

extension SQLSession {
    /// Some letters that `filter` asks for, behind `name`.
    func letters(
        _ filter: LetterFilter,
        after name: LetterName?,
        atMost limit: Int,
        notingIn damage: DamagedValues
    ) throws -> [KeptLetter] {
        var parameters = SQLParameters()
        let condition = parameters.condition(filter, after: name)
        return try map(
            LetterStatement.page(condition, limit: parameters.add(.integer(Int64(limit)))),
            parameters.values,
            notingIn: damage
        ) { try $0.letter() }
    }

    /// The group behind `last`, and when its letters failed last.
    fileprivate func nextGroup(
        after last: (subscription: String, reason: String)?
    ) throws -> (subscription: String, reason: String, span: ClosedRange<Int64>)? {
        let found =
            try last.map {
                try map(
                    LetterStatement.nextGroup("AND (subscription, reason) > ($1, $2)"),
                    [.text($0.subscription), .text($0.reason)]
                ) { (try $0.text(0), try $0.text(1)) }
            }
            ?? map(LetterStatement.nextGroup(""), []) { (try $0.text(0), try $0.text(1)) }
        guard let (subscription, reason) = found.first else { return nil }
        let ends = try map(LetterStatement.span, [.text(subscription), .text(reason)]) { row in
            let first = try row.integer(0)
            return first...max(first, try row.integer(1))
        }
        return ends.first.map { (subscription, reason, $0) }
    }

    /// The group, with how many letters there are from each of `ends` to the next.
    fileprivate func letterGroup(
        _ subscription: String,
        _ reason: String,
        ends: [Int64]
    ) throws -> LetterGroup {
        var group = LetterGroup(
            subscription: subscription,
            reason: reason,
            count: 0,
            firstFailure: .distantFuture,
            lastFailure: .distantPast,
            trend: []
        )
        for (start, end) in zip(ends, ends.dropFirst()) {
            try forEach(
                LetterStatement.part,
                [.text(subscription), .text(reason), .integer(start), .integer(end)]
            ) { row in
                let count = try row.count(0)
                group.trend.append(count)
                group.count += count
                guard count > 0 else { return }
                group.firstFailure = min(group.firstFailure, try row.instant(1))
                group.lastFailure = max(group.lastFailure, try row.instant(2))
            }
        }
        return group
    }
}

/// The values of a statement that is put together as it is asked for.
private struct SQLParameters {
    private(set) var values: [SQLValue] = []

    /// Adds a value; gives the name of its parameter.
    mutating func add(_ value: SQLValue) -> String {
        values.append(value)
        return "$\(values.count)"
    }

    /// The condition that `filter` is, for letters behind `name`.
    mutating func condition(_ filter: LetterFilter, after name: LetterName?) -> String {
        var parts: [String] = filter.isOpen ? ["decided_ns IS NULL"] : []
        if let name {
            let places = [.text(name.subscription), .key(name.source), .key(name.id)].map {
                add($0)
            }
            parts.append("(subscription, source, id) > (\(places.joined(separator: ", ")))")
        }
        for (column, value) in [
            ("subscription", filter.subscription.map(SQLValue.text)),
            ("reason", filter.reason.map(SQLValue.text)),
            ("source", filter.source.map(SQLValue.key)),
            ("id", filter.id.map(SQLValue.key)),
        ] {
            if let value { parts.append("\(column) = \(add(value))") }
        }
        if let until = filter.until {
            parts.append("last_failure_ns <= \(add(.integer(until.nanoseconds)))")
        }
        return parts.isEmpty ? "" : "WHERE " + parts.joined(separator: " AND ")
    }
}

extension SQLRow {
    /// What is in the columns of ``LetterStatement/columns``.
    fileprivate func letter() throws(StoreError) -> KeptLetter {
        var decision: LetterDecision?
        if let time = try optionalInstant(9) {
            decision = LetterDecision(
                time: time,
                who: try optionalText(10) ?? "",
                why: try optionalText(11) ?? ""
            )
        }
        return KeptLetter(
            name: LetterName(
                subscription: try text(0),
                source: try text(1),
                id: try text(2)
            ),
            position: try integer(3),
            reason: try text(4),
            detail: try text(5),
            attempts: try count(6),
            firstFailure: try instant(7),
            lastFailure: try instant(8),
            document: try bytes(12),
            decision: decision,
            outcome: try optionalText(13) == nil ? nil : try value(13),
            replay: try optionalText(14)
        )
    }
}

enum LetterStatement {
    private static let columns = """
        subscription, source, id, position, reason, detail, attempts, first_failure_ns,
        last_failure_ns, decided_ns, decided_by, decided_why, document, outcome, replay
        """

    static func page(_ condition: String, limit: String) -> SQLStatement {
        SQLStatement(
            """
            SELECT \(columns) FROM dead_letters \(condition)
            ORDER BY subscription, source, id LIMIT \(limit)
            """,
            of: "dead_letters",
            keys: 3
        )
    }

    static let latest = SQLStatement(
        """
        SELECT \(columns) FROM dead_letters
        WHERE decided_ns IS NULL AND subscription = $1 AND reason = $2
        ORDER BY last_failure_ns DESC, source, id LIMIT $3
        """,
        of: "dead_letters",
        keys: 3
    )

    static func nextGroup(_ condition: String) -> SQLStatement {
        SQLStatement(
            """
            SELECT subscription, reason FROM dead_letters
            WHERE decided_ns IS NULL \(condition) ORDER BY subscription, reason LIMIT 1
            """,
            of: "dead_letters",
            keys: 2
        )
    }

    static let span = SQLStatement(
        """
        SELECT
            (SELECT last_failure_ns FROM dead_letters
                WHERE decided_ns IS NULL AND subscription = $1 AND reason = $2
                ORDER BY last_failure_ns LIMIT 1) AS first,
            (SELECT last_failure_ns FROM dead_letters
                WHERE decided_ns IS NULL AND subscription = $1 AND reason = $2
                ORDER BY last_failure_ns DESC LIMIT 1) AS last
        """,
        of: "dead_letters"
    )

    static let part = SQLStatement(
        """
        SELECT count(*) AS count, min(first_failure_ns) AS first_failure_ns,
            max(last_failure_ns) AS last_failure_ns FROM dead_letters
        WHERE decided_ns IS NULL AND subscription = $1 AND reason = $2
            AND last_failure_ns >= $3 AND last_failure_ns < $4
        """,
        of: "dead_letters"
    )

    static let isOpen: SQLStatement = """
        SELECT 1 FROM dead_letters
        WHERE subscription = $1 AND source = $2 AND id = $3 AND decided_ns IS NULL
        """

    static let discard: SQLStatement = """
        UPDATE dead_letters SET decided_ns = $4, decided_by = $5, decided_why = $6
        WHERE subscription = $1 AND source = $2 AND id = $3 AND decided_ns IS NULL
        """
}
