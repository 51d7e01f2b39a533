internal import Commerce
package import Storage
internal import Timekeeping

extension MongoDBRawStore: RawEventScan {
    package var scan: (any RawEventScan)? { self }

    package func events(
        after position: Int64,
        atMost limit: Int
    ) async throws(StoreError) -> [RawEvent] {
        try await pool.withConnection { [flaws] connection throws(StoreError) in
            try await connection.events(after: position, atMost: limit, notingIn: flaws)
        }
    }

    /// None: two documents never have one `_id`, and ``RawEvent/isMisfiled`` tells those whose
    /// `_id` is not their own.
    package func repeated(
        atMost limit: Int
    ) async throws(StoreError) -> [(source: String, id: String)] { [] }
}

/// A document of the collection, whose fields are held to what they have to be.
///
/// Nothing here trusts the server's validator: another program may have switched it off.
struct StoredField {
    private let document: BSONDocument
    private let store: String
    private let flaws: DamagedValues

    init(_ document: BSONDocument, in store: String, _ flaws: DamagedValues = DamagedValues()) {
        self.document = document
        self.store = store
        self.flaws = flaws
    }

    /// Why a field is not what it has to be.
    func flaw(_ path: StaticString, _ expected: String) -> DamagedValue {
        DamagedValue(
            store: store,
            table: RawEventCommands.collection,
            row: "_id " + (document.text("_id").map(DamagedValue.quote) ?? "of another type"),
            column: "\(path)",
            found: document.has(path)
                ? document.integer(path).map { "\($0)" } ?? "a value of another type" : "nothing",
            expected: expected
        )
    }

    /// The text at `path`; the empty one where there is none, or something else.
    func text(_ path: StaticString, isNeeded: Bool = false) -> String {
        read(path, "a text in UTF-8", isNeeded, document.text(path)) ?? ""
    }

    /// The whole number at `path`, or nil.
    func integer(_ path: StaticString, isNeeded: Bool = false) -> Int64? {
        read(path, "a whole number", isNeeded, document.integer(path))
    }

    /// The milliseconds since the epoch of the date at `path`, or nil.
    func date(_ path: StaticString) -> Int64? {
        read(path, "a date", true, document.date(path))
    }

    /// Whether there is a true at `path`.
    func flag(_ path: StaticString) -> Bool {
        read(path, "true or false", false, document.flag(path)) ?? false
    }

    /// How many pieces the items have.
    var units: Int64 {
        document.documents("items").reduce(0) { $0.addingSaturated($1.integer("quantity") ?? 0) }
    }

    private func read<Value>(
        _ path: StaticString,
        _ expected: String,
        _ isNeeded: Bool,
        _ value: Value?
    ) -> Value? {
        if value == nil, isNeeded || document.has(path) {
            flaws.note(StoreError(flaw(path, expected)))
        }
        return value
    }
}

extension RawEvent {
    /// What `document`, as the collection has it, says.
    init(_ document: StoredField) {
        let source = document.text("source", isNeeded: true)
        let id = document.text("id", isNeeded: true)
        // By bytes: texts that Unicode calls equivalent are different keys.
        let key = Array(document.text("_id", isNeeded: true).utf8)
        self.init(
            position: document.integer("position", isNeeded: true) ?? 0,
            source: source,
            id: id,
            isMisfiled: key != RawEventEncoder.key(id: id, source: source),
            content: Content(document)
        )
    }
}

extension RawEvent.Content {
    fileprivate init?(_ document: StoredField) {
        let milliseconds = document.date("time")
        let name = EventName(ga4: document.text("name", isNeeded: true))
        guard let milliseconds, let name else { return nil }
        let code = document.text("currency")
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
            transaction: document.text("transaction_id"),
            currency: currency,
            value: document.integer("value_minor") ?? 0,
            units: document.units,
            isOrderPart: document.flag("order_part")
        )
    }
}
