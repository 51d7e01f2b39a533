/// The tables of dead letters and of their replays, as each step that made them left them.
enum LetterTables {
    /// What was decided about dead letters; open are those of which `decided_ns` is NULL.
    static func letters(_ sql: SQLWords) -> String {
        """
        ALTER TABLE dead_letters ADD COLUMN decided_ns \(sql.integer);
        ALTER TABLE dead_letters ADD COLUMN decided_by \(sql.text);
        ALTER TABLE dead_letters ADD COLUMN decided_why \(sql.text);
        CREATE INDEX open_letters
            ON dead_letters (subscription, reason, last_failure_ns, first_failure_ns)
            WHERE decided_ns IS NULL;

        """
    }

    /// What replays have made of dead letters; `selector` has a term a line.
    static func replays(_ sql: SQLWords) -> String {
        """
        CREATE TABLE replays (
            name \(sql.key) NOT NULL PRIMARY KEY,
            selector \(sql.text) NOT NULL,
            began_ns \(sql.integer) NOT NULL,
            began_by \(sql.text) NOT NULL,
            began_why \(sql.text) NOT NULL,
            ended_ns \(sql.integer)
        )\(sql.keyed());
        ALTER TABLE dead_letters ADD COLUMN replay \(sql.key);
        ALTER TABLE dead_letters ADD COLUMN outcome \(sql.text);

        """
    }

    /// Which letter was made of which, and replays that give letters to another subscription.
    static func letterEdits(_ sql: SQLWords) -> String {
        """
        ALTER TABLE dead_letters ADD COLUMN successor \(sql.key);
        ALTER TABLE dead_letters ADD COLUMN edited_from \(sql.key);
        ALTER TABLE dead_letters ADD COLUMN edited_ns \(sql.integer);
        ALTER TABLE dead_letters ADD COLUMN edited_by \(sql.text);
        ALTER TABLE dead_letters ADD COLUMN edited_why \(sql.text);
        ALTER TABLE replays ADD COLUMN target \(sql.key);

        """
    }

    /// What replays have made of stored events, in runs of positions.
    static func eventReplays(_ sql: SQLWords) -> String {
        """
        ALTER TABLE replays ADD COLUMN through_position \(sql.integer);
        ALTER TABLE replays ADD COLUMN source \(sql.text);
        CREATE TABLE replayed_events (
            replay \(sql.key) NOT NULL,
            first_position \(sql.integer) NOT NULL,
            last_position \(sql.integer) NOT NULL,
            outcome \(sql.text) NOT NULL,
            reason \(sql.text),
            replayed_ns \(sql.integer) NOT NULL,
            PRIMARY KEY (replay, first_position)
        )\(sql.keyed());

        """
    }

    /// A letter is a message, so two of one event are two; how many are open is kept beside them.
    ///
    /// So a million of them is listed without being counted.
    /// A row of `letter_sums` has the open letters that failed last within `length_ns` from
    /// `start_ns` on; none has 0. Triggers keep them, whoever changes letters.
    static func letterSums(_ sql: SQLWords) -> String {
        """
        DROP INDEX open_letters;
        \(sql.rekeying(
            "dead_letters",
            by: "subscription, source, id, position",
            columns: [
                ("subscription", "\(sql.key) NOT NULL"), ("source", "\(sql.key) NOT NULL"),
                ("id", "\(sql.key) NOT NULL"), ("position", "\(sql.integer) NOT NULL"),
                ("reason", "\(sql.key) NOT NULL"), ("detail", "\(sql.text) NOT NULL"),
                ("attempts", "\(sql.integer) NOT NULL"),
                ("first_failure_ns", "\(sql.integer) NOT NULL"),
                ("last_failure_ns", "\(sql.integer) NOT NULL"),
                ("document", "\(sql.bytes) NOT NULL"), ("decided_ns", sql.integer),
                ("decided_by", sql.text), ("decided_why", sql.text), ("replay", sql.key),
                ("outcome", sql.text),
            ]
        ))
        CREATE INDEX open_letters
            ON dead_letters (subscription, reason, last_failure_ns, first_failure_ns)
            WHERE decided_ns IS NULL;
        CREATE INDEX first_open_letters
            ON dead_letters (subscription, reason, first_failure_ns) WHERE decided_ns IS NULL;
        CREATE TABLE letter_sums (
            length_ns \(sql.integer) NOT NULL,
            subscription \(sql.key) NOT NULL,
            reason \(sql.key) NOT NULL,
            start_ns \(sql.integer) NOT NULL,
            letters \(sql.integer) NOT NULL,
            PRIMARY KEY (length_ns, subscription, reason, start_ns)
        )\(sql.keyed(fillFactor: 60));

        """
            + LetterSpan.allCases.map { span in
                """
                INSERT INTO letter_sums (length_ns, subscription, reason, start_ns, letters)
                SELECT \(span.rawValue), subscription, reason, \(span.start()), count(*)
                FROM dead_letters WHERE decided_ns IS NULL GROUP BY 1, 2, 3, 4;

                """
            }.joined()
    }
}
