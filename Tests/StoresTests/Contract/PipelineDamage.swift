import Testing

/// Something that goes wrong with what a pipeline has stored, and what the invariants must say.
struct PipelineDamage: Sendable, CustomTestStringConvertible {
    var testDescription: String
    /// What another program does to the warehouse.
    var sql = ""
    /// What it does to the raw store.
    var raw: RawChange?
    /// Each offence as "invariant subject", and no other.
    var offences: [String]

    private init(_ description: String, sql: String, _ offences: String...) {
        testDescription = description
        self.sql = sql
        self.offences = offences.sorted()
    }

    private init(_ description: String, raw: RawChange, _ offences: String...) {
        testDescription = description
        self.raw = raw
        self.offences = offences.sorted()
    }

    private static let hour = "1h \(PipelineSample.hour)"
    private static let source = PipelineSample.source

    private static func id(_ number: Int) -> String { PipelineSample.id(number) }

    private static func letter(_ subscription: String, _ number: Int) -> String {
        """
        INSERT INTO dead_letters (subscription, source, id, position, reason, detail, attempts,
            first_failure_ns, last_failure_ns, document)
        VALUES ('\(subscription)', '\(source)', '\(id(number))', \(number), 'x', 'x', 1, 1, 1,
            (SELECT document FROM dead_letters LIMIT 1))
        """
    }

    static let all = windows + custom + counts + letters + events

    private static let windows = [
        PipelineDamage(
            "an hour that is worth more than its purchases",
            sql: "UPDATE window_aggregates SET revenue = revenue + 1 "
                + "WHERE grain = '1h' AND category = '' AND revenue > 0 "
                + "AND start_ns = \(PipelineSample.hour)",
            "aggregates-equal-raw \(hour) USD"
        ),
        PipelineDamage(
            "an hour of which as many are taken for searches as for views",
            sql: "UPDATE window_aggregates SET search = view_item, view_item = search "
                + "WHERE grain = '1h' AND category = '' AND currency = '' "
                + "AND start_ns = \(PipelineSample.hour)",
            "aggregates-equal-raw \(hour)"
        ),
        PipelineDamage(
            "an hour that is lost",
            sql: "DELETE FROM window_aggregates "
                + "WHERE grain = '1h' AND start_ns = \(PipelineSample.hour)",
            "aggregates-equal-raw \(hour)",
            "aggregates-equal-raw \(hour) USD",
            "windows-add-up windows of 1h"
        ),
        PipelineDamage(
            "a month that has one view less",
            sql: "UPDATE window_aggregates SET view_item = view_item - 1 "
                + "WHERE grain = '1mo' AND category = '' AND currency = ''",
            "windows-add-up windows of 1mo"
        ),
        PipelineDamage(
            "a day of which a refund is forgotten",
            sql: "UPDATE window_aggregates SET refunded = refunded - 400 "
                + "WHERE grain = '1d' AND category = '' AND refunded >= 400 "
                + "AND start_ns = (SELECT min(start_ns) FROM window_aggregates "
                + "WHERE grain = '1d' AND refunded >= 400)",
            "windows-add-up worth of windows of 1d USD"
        ),
    ]

    private static let custom = [
        PipelineDamage(
            "a custom event that has a name and is in no window",
            sql: "INSERT INTO window_events VALUES ('1h', \(PipelineSample.hour), 'wish_made', 1)",
            "custom-events-by-name \(hour)"
        )
    ]

