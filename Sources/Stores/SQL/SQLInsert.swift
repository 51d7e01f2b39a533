package import Broker
package import Commerce
package import Storage
internal import Timekeeping

/// Rows for a table, and what becomes of one whose key is there already.
package struct SQLInsert: Sendable {
    package var table: String
    package var columns: [String]
    /// The end of the statement; empty where a second row of one key is an error.
    private var conflict = ""

    /// Rows of these columns, each with a key of its own.
    package init(_ table: String, _ columns: [String]) {
        self.table = table
        self.columns = columns
    }

    /// What is there of a row with the same `key` stays.
    func keeping(_ key: String...) -> SQLInsert {
        var insert = self
        insert.conflict = " ON CONFLICT (\(key.joined(separator: ", "))) DO NOTHING"
        return insert
    }

    /// These columns replace what is there of a row with the same `key`.
    func replacing(_ columns: [String], key: String...) -> SQLInsert {
        setting(columns.map { "\($0) = excluded.\($0)" }, key)
    }

    /// These columns are added to what is there of a row with the same `key`.
    func adding(_ columns: [String], key: String...) -> SQLInsert {
        setting(columns.map { "\($0) = stored.\($0) + excluded.\($0)" }, key)
    }

    private func setting(_ changes: [String], _ key: [String]) -> SQLInsert {
        var insert = self
        insert.conflict =
            " ON CONFLICT (\(key.joined(separator: ", "))) DO UPDATE SET "
            + changes.joined(separator: ", ")
        return insert
    }

    /// The columns, with commas between them.
    package var list: String { columns.joined(separator: ", ") }

    /// Whether rows may have the key of one that is there.
    package var replacesRows: Bool { !conflict.isEmpty }

    /// Where the rows go, as COPY names it.
    package var target: String { "\(table) (\(list))" }

    /// Inserts a row.
    package var one: SQLStatement {
        let places = columns.indices.map { "$\($0 + 1)" }.joined(separator: ", ")
        return SQLStatement(
            "INSERT INTO \(table) AS stored (\(list)) VALUES (\(places))\(conflict)"
        )
    }

    /// Inserts the rows of another table, or those of it that a condition after its name holds.
    package func all(of other: String) -> String {
        "INSERT INTO \(table) AS stored (\(list)) SELECT \(list) FROM \(other)\(conflict)"
    }
}

// MARK: - The rows of a commit

extension SQLInsert {
    package static let windows = SQLInsert(
        "window_aggregates",
        ["grain", "start_ns", "category", "currency"] + WindowCell.columns
    ).adding(WindowCell.columns, key: "grain", "start_ns", "category", "currency")

    package static let products = SQLInsert(
        "product_sales",
        ["grain", "start_ns", "product", "currency"] + ProductCell.columns
    ).adding(ProductCell.columns, key: "grain", "start_ns", "product", "currency")

    package static let customEvents = SQLInsert(
        "window_events",
        ["grain", "start_ns", "name", "events"]
    ).adding(["events"], key: "grain", "start_ns", "name")

    package static let hashes = SQLInsert(
        "distinct_hashes",
        ["grain", "start_ns", "measure", "category", "hashes"]
    )

    package static let watermarks = SQLInsert(
        "watermarks",
        ["subscription", "stream", "watermark_ns"]
    ).replacing(["watermark_ns"], key: "subscription", "stream")

    package static let late = SQLInsert(
        "late_events",
        [
            "subscription", "source", "id", "time_ns", "missed_grain", "lateness_ns", "document",
        ]
    ).keeping("subscription", "source", "id")

    package static let uncounted = SQLInsert(
        "uncounted_events",
        [
            "subscription", "reason", "source", "id", "content", "time_ns", "transaction_id",
            "document",
        ]
    ).keeping("subscription", "reason", "source", "id", "content")

