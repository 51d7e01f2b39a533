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
            let found: [(ReplayedLetter.Outcome, Int64)] = try session.map(
                ReplayStatement.outcomes,
                [.key(name)],
                notingIn: damage
            ) { (try $0.value(0), try $0.count(1)) }
            return Dictionary(found, uniquingKeysWith: +)
        }
    }
}

extension SQLSession {
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
        INSERT INTO replays (name, selector, began_ns, began_by, began_why, target)
        VALUES ($1, $2, $3, $4, $5, $6)
        """

    static let endReplay: SQLStatement = """
        UPDATE replays SET ended_ns = $2 WHERE name = $1 AND ended_ns IS NULL
        """

    static let replays = SQLStatement(
        """
        SELECT name, selector, began_ns, began_by, began_why, ended_ns, target FROM replays
        ORDER BY began_ns DESC, name
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
