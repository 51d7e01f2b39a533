internal import Broker
package import Storage
package import Timekeeping

extension SQLWarehouse {
    package func beginReplay(_ replay: LetterReplay) async throws(StoreError) {
        let known = try await replays()
        guard !known.contains(where: { $0.name.utf8.elementsEqual(replay.name.utf8) }) else {
            throw StoreError(
                .refused,
                "there is a replay \"\(replay.name)\" already: resume it, or choose another name"
            )
        }
        try await write { session in
            try session.run(
                ReplayStatement.beginReplay,
                [
                    .key(replay.name), .text(replay.selector.joined(separator: "\n")),
                    .integer(replay.began.nanoseconds), .text(replay.who), .text(replay.why),
                    replay.target.map(SQLValue.key) ?? .null,
                    replay.events.map { .integer($0.through) } ?? .null,
                    replay.events?.source.map(SQLValue.text) ?? .null,
                ]
            )
        }
    }

    package func noteReplayed(_ letters: [ReplayedLetter]) async throws(StoreError) {
        try await write { try $0.noteReplayed(letters) }
    }

    package func endReplay(named name: String, at now: Timestamp) async throws(StoreError) {
        try await write { session in
            try session.run(ReplayStatement.endReplay, [.key(name), .integer(now.nanoseconds)])
        }
    }

    package func replays() async throws(StoreError) -> [LetterReplay] {
        try await read { [damage] session in
            try session.map(ReplayStatement.replays, notingIn: damage) { row in
                LetterReplay(
                    name: try row.text(0),
                    selector: try row.text(1).split(separator: "\n").map(String.init),
                    began: try row.instant(2),
                    who: try row.text(3),
                    why: try row.text(4),
                    target: try row.optionalText(6),
                    events: try row.optionalInteger(7).map { through in
                        .init(through: through, source: try row.optionalText(8))
                    },
                    ended: try row.optionalInstant(5)
                )
            }
        }
    }
}

extension SQLWarehouse {
    package func outcomes(
        ofReplay name: String
    ) async throws(StoreError) -> [ReplayedLetter.Outcome: Int64] {
        try await read { [damage] session in
            var found: [ReplayedLetter.Outcome: Int64] = [:]
            for statement in [ReplayStatement.outcomes, ReplayStatement.eventOutcomes] {
                try session.forEach(statement, [.key(name)], notingIn: damage) { row in
                    found[try row.value(0), default: 0] += try row.count(1)
                }
            }
            return found
        }
    }

    package func noteReplayed(_ events: [ReplayedEvents]) async throws(StoreError) {
        try await write { try $0.noteReplayed(events) }
    }

    package func replayedEvents(
        ofReplay name: String
    ) async throws(StoreError) -> [ReplayedEvents] {
        try await read { [damage] session in
            try session.map(ReplayStatement.events, [.key(name)], notingIn: damage) { row in
                try ReplayedEvents(row)
            }
        }
    }

    package func replayedEvents(
        at position: Int64
    ) async throws(StoreError) -> [(subscription: String, events: ReplayedEvents)] {
        try await read { [damage] session in
            let replays = try session.map(ReplayStatement.eventReplays, notingIn: damage) { row in
                (name: try row.text(0), target: try row.text(1))
            }
            var found: [(subscription: String, events: ReplayedEvents)] = []
            for replay in replays {
                try session.forEach(
                    ReplayStatement.eventsUpTo,
                    [.key(replay.name), .integer(position)],
                    notingIn: damage
                ) { row in
                    let events = try ReplayedEvents(row)
                    guard events.positions.contains(position) else { return }
                    found.append((replay.target, events))
                }
            }
            return found
        }
    }
}

extension ReplayedEvents {
    fileprivate init(_ row: some SQLRow) throws {
        let first = try row.integer(1)
        self.init(
            replay: try row.text(0),
            positions: first...max(first, try row.integer(2)),
            outcome: try row.value(3),
            reason: try row.optionalText(4),
            time: try row.instant(5)
        )
    }
}

extension SQLSession {
    /// Notes outcomes of a replay of stored events, within a transaction.
    package func noteReplayed(_ events: [ReplayedEvents]) throws {
        for events in events {
            try run(
                ReplayStatement.noteEvents,
                [
                    .key(events.replay), .integer(events.positions.lowerBound),
                    .integer(events.positions.upperBound), .text(events.outcome.rawValue),
                    events.reason.map(SQLValue.text) ?? .null, .integer(events.time.nanoseconds),
                ]
            )
        }
    }

