internal import SQLStores

/// What keeps `letter_sums` true in the transaction that changes dead letters.
enum LetterTriggers {
    static let all = """
        COMMENT ON TABLE letter_sums IS
            'How many dead letters are open, by when they failed last: kept by triggers.';
        COMMENT ON COLUMN letter_sums.length_ns IS
            'A second, a minute or an hour: each letter is in one sum of each length.';

        \(function("weir_letters_added", """
            INSERT INTO letter_sums AS stored (length_ns, subscription, reason, start_ns, letters)
            \(sums(of: "added"))
            ON CONFLICT (length_ns, subscription, reason, start_ns)
                DO UPDATE SET letters = stored.letters + excluded.letters;
            """))
        \(function("weir_letters_removed", """
            UPDATE letter_sums AS stored SET letters = stored.letters - gone.letters
            FROM (\(sums(of: "removed"))) AS gone WHERE \(isSame);
            DELETE FROM letter_sums AS stored USING (\(sums(of: "removed"))) AS gone
            WHERE \(isSame) AND stored.letters = 0;
            """))
        \(trigger("letter_added", "INSERT", "NEW TABLE AS added", "weir_letters_added"))
        \(trigger("letter_removed", "DELETE", "OLD TABLE AS removed", "weir_letters_removed"))
        \(trigger("letter_changed_to", "UPDATE", "NEW TABLE AS added", "weir_letters_added"))
        \(trigger("letter_changed_from", "UPDATE", "OLD TABLE AS removed", "weir_letters_removed"))

        """

    private static let isSame = ["length_ns", "subscription", "reason", "start_ns"]
        .map { "stored.\($0) = gone.\($0)" }.joined(separator: " AND ")

    /// The open letters of `table` by group and span.
    private static func sums(of table: String) -> String {
        let lengths = LetterSpan.allCases.map { "(bigint '\($0.rawValue)')" }
        return """
            SELECT length_ns, subscription, reason,
                last_failure_ns - last_failure_ns % length_ns AS start_ns, count(*) AS letters
            FROM \(table)
                CROSS JOIN (VALUES \(lengths.joined(separator: ", "))) AS spans (length_ns)
            WHERE decided_ns IS NULL GROUP BY 1, 2, 3, 4
            """
    }

    /// A function that finds the tables of its schema, whatever the search path of who changes
    /// letters is.
    private static func function(_ name: String, _ body: String) -> String {
        """
        CREATE FUNCTION \(name)() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT
        AS $$ BEGIN \(body) RETURN NULL; END $$;
        """
    }

    private static func trigger(
        _ name: String,
        _ event: String,
        _ rows: String,
        _ function: String
    ) -> String {
        """
        CREATE TRIGGER \(name) AFTER \(event) ON dead_letters REFERENCING \(rows)
            FOR EACH STATEMENT EXECUTE FUNCTION \(function)();
        """
    }
}
