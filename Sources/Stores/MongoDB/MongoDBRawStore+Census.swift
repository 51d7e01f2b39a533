internal import Commerce
package import Stages
internal import Timekeeping

extension MongoDBRawStore: RawEventScan {
    package func events(
        after position: Int64,
        atMost limit: Int
    ) async throws(StoreError) -> [RawEvent] {
        try await pool.withConnection { connection throws(StoreError) in
            try await connection.events(after: position, atMost: limit)
        }
    }

    /// None: two documents never have one `_id`, and ``RawEvent/isMisfiled`` tells those whose
    /// `_id` is not their own.
    package func repeated(
        atMost limit: Int
    ) async throws(StoreError) -> [(source: String, id: String)] { [] }
}

extension RawEvent {
    /// What `document`, as the collection has it, says.
    init(_ document: BSONDocument) {
        let source = document.text("source") ?? ""
        let id = document.text("id") ?? ""
        // By bytes: texts that Unicode calls equivalent are different keys.
        let key = Array((document.text("_id") ?? "").utf8)
        self.init(
            position: document.integer("position") ?? 0,
            source: source,
            id: id,
            isMisfiled: key != RawEventEncoder.key(id: id, source: source),
            content: Content(document)
        )
    }
}

extension RawEvent.Content {
    fileprivate init?(_ document: BSONDocument) {
        guard let milliseconds = document.date("time"),
            let name = document.text("name").flatMap({ EventName(ga4: $0) })
        else { return nil }
        let code = document.text("currency") ?? ""
        guard let currency = code.isEmpty ? Currency.none : Currency(code: code) else {
            return nil
        }
        let (rounded, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
        guard let time = document.integer("time_ns") ?? (overflow ? nil : rounded) else {
            return nil
        }
        self.init(
            time: Timestamp(nanoseconds: time),
            sequence: document.integer("sequence") ?? 0,
            name: name,
            transaction: document.text("transaction_id") ?? "",
            currency: currency,
            value: document.integer("value_minor") ?? 0,
            units: document.documents("items").reduce(0) {
                $0.addingSaturated($1.integer("quantity") ?? 0)
            },
            isOrderPart: document.flag("order_part") ?? false
        )
    }
}
