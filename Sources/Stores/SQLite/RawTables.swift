internal import Commerce
internal import Foundation
internal import GRDB

/// The tables of raw events.
///
/// An event lies in its row as CloudEvents' binary content mode has it: its attributes are columns,
/// in as few bytes as say them, and `data` is what it carries. One that came as CloudEvents JSON
/// has `document` instead, with every byte. The view `events` writes both out in full.
enum RawTables {
    /// In bytes; rows are appended, which takes a fifth less time with twice SQLite's usual pages.
    static let pageSize = 8192

    static var schema: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1", migrate: makeDocuments)
        migrator.registerMigration("2", foreignKeyChecks: .immediate, migrate: makeColumns)
        migrator.registerMigration("keys", migrate: KeyIndex.make)
        migrator.registerMigration("logs", migrate: makeLogs)
        return migrator
    }

    /// The id of a row of `raw_events` as text.
    static let id = """
        CASE WHEN typeof(id) = 'blob' AND length(id) = 16 THEN lower(
            substr(hex(id), 1, 8) || '-' || substr(hex(id), 9, 4) || '-' || substr(hex(id), 13, 4)
                || '-' || substr(hex(id), 17, 4) || '-' || substr(hex(id), 21)
        ) ELSE id END
        """

    private static func makeDocuments(_ database: Database) throws {
        try database.execute(
            // What a key is unique within: a source and a position, the file; an id, its source.
            // Positions are those of the run's broker, which numbers all topics together and
            // begins behind the highest one here.
            sql: """
                CREATE TABLE sources (
                    source_id INTEGER PRIMARY KEY,
                    source TEXT NOT NULL UNIQUE
                ) STRICT;
                CREATE TABLE raw_events (
                    position INTEGER PRIMARY KEY,
                    source_id INTEGER NOT NULL REFERENCES sources,
                    id TEXT NOT NULL,
                    time_ns INTEGER NOT NULL,
                    document TEXT NOT NULL,
                    UNIQUE (source_id, id)
                ) STRICT;
                """
        )
    }

    /// Gives attributes columns of their own; documents that are there stay as they are.
    private static func makeColumns(_ database: Database) throws {
        let rowID = DatabaseFunction("weir_event_id", argumentCount: 1, pure: true) { values in
            guard let text = String.fromDatabaseValue(values[0]) else { return values[0] }
            guard let id = EventID(uuid: text) else { return text }
            var bytes: [UInt8] = []
            id.appendBytes(to: &bytes)
            return Data(bytes)
        }
        database.add(function: rowID)
        defer { database.remove(function: rowID) }
        try database.execute(
            // A UUID is its sixteen bytes, any other id its text. The trace is the id of the
            // trace and of the span.
            sql: """
                DROP VIEW IF EXISTS events;
                ALTER TABLE raw_events RENAME TO earlier_events;
                CREATE TABLE types (
                    type_id INTEGER PRIMARY KEY,
                    type TEXT NOT NULL UNIQUE
                ) STRICT;
                CREATE TABLE raw_events (
                    position INTEGER PRIMARY KEY,
                    source_id INTEGER NOT NULL REFERENCES sources,
                    id ANY NOT NULL,
                    time_ns INTEGER NOT NULL,
                    type_id INTEGER REFERENCES types,
                    subject TEXT,
                    sequence INTEGER,
                    trace BLOB,
                    transaction_id TEXT,
                    data TEXT,
                    document TEXT,
                    UNIQUE (source_id, id)
                ) STRICT;
                INSERT INTO raw_events (position, source_id, id, time_ns, transaction_id, document)
                SELECT position, source_id, weir_event_id(id), time_ns,
                    CASE WHEN json_valid(document)
                    THEN json_extract(document, '$.data.transaction_id') END,
                    document
                FROM earlier_events ORDER BY position;
                DROP TABLE earlier_events;
                CREATE INDEX orders ON raw_events (transaction_id)
                WHERE transaction_id IS NOT NULL;
                \(view)
                """
        )
    }

    private static func makeLogs(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE logs (
                    sequence INTEGER PRIMARY KEY,
                    level TEXT NOT NULL,
                    message TEXT NOT NULL
                ) STRICT;
                CREATE TABLE log_fields (
                    sequence INTEGER NOT NULL REFERENCES logs,
                    name TEXT NOT NULL,
                    value TEXT NOT NULL,
                    PRIMARY KEY (sequence, name)
                ) STRICT, WITHOUT ROWID;
                CREATE INDEX log_values ON log_fields (name, value, sequence);
                """
        )
    }

    private static let view = """
        CREATE VIEW events AS
        WITH
            spelled AS (
                SELECT *,
                    \(id) AS id_text,
                    time_ns - ((time_ns % 1000000000) + 1000000000) % 1000000000 AS second_ns,
                    ((time_ns % 1000000000) + 1000000000) % 1000000000 AS fraction
                FROM raw_events
            ),
            timed AS (
                SELECT *,
                    strftime('%Y-%m-%dT%H:%M:%S', second_ns / 1000000000, 'unixepoch')
                        || CASE
                            WHEN fraction = 0 THEN ''
                            WHEN fraction % 1000000 = 0
                            THEN printf('.%03d', fraction / 1000000)
                            WHEN fraction % 1000 = 0 THEN printf('.%06d', fraction / 1000)
                            ELSE printf('.%09d', fraction)
                        END || 'Z' AS time_text
                FROM spelled
            ),
            written AS (
                SELECT *,
                    coalesce(
                        document,
                        '{"specversion":"1.0","id":' || json_quote(id_text)
                            || ',"source":' || json_quote(source)
                            || ',"type":' || json_quote(type)
                            || ',"time":"' || time_text || '"'
                            || CASE WHEN subject IS NULL THEN ''
                                ELSE ',"subject":' || json_quote(subject) END
                            || ',"datacontenttype":"application/json","traceparent":"00-'
                            || lower(hex(substr(trace, 1, 16))) || '-'
                            || lower(hex(substr(trace, 17))) || '-01"'
                            || CASE WHEN sequence IS NULL THEN ''
                                ELSE ',"sequence":"' || printf('%019d', sequence) || '"' END
                            || CASE WHEN subject IS NULL THEN ''
                                ELSE ',"partitionkey":' || json_quote(subject) END
                            || ',"data":' || data || '}'
                    ) AS whole
                FROM timed LEFT JOIN sources USING (source_id) LEFT JOIN types USING (type_id)
            )
        SELECT position, source, id_text AS id,
            time_text AS time,
            coalesce(type, json_extract(document, '$.type')) AS type,
            coalesce(subject, json_extract(document, '$.subject')) AS subject,
            json_extract(coalesce(data, json_extract(document, '$.data')), '$.user_id') AS user_id,
            json_extract(coalesce(data, json_extract(document, '$.data')), '$.session_id')
                AS session_id,
            transaction_id,
            json_extract(coalesce(data, json_extract(document, '$.data')), '$.value') AS value,
            json_extract(coalesce(data, json_extract(document, '$.data')), '$.currency')
                AS currency,
            whole AS document
        FROM written;
        """
}
