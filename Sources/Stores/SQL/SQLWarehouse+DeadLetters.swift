internal import Datasets
package import Storage
internal import Timekeeping

extension SQLWarehouse {
    package var letters: (any DeadLetterStore)? { self }

    package func letterGroups(parts: Int) async throws(StoreError) -> [LetterGroup] {
        try await read { session in
            var groups = try session.map(LetterStatement.groups(Session.dialect)) { row in
                LetterGroup(
                    subscription: try row.text(0),
                    reason: try row.text(1),
                    count: try row.count(2),
                    firstFailure: try row.instant(3),
                    lastFailure: try row.instant(5),
                    trend: [],
                    part: try row.instant(5) - (try row.instant(4))
                )
            }
            let first = groups.map { $0.lastFailure - $0.part }.min()?.nanoseconds ?? 0
            let last = groups.map(\.lastFailure).max()?.nanoseconds ?? 0
            let span = LetterSpan(within: last &- first)
            let length = span.rawValue
            let start = first - first % length
            let all = (last - start) / length + 1
            // Of whole spans, so that nothing is counted but sums.
            let part = ((all - 1) / Int64(parts) + 1) * length
            for place in groups.indices {
                groups[place].part = .nanoseconds(part)
                groups[place].trend = Array(repeating: 0, count: Int((last - start) / part + 1))
                try session.forEach(
                    LetterStatement.trend(Session.dialect),
                    [
                        .integer(length), .text(groups[place].subscription),
                        .text(groups[place].reason), .integer(start), .integer(part),
                    ]
                ) { row in
                    let number = Int(try row.count(0))
                    guard groups[place].trend.indices.contains(number) else {
                        throw row.damaged(0, expected: "a time at which a letter failed")
                    }
                    groups[place].trend[number] = try row.count(1)
                }
            }
            return groups
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
                let key = name.key
                guard let open = try session.openLetter(name) else { continue }
                try session.run(
                    LetterStatement.discard,
                    key + [
                        .integer(decision.time.nanoseconds), .text(decision.who),
                        .text(decision.why),
                    ]
                )
                if let original = open.original {
                    try session.run(LetterStatement.freeOriginal, original.key)
                }
                discarded += 1
            }
            return discarded
        }
    }
}

extension SQLWarehouse {
    package func keepSuccessor(
        _ successor: KeptLetter,
        _ edit: LetterEdit
    ) async throws(StoreError) {
        try await write { session in
            var original = successor.name
            original.id = edit.original
            guard let open = try session.openLetter(original), open.successor == nil else {
                throw StoreError(
                    .refused,
                    "\(session.store): the dead letter \(original.id) of \(original.subscription) "
                        + "is no longer open, or was edited by somebody else meanwhile"
                )
            }
            try session.run(
                LetterStatement.keepSuccessor,
                successor.name.key + [
                    .text(successor.reason), .text(successor.detail),
                    .integer(successor.attempts), .integer(successor.firstFailure.nanoseconds),
                    .integer(successor.lastFailure.nanoseconds), .bytes(successor.document),
                    .key(edit.original), .integer(edit.time.nanoseconds), .text(edit.who),
                    .text(edit.why),
                ]
            )
            try session.run(
                LetterStatement.nameSuccessor,
                original.key + [.key(successor.name.id)]
            )
        }
    }
}

extension SQLSession {
    /// The letters that an open one is linked with; nil where it is not open.
    func openLetter(_ name: LetterName) throws -> LetterLinks? {
        try map(LetterStatement.open, name.key) { row in
            var links = LetterLinks(successor: try row.optionalText(0))
            if let id = try row.optionalText(1) {
                links.original = name
                links.original?.id = id
            }
            return links
        }.first
    }

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
            let places = name.key.map { add($0) }
            parts.append(
                "(subscription, source, id, position) > (\(places.joined(separator: ", ")))"
            )
        }
        for (column, value) in [
            ("subscription", filter.subscription.map(SQLValue.text)),
            ("reason", filter.reason.map(SQLValue.text)),
            ("source", filter.source.map(SQLValue.key)),
            ("id", filter.id.map(SQLValue.key)),
            ("position", filter.position.map(SQLValue.integer)),
        ] {
            if let value { parts.append("\(column) = \(add(value))") }
        }
        if let until = filter.until {
            parts.append("last_failure_ns <= \(add(.integer(until.nanoseconds)))")
        }
        return parts.isEmpty ? "" : "WHERE " + parts.joined(separator: " AND ")
    }
}

/// What edits have made of a letter, or it of.
struct LetterLinks {
    var successor: String?
    var original: LetterName?
}