    package static let letters = SQLInsert(
        "dead_letters",
        [
            "subscription", "source", "id", "position", "reason", "detail", "attempts",
            "first_failure_ns", "last_failure_ns", "document", "decided_ns", "replay", "outcome",
            "successor",
        ]
    ).replacing(
        // What was decided was decided of the failure before.
        [
            "reason", "detail", "attempts", "last_failure_ns", "decided_ns", "replay", "outcome",
            "successor",
        ],
        key: "subscription",
        "source",
        "id",
        "position"
    )

    package static let dropped = SQLInsert(
        "dropped_messages",
        ["subscription", "cause", "first_position", "last_position", "first_ns", "last_ns"]
    ).replacing(
        ["last_position", "first_ns", "last_ns"],
        key: "subscription",
        "cause",
        "first_position"
    )

    package static let slices = SQLInsert(
        "sli_slices",
        ["series", "start_ns", "writer", "good", "total"]
    ).replacing(["good", "total"], key: "series", "start_ns", "writer")
}

extension WindowCell {
    /// The columns of ``values``.
    package static let columns =
        EventName.allCases.map(\.ga4) + ["units", "revenue", "refunded", "order_parts"]

    /// What is stored of it.
    package var values: [Int64] {
        EventName.allCases.map { self[$0] } + [units, revenue, refunded, orderParts]
    }
}

extension ProductCell {
    /// The columns of ``values``.
    package static let columns = ["views", "orders", "units", "revenue"]

    /// What is stored of it.
    package var values: [Int64] { [views, orders, units, revenue] }
}

extension SketchText {
    /// The first values of a row of ``SQLInsert/hashes``.
    package var values: [SQLValue] {
        [
            .text(grain.rawValue), .integer(start.nanoseconds), .text(measure.rawValue),
            .key(category),
        ]
    }
}

extension LateEvent {
    /// A row of ``SQLInsert/late``.
    package func values(of subscription: String) -> [SQLValue] {
        let batch = publication.batch
        let identity = IdentityText(batch, place)
        return [
            .text(subscription), .key(identity.source), .key(identity.id),
            .integer(batch.events[place].time.nanoseconds), .text(missed.rawValue),
            .integer(lateness.inNanoseconds),
            .text(String(decoding: batch.document(of: place), as: UTF8.self)),
        ]
    }
}

extension UncountedEvent {
    /// A row of ``SQLInsert/uncounted``.
    package func values(of subscription: String) -> [SQLValue] {
        let batch = publication.batch
        let identity = IdentityText(batch, place)
        let event = batch.events[place]
        return [
            .text(subscription), .text(reason.rawValue), .key(identity.source), .key(identity.id),
            .integer(Int64(bitPattern: content)), .integer(event.time.nanoseconds),
            .text(batch.symbols.text(of: event.transaction, in: .order)),
            .bytes(batch.document(of: place)),
        ]
    }
}

extension DeadLetter<Batch> {
    /// A row of ``SQLInsert/letters``.
    package var values: [SQLValue] {
        let batch = publication.batch
        let identity = IdentityText(batch, place)
        return [
            .text(subscription), .key(identity.source), .key(identity.id),
            .integer(publication.position(at: place)), .text(reason.label), .text(reason.detail),
            .integer(Int64(attempts)), .integer(firstFailure.nanoseconds),
            .integer(lastFailure.nanoseconds), .bytes(batch.document(of: place)), .null, .null,
            .null, .null,
        ]
    }
}

/// Who an event is, in the texts it is stored by.
package struct IdentityText: Sendable {
    package var source: String
    package var id: String

    /// Who the event at `place` of `batch` is.
    package init(_ batch: Batch, _ place: Int) {
        source = batch.symbols.text(of: batch.events[place].source, in: .text)
        id = batch.idText(of: place)
    }
}

extension Batch {
    /// The bytes an event was read from or, where the shopper model made it, its CloudEvents
    /// JSON.
    package func document(of place: Int) -> [UInt8] {
        if let originals {
            return Array(originals.bytes[originals.ranges[place]])
        }
        var bytes: [UInt8] = []
        CloudEventEncoder().append(place, of: self, to: &bytes)
        return bytes
    }
}