    /// Notes outcomes of a replay, within a transaction.
    package func noteReplayed(_ letters: [ReplayedLetter]) throws {
        for letter in letters {
            let key = letter.name.key
            guard let open = try openLetter(letter.name), open.successor == nil else {
                throw StoreError(
                    .refused,
                    "\(store): the dead letter \(letter.name.id) of \(letter.name.subscription) "
                        + "is no longer open, or was edited; somebody else has decided about it"
                )
            }
            let end: [SQLValue] = [.key(letter.replay.name), .text(letter.outcome.rawValue)]
            if letter.outcome == .failed {
                let reason = letter.reason ?? FailureReason(label: "unknown", detail: "")
                try run(
                    ReplayStatement.failAgain,
                    key + [
                        .integer(letter.time.nanoseconds), .text(reason.label),
                        .text(reason.detail),
                    ] + end
                )
            } else {
                let decision: [SQLValue] = [
                    .integer(letter.time.nanoseconds), .text(letter.replay.who),
                    .text(letter.replay.why),
                ]
                try run(ReplayStatement.close, key + decision + end)
                // Not before: an edit that nobody takes changes nothing.
                if let original = open.original {
                    try run(
                        ReplayStatement.closeOriginal,
                        original.key + decision + [
                            .key(letter.replay.name),
                            .text(ReplayedLetter.Outcome.edited.rawValue),
                        ]
                    )
                }
            }
        }
    }
}

private enum ReplayStatement {
    static let beginReplay: SQLStatement = """
        INSERT INTO replays (name, selector, began_ns, began_by, began_why, target,
            through_position, source)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """

    static let endReplay: SQLStatement = """
        UPDATE replays SET ended_ns = $2 WHERE name = $1 AND ended_ns IS NULL
        """

    static let replays = SQLStatement(
        """
        SELECT name, selector, began_ns, began_by, began_why, ended_ns, target, through_position,
            source
        FROM replays ORDER BY began_ns DESC, name
        """,
        of: "replays",
        keys: 1
    )

    static let outcomes = SQLStatement(
        """
        SELECT outcome, count(*) AS letters FROM dead_letters
        WHERE replay = $1 AND outcome IS NOT NULL GROUP BY outcome ORDER BY outcome
        """,
        of: "dead_letters",
        keys: 1
    )

    static let eventOutcomes = SQLStatement(
        """
        SELECT outcome, cast(sum(last_position - first_position + 1) AS bigint) AS events
        FROM replayed_events WHERE replay = $1 GROUP BY outcome ORDER BY outcome
        """,
        of: "replayed_events",
        keys: 1
    )

    static let noteEvents: SQLStatement = """
        INSERT INTO replayed_events (replay, first_position, last_position, outcome, reason,
            replayed_ns)
        VALUES ($1, $2, $3, $4, $5, $6)
        """

    private static let eventColumns =
        "replay, first_position, last_position, outcome, reason, replayed_ns"

    static let events = SQLStatement(
        """
        SELECT \(eventColumns) FROM replayed_events WHERE replay = $1 ORDER BY first_position
        """,
        of: "replayed_events",
        keys: 2
    )

    static let eventsUpTo = SQLStatement(
        """
        SELECT \(eventColumns) FROM replayed_events WHERE replay = $1 AND first_position <= $2
        ORDER BY first_position DESC LIMIT 1
        """,
        of: "replayed_events",
        keys: 2
    )

    static let eventReplays = SQLStatement(
        """
        SELECT name, target FROM replays
        WHERE through_position IS NOT NULL AND source IS NULL ORDER BY began_ns, name
        """,
        of: "replays",
        keys: 1
    )

    static let close: SQLStatement = """
        UPDATE dead_letters SET decided_ns = $5, decided_by = $6, decided_why = $7, replay = $8,
            outcome = $9, attempts = attempts + 1
        WHERE subscription = $1 AND source = $2 AND id = $3 AND position = $4
            AND decided_ns IS NULL
        """

    static let closeOriginal: SQLStatement = """
        UPDATE dead_letters SET decided_ns = $5, decided_by = $6, decided_why = $7, replay = $8,
            outcome = $9
        WHERE subscription = $1 AND source = $2 AND id = $3 AND position = $4
            AND decided_ns IS NULL
        """

    static let failAgain: SQLStatement = """
        UPDATE dead_letters SET last_failure_ns = $5, reason = $6, detail = $7, replay = $8,
            outcome = $9, attempts = attempts + 1
        WHERE subscription = $1 AND source = $2 AND id = $3 AND position = $4
            AND decided_ns IS NULL
        """
}