    private static let counts = [
        PipelineDamage(
            "hours that were not kept from the beginning",
            sql: "INSERT INTO kept_parts VALUES ('1h', 1, 7, 0, 0), ('1d', 1, 0, 0, 1), "
                + "('1m', 0, 7, 49, 0)",
            "kept-from-the-start 1d",
            "kept-from-the-start 1h",
            // Kept no longer, and still there.
            "kept-from-the-start 1m",
            "windows-add-up windows of 1h"
        ),
        PipelineDamage(
            "days that are no longer kept",
            sql: "INSERT INTO kept_parts VALUES ('1d', 0, 0, 7, 0)",
            "kept-from-the-start 1d"
        ),
        PipelineDamage(
            "a log of which nobody knows any more that it is counted",
            sql: "DELETE FROM counted_events",
            "aggregates-equal-raw 1h \(PipelineSample.hourOfLog)",
            "aggregates-equal-raw all 0",
            "conservation all time",
            "conservation analytics"
        ),
        PipelineDamage(
            "an event that was never consumed",
            sql: "UPDATE progress SET first_offset = 15 WHERE first_offset = 14",
            "aggregates-equal-raw 1h \(PipelineSample.hourOfLog)",
            "aggregates-equal-raw all 0",
            "conservation all time",
            "conservation analytics",
            "stored-events-counted \(source) \(id(14))"
        ),
        PipelineDamage(
            "a commit that is counted twice",
            sql: """
                UPDATE window_aggregates SET view_item = view_item + 10
                WHERE category = '' AND currency = '' AND (
                    grain = 'all' OR start_ns = (
                        SELECT max(start_ns) FROM window_aggregates AS latest
                        WHERE latest.grain = window_aggregates.grain AND latest.category = ''
                            AND latest.currency = ''
                    )
                )
                """,
            "aggregates-equal-raw 1h 1700010000000000000",
            "aggregates-equal-raw all 0",
            "conservation all time",
            "counted-once all time"
        ),
        PipelineDamage(
            "statistics of more events than are consumed",
            sql: "UPDATE dataset_statistics SET num_records = num_records + 5 "
                + "WHERE dataset_id = 'derivative/analytics'",
            "conservation analytics",
            "statistics-add-up derivative/analytics"
        ),
        PipelineDamage(
            "an anomaly that is remembered for too long",
            sql: """
                INSERT INTO dataset_invariants (invariant, severity, owner, description, anomalies,
                    refreshed_ns, took_ns, failures)
                VALUES ('own', 'page', 'data', 'x', 0, 1700000000000000000, 1, 0);
                INSERT INTO dataset_anomalies
                VALUES ('own', 'x', 'x', 1, 1, 1692224000000000000),
                    ('own', 'y', 'y', 1, 1, 1692224000000000001),
                    ('own', 'z', 'z', 1, 1, NULL)
                """,
            "retention own x"
        ),
    ]

    private static let letters = [
        PipelineDamage(
            "a dead letter of an event that is stored",
            sql: letter("ingest", 3),
            "dead-letters-not-stored ingest \(source) \(id(3))"
        ),
        PipelineDamage(
            "a dead letter of an event that is counted",
            sql: letter("analytics", 3),
            "dead-letters-not-stored analytics \(source) \(id(3))"
        ),
        PipelineDamage(
            "a dead letter that is lost",
            sql: "DELETE FROM dead_letters WHERE subscription = 'ingest'",
            "raw-sequence \(source)"
        ),
    ]

    private static let events = [
        PipelineDamage(
            "an event that is lost",
            raw: .remove(id(2)),
            "counted-events-stored analytics \(source)",
            "counted-once all time",
            "raw-matches-catalogue raw events",
            "raw-sequence \(source)"
        ),
        PipelineDamage(
            "the last event is lost",
            raw: .remove(id(40)),
            "counted-events-stored analytics \(source)",
            "counted-once all time",
            "raw-matches-catalogue raw events"
        ),
        PipelineDamage(
            "an event of a log is lost",
            raw: .remove("l4"),
            "counted-events-stored replayed logs",
            "counted-once all time",
            "raw-matches-catalogue raw events"
        ),
        PipelineDamage(
            "a purchase of less than what is refunded of it",
            raw: .value(id(5), 399),
            "aggregates-equal-raw \(hour) USD",
            "aggregates-equal-raw all 0 USD",
            "refunds-within-purchase \(source) o5 USD"
        ),
        PipelineDamage(
            "a refund of more than the purchase",
            raw: .value(id(8), 1001),
            "aggregates-equal-raw \(hour) USD",
            "aggregates-equal-raw all 0 USD",
            "refunds-within-purchase \(source) o5 USD"
        ),
        PipelineDamage(
            "an event that is there twice",
            raw: .again(id(3)),
            "aggregates-equal-raw \(hour)",
            "aggregates-equal-raw all 0",
            "raw-events-once \(source) \(id(3))"
        ),
        PipelineDamage(
            "an event that cannot be read",
            raw: .spoil(id(4)),
            "counted-events-stored analytics \(source)",
            "raw-events-readable \(source) \(id(4))",
            "raw-sequence \(source)"
        ),
    ]
}
