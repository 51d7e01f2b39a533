internal import Broker
internal import Commerce
package import Storage
internal import Synchronization
internal import Timekeeping

/// Raw events in a MongoDB collection, `raw_events`: one document an event.
///
/// - Guarantees: those of ``RawStore``, as far as the write concern of the URL goes (`majority`
///   unless it says otherwise). `_id` is made of the event's `(source, id)`, so an event that
///   comes again is a duplicate, counted as one.
/// - Failure and recovery: a call whose answer was lost is given again by its caller; what it had
///   stored is distinguished from duplicates by the positions, and counted as stored.
/// - Non-guarantees: two runs that write to one database at the same time; the second one is
///   refused when it begins (``hold()``), as long as the first one says that it is there
///   (``renewHold()``).
package final class MongoDBRawStore: RawStore {
    let pool: MongoDBConnectionPool
    /// What could not be read of it.
    let damage: DamagedValues
    private let doubtful = UnconfirmedPositions()
    private let holding = Holding()
    /// What the server does not do that it was asked to when the store was opened; it goes on
    /// without.
    package let warnings: [String]
    let hasTraceIndex: Bool

    /// Connects to `location` and prepares the collection.
    ///
    /// - Parameters:
    ///   - location: Where the store lies.
    ///   - access: What it is opened for.
    ///   - keys: The business keys that get an index.
    ///   - damage: Where fields are noted that a report has to leave out.
    /// - Throws: ``StoreError`` where the server cannot be reached, does not let us in, or is not
    ///   fit; its message names the hosts, the database and the remedy, never the password.
    package init(
        _ location: MongoDBLocation,
        _ access: StoreAccess = .making,
        indexes keys: [RawEventKey] = RawEventKey.allCases,
        notingIn damage: DamagedValues = DamagedValues()
    ) async throws(StoreError) {
        self.damage = damage
        let uri = try DriverURI(location)
        let first = MongoDBConnection(location, uri)
        do throws(StoreError) {
            let (driver, warnings, hasTraceIndex) = try await first.open(keys, for: access)
            self.warnings = warnings
            self.hasTraceIndex = hasTraceIndex
            pool = MongoDBConnectionPool(first, driver, uri, location)
        } catch {
            await first.close()
            throw error
        }
    }

    /// Removes the database of `location` with all that is in it, where it has raw events of ours.
    package static func dropDatabase(at location: MongoDBLocation) async throws(StoreError) {
        let connection = MongoDBConnection(location, try DriverURI(location))
        let outcome: Result<Void, StoreError>
        do throws(StoreError) {
            try await connection.dropDatabase()
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        await connection.close()
        try outcome.get()
    }

    package func hold() async throws(StoreError) {
        guard holding.holder == nil else { return }
        holding.holder = try await pool.withConnection { connection throws(StoreError) in
            try await connection.takeLease()
        }
    }

    package func renewHold() async throws(StoreError) {
        guard let holder = holding.holder else { return }
        try await pool.withConnection { connection throws(StoreError) in
            try await connection.renewLease(holder)
        }
    }

    package func readBack(from position: Int64) async throws(StoreError) -> Int64 {
        try await pool.withConnection { connection throws(StoreError) in
            try await connection.count(from: position)
        }
    }

    package func nextPosition() async throws(StoreError) -> Int64 {
        try await pool.withConnection { connection throws(StoreError) in
            try await connection.lastPosition() + 1
        }
    }

    package func store(_ writes: [RawWrite]) async throws(StoreError) -> RawOutcome {
        guard writes.contains(where: { !$0.selection.isEmpty }) else {
            return RawOutcome(stored: 0, duplicates: 0)
        }
        let known = doubtful.all()
        do throws(StoreError) {
            let outcome = try await pool.withConnection { connection throws(StoreError) in
                try await connection.insert(writes, doubtful: known)
            }
            doubtful.remove(writes)
            return outcome
        } catch {
            doubtful.insert(writes)
            throw error
        }
    }

    package func count() async throws(StoreError) -> Int64 {
        try await pool.withConnection { connection throws(StoreError) in
            try await connection.count()
        }
    }

    package func connections() async -> StoreConnections? {
        let occupancy = pool.occupancy()
        // A server that does not answer, or does not allow it, leaves its part out.
        let server = try? await pool.withIdleConnection { connection throws(StoreError) in
            try await connection.serverConnections()
        }
        return StoreConnections(
            server: server ?? nil,
            open: occupancy.open,
            inUse: occupancy.inUse,
            limit: occupancy.limit
        )
    }

    package func close() async {
        if let holder = holding.holder {
            // A server that is gone forgets it by itself, when its time is over.
            try? await pool.withConnection { connection throws(StoreError) in
                try await connection.returnLease(holder)
            }
            holding.holder = nil
        }
        await pool.close()
    }
}

/// Under which name a store is held; nil where it is not.
private final class Holding: Sendable {
    private let state = Mutex<RunHolder?>(nil)

    // Not inlined: see ``UnconfirmedPositions``.
    var holder: RunHolder? {
        @inline(never) get { state.withLock { $0 } }
        @inline(never) set { state.withLock { $0 = newValue } }
    }
}

extension MongoDBRawStore: RawEventScan {
    package var scan: (any RawEventScan)? { self }

    package func events(
        after position: Int64,
        atMost limit: Int
    ) async throws(StoreError) -> [RawEvent] {
        try await pool.withConnection { [damage] connection throws(StoreError) in
            try await connection.events(after: position, atMost: limit, notingIn: damage)
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
    private let collection: String
    private let damage: DamagedValues

    init(
        _ document: BSONDocument,
        of collection: String = RawEventCommands.collection,
        in store: String,
        _ damage: DamagedValues = DamagedValues()
    ) {
        self.document = document
        self.store = store
        self.collection = collection
        self.damage = damage
    }

    /// Why a field is not what it has to be.
    func damaged(_ path: StaticString, _ expected: String) -> DamagedValue {
        DamagedValue(
            store: store,
            table: collection,
            row: "_id " + (id ?? "of another type"),
            column: "\(path)",
            found: document.has(path)
                ? document.integer(path).map { "\($0)" } ?? "a value of another type" : "nothing",
            expected: expected
        )
    }

    private var id: String? {
        document.text("_id").map { DamagedValue.quote($0) }
            ?? document.integer("_id").map { "\($0)" }
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
            damage.note(StoreError(damaged(path, expected)))
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

extension StoredField {
    /// What the event is called; nil where its name and its type do not say the same.
    var eventName: String? {
        let name = text("name", isNeeded: true)
        let type = text("type", isNeeded: true)
        guard !name.isEmpty,
            EventName.name(inCloudEventType: type).utf8.elementsEqual(name.utf8)
        else { return nil }
        return name
    }
}

extension RawEvent.Content {
    fileprivate init?(_ document: StoredField) {
        let milliseconds = document.date("time")
        guard let milliseconds, let name = document.eventName else { return nil }
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
            name: EventName(ga4: name) ?? .custom,
            transaction: document.text("transaction_id"),
            currency: currency,
            value: document.integer("value_minor") ?? 0,
            units: document.units,
            isOrderPart: document.flag("order_part")
        )
    }
}
