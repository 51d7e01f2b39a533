internal import SQLStores

/// What keeps `letter_sums` true in the transaction that changes dead letters.
enum LetterTriggers {
    private static let changed = "UPDATE OF subscription, reason, last_failure_ns, decided_ns"

    static let all =
        trigger("letter_added", "INSERT", "NEW", add)
        + trigger("letter_removed", "DELETE", "OLD", remove)
        + trigger("letter_changed_to", changed, "NEW", add)
        + trigger("letter_changed_from", changed, "OLD", remove)

    /// Does `action` for each span, where `row` of what happened is an open letter.
    private static func trigger(
        _ name: String,
        _ event: String,
        _ row: String,
        _ action: (LetterSpan, String) -> String
    ) -> String {
        """
        CREATE TRIGGER \(name) AFTER \(event) ON dead_letters WHEN \(row).decided_ns IS NULL
        BEGIN
        \(LetterSpan.allCases.map { action($0, "\(row).") }.joined())
        END;

        """
    }

    private static func add(_ span: LetterSpan, _ row: String) -> String {
        """
        INSERT INTO letter_sums (length_ns, subscription, reason, start_ns, letters)
        VALUES (\(span.rawValue), \(row)subscription, \(row)reason, \(span.start(of: row)), 1)
        ON CONFLICT (length_ns, subscription, reason, start_ns)
            DO UPDATE SET letters = letters + 1;

        """
    }

    private static func remove(_ span: LetterSpan, _ row: String) -> String {
        let key = """
            WHERE length_ns = \(span.rawValue) AND subscription = \(row)subscription
                AND reason = \(row)reason AND start_ns = \(span.start(of: row))
            """
        return """
            UPDATE letter_sums SET letters = letters - 1 \(key);
            DELETE FROM letter_sums \(key) AND letters = 0;

            """
    }
}