extension LetterName {
    /// The values of its columns.
    var key: [SQLValue] {
        [.text(subscription), .key(source), .key(id), .integer(position)]
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
                id: try text(2),
                position: try integer(3)
            ),
            reason: try text(4),
            detail: try text(5),
            attempts: try count(6),
            firstFailure: try instant(7),
            lastFailure: try instant(8),
            document: try bytes(12),
            decision: decision,
            outcome: try optionalText(13) == nil ? nil : try value(13),
            replay: try optionalText(14),
            successor: try optionalText(15),
            edit: try edit()
        )
    }
}

extension SQLRow {
    private func edit() throws(StoreError) -> LetterEdit? {
        guard let original = try optionalText(16) else { return nil }
        return LetterEdit(
            original: original,
            time: try instant(17),
            who: try optionalText(18) ?? "",
            why: try optionalText(19) ?? ""
        )
    }
}

enum LetterStatement {
    private static let columns = """
        subscription, source, id, position, reason, detail, attempts, first_failure_ns,
        last_failure_ns, decided_ns, decided_by, decided_why, document, outcome, replay,
        successor, edited_from, edited_ns, edited_by, edited_why
        """

    static func page(_ condition: String, limit: String) -> SQLStatement {
        SQLStatement(
            """
            SELECT \(columns) FROM dead_letters \(condition)
            ORDER BY subscription, source, id, position LIMIT \(limit)
            """,
            of: "dead_letters",
            keys: 4
        )
    }

    static let latest = SQLStatement(
        """
        SELECT \(columns) FROM dead_letters
        WHERE decided_ns IS NULL AND subscription = $1 AND reason = $2
        ORDER BY last_failure_ns DESC, source, id, position LIMIT $3
        """,
        of: "dead_letters",
        keys: 4
    )

    /// By the sums and, for the ends, a step of an index for each group.
    static func groups(_ dialect: SQLDialect) -> SQLStatement {
        func end(_ column: String, _ order: String) -> String {
            """
            (SELECT \(column) FROM dead_letters AS letter
                WHERE decided_ns IS NULL AND letter.subscription = sums.subscription
                    AND letter.reason = sums.reason ORDER BY \(column)\(order) LIMIT 1)
            """
        }
        return SQLStatement(
            """
            SELECT subscription, reason, letters, \(end("first_failure_ns", "")),
                \(end("last_failure_ns", "")), \(end("last_failure_ns", " DESC"))
            FROM (
                SELECT subscription, reason, \(dialect.sum("letters")) AS letters
                FROM letter_sums WHERE length_ns = \(LetterSpan.hour.rawValue)
                GROUP BY subscription, reason
            ) AS sums ORDER BY subscription, reason
            """,
            of: "letter_sums",
            keys: 2
        )
    }

    /// The letters of a group that failed in each part of so long that any did.
    static func trend(_ dialect: SQLDialect) -> SQLStatement {
        SQLStatement(
            """
            SELECT (start_ns - $4) / $5 AS part, \(dialect.sum("letters")) AS letters
            FROM letter_sums WHERE length_ns = $1 AND subscription = $2 AND reason = $3
            GROUP BY 1 ORDER BY 1
            """,
            of: "letter_sums",
            keys: 1
        )
    }

    static let open = SQLStatement(
        """
        SELECT successor, edited_from FROM dead_letters
        WHERE subscription = $1 AND source = $2 AND id = $3 AND position = $4
            AND decided_ns IS NULL
        """,
        of: "dead_letters"
    )

    /// The same edit may have been made before, and discarded.
    static let keepSuccessor: SQLStatement = """
        INSERT INTO dead_letters (subscription, source, id, position, reason, detail, attempts,
            first_failure_ns, last_failure_ns, document, edited_from, edited_ns, edited_by,
            edited_why)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        ON CONFLICT (subscription, source, id, position) DO UPDATE SET
            last_failure_ns = excluded.last_failure_ns, decided_ns = NULL, replay = NULL,
            outcome = NULL, edited_ns = excluded.edited_ns, edited_by = excluded.edited_by,
            edited_why = excluded.edited_why
        """

    static let nameSuccessor: SQLStatement = """
        UPDATE dead_letters SET successor = $5
        WHERE subscription = $1 AND source = $2 AND id = $3 AND position = $4
        """

    static let freeOriginal: SQLStatement = """
        UPDATE dead_letters SET successor = NULL
        WHERE subscription = $1 AND source = $2 AND id = $3 AND position = $4
            AND decided_ns IS NULL
        """

    static let discard: SQLStatement = """
        UPDATE dead_letters SET decided_ns = $5, decided_by = $6, decided_why = $7
        WHERE subscription = $1 AND source = $2 AND id = $3 AND position = $4
            AND decided_ns IS NULL
        """
}
