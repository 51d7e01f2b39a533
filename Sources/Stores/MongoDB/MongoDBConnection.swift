internal import Broker
internal import Commerce
internal import Storage
internal import StoreThreads
internal import Synchronization

/// One connection with a thread of its own, on which everything here runs and may wait.
actor MongoDBConnection {
    private let thread = ConnectionThread()
    let location: MongoDBLocation
    private let uri: DriverURI
    private var driver: DriverPool?
    /// Connected when it is first needed.
    private var client: DriverClient?
    private var encoder = RawEventEncoder()
    /// Takes one event after the other.
    private let document = BSONDocument()

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe thread.asUnownedSerialExecutor()
    }

    /// A connection to where `uri` points, of `driver` where there is one already.
    init(_ location: MongoDBLocation, _ uri: DriverURI, _ driver: DriverPool? = nil) {
        self.location = location
        self.uri = uri
        self.driver = driver
    }

    /// Looks at the server and prepares the collection, before any connection is made to stay.
    ///
    /// Where the store is only read, the client that looks is kept: one of a pool would come with a
    /// thread that watches the server, and whose end takes half a second.
    ///
    /// - Returns: What further connections are made with, what is not as it should be, and whether
    ///   there is an index by trace.
    func open(
        _ keys: [RawEventKey],
        for access: StoreAccess
    ) throws(StoreError) -> (DriverPool, warnings: [String], hasTraceIndex: Bool) {
        let probe = try reaching { () throws(DriverFailure) in
            try DriverClient(
                probing: uri,
                database: location.database,
                collection: RawEventCommands.collection
            )
        }
        var server = MongoDBServer(probe, location)
        try server.check()
        try server.prepare(keys)
        let driver = try reaching { () throws(DriverFailure) in try DriverPool(uri) }
        self.driver = driver
        if access == .reading { client = probe }
        return (driver, server.warnings, server.hasTraceIndex)
    }

    /// Inserts the events of `writes`, of whose positions a call that failed may have stored the
    /// `doubtful` ones.
    func insert(
        _ writes: [RawWrite],
        doubtful: Set<Int64>
    ) throws(StoreError) -> RawOutcome {
        let refusals = try reaching { () throws(DriverFailure) in try send(writes) }
        let count = writes.reduce(0) { $0 + $1.selection.count }
        guard !refusals.isEmpty else { return RawOutcome(stored: count, duplicates: 0) }
        if let refusal = refusals.first(where: { !$0.isDuplicate }) {
            throw DriverFailure(.server, code: refusal.code, refusal.message)
                .storeError(at: location)
        }
        let places = writes.flatMap { write in
            var places: [(publication: Publication<Batch>, place: Int)] = []
            write.selection.forEach { places.append((write.publication, $0)) }
            return places
        }
        let unclear = refusals.map { places[$0.place] }.enumerated().filter { index, event in
            !refusals[index].isSameID
                || doubtful.contains(event.publication.position(at: event.place))
        }.map(\.element)
        let own = try countOwn(unclear, doubtful)
        return RawOutcome(
            stored: count - refusals.count + own,
            duplicates: refusals.count - own
        )
    }

    private func send(_ writes: [RawWrite]) throws(DriverFailure) -> [DriverInsert.Refusal] {
        var insert = try connected().beginInsert()
        for write in writes {
            try write.selection.forEach { place throws(DriverFailure) in
                let isWhole = document.refill {
                    encoder.append(place, of: write.publication, to: &$0)
                }
                guard isWhole else {
                    throw DriverFailure(.driver, code: 0, "an event has more than 2 GiB")
                }
                try insert.add(document)
            }
        }
        return try insert.execute()
    }

    /// How many of the refused `events` an earlier call has stored at these very positions.
    private func countOwn(
        _ events: [(publication: Publication<Batch>, place: Int)],
        _ doubtful: Set<Int64>
    ) throws(StoreError) -> Int {
        var own = 0
        // A reply holds 16 MiB, and an id may have a megabyte in the worst case.
        for start in stride(from: 0, to: events.count, by: 1000) {
            let some = events[start..<min(start + 1000, events.count)]
            let keys = some.map { encoder.key($0.place, of: $0.publication.batch) }
            let reply = try read(RawEventCommands.positions(of: keys))
            var positions: [[UInt8]: Int64] = [:]
            for found in reply.documents("cursor.firstBatch") {
                // By bytes: texts that Unicode calls equivalent are different ids.
                positions[Array((found.text("_id") ?? "").utf8)] = found.integer("position")
            }
            for (event, key) in zip(some, keys) {
                let position = event.publication.position(at: event.place)
                guard let stored = positions[key] else {
                    throw StoreError(
                        .refused,
                        "\(location): position \(position) is taken by another event; see that "
                            + "no other run writes to this database"
                    )
                }
                if stored == position, doubtful.contains(position) {
                    own += 1
                }
            }
        }
        return own
    }

    /// How many events are stored.
    func count() throws(StoreError) -> Int64 {
        let reply = try read(RawEventCommands.count)
        return reply.documents("cursor.firstBatch").first?.integer("n") ?? 0
    }

    /// How many events are stored at `position` and behind.
    func count(from position: Int64) throws(StoreError) -> Int64 {
        let reply = try read(RawEventCommands.count(from: position))
        return reply.documents("cursor.firstBatch").first?.integer("n") ?? 0
    }

    /// Some events behind `position`, in the order of positions.
    ///
    /// Those that have no whole number for a position are noted in `damage` with the first ones.
    func events(
        after position: Int64,
        atMost limit: Int,
        notingIn damage: DamagedValues
    ) throws(StoreError) -> [RawEvent] {
        let store = "\(location)"
        if position == .min {
            for document in try read(RawEventCommands.misplaced).documents("cursor.firstBatch") {
                let field = StoredField(document, in: store)
                damage.note(StoreError(field.damaged("position", "a whole number")))
            }
        }
        return try read(RawEventCommands.events(after: position, atMost: limit))
            .documents("cursor.firstBatch").map { RawEvent(StoredField($0, in: store, damage)) }
    }

    /// How many connections the server has now, of everybody; nil where it does not say.
    func serverConnections() throws(StoreError) -> Int? {
        let reply = try read(RawEventCommands.serverStatus, on: .admin)
        return reply.integer("connections.current").map(Int.init)
    }

    /// Gives back what the connection holds of the driver's, on the thread that used it.
    func close() {
        client = nil
        driver = nil
    }

    func read(
        _ command: BSONDocument,
        on target: DriverClient.Target = .own
    ) throws(StoreError) -> BSONDocument {
        try reaching { () throws(DriverFailure) in try connected().read(command, on: target) }
    }

    /// Removes the database with all that is in it, where it has a collection of ours.
    func dropDatabase() throws(StoreError) {
        driver = try reaching { () throws(DriverFailure) in try DriverPool(uri) }
        let found = try command(RawEventCommands.listing).documents("cursor.firstBatch")
        guard !found.isEmpty else { return }
        // First, since a server may take minutes to drop what it deletes in seconds.
        _ = try command(
            BSONDocument(json: #"{"delete": "raw_events", "deletes": [{"q": {}, "limit": 0}]}"#)
        )
        _ = try command(BSONDocument(json: #"{"dropDatabase": 1}"#))
    }

    /// What the server answers to `command`, which may write.
    func command(_ command: BSONDocument) throws(StoreError) -> BSONDocument {
        try reaching { () throws(DriverFailure) in try connected().run(command) }
    }

    private func connected() throws(DriverFailure) -> DriverClient {
        if let client { return client }
        guard let driver else {
            throw DriverFailure(.driver, code: 0, "the store is closed")
        }
        let client = try DriverClient(
            driver,
            database: location.database,
            collection: RawEventCommands.collection
        )
        self.client = client
        return client
    }

    private func reaching<Value>(
        _ body: () throws(DriverFailure) -> Value
    ) throws(StoreError) -> Value {
        do throws(DriverFailure) {
            return try body()
        } catch {
            throw error.storeError(at: location)
        }
    }
}

/// The connections of one store, each lent to one caller at a time.
///
/// A connection is made when all that there are are lent, up to the limit of the URL; then
/// callers wait, the first one longest.
final class MongoDBConnectionPool: Sendable {
    private struct State {
        /// Those that are idle; the last one that was is the first to be used again, so that
        /// no more are opened than work at once.
        var idle: [MongoDBConnection] = []
        var opened = 1
        /// How many there may be; no more than there are once the pool is being closed.
        var limit: Int
        /// What connections are made with; let go when the pool is closed.
        var driver: DriverPool?
        var waiting: [CheckedContinuation<MongoDBConnection, Never>] = []
    }

    private let uri: DriverURI
    private let location: MongoDBLocation
    private let state: Mutex<State>

    /// A pool around `first`, which has made `driver`.
    init(
        _ first: MongoDBConnection,
        _ driver: DriverPool,
        _ uri: DriverURI,
        _ location: MongoDBLocation
    ) {
        self.uri = uri
        self.location = location
        state = Mutex(State(idle: [first], limit: uri.connectionLimit, driver: driver))
    }

    /// How many connections are open, how many of them are lent, and how many there may be.
    @inline(never)
    func occupancy() -> (open: Int, inUse: Int, limit: Int) {
        state.withLock { ($0.opened, $0.opened - $0.idle.count, uri.connectionLimit) }
    }

    /// What `body` gives with a connection that is its own meanwhile.
    func withConnection<Value>(
        _ body: (MongoDBConnection) async throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        let connection = await take()
        defer { giveBack(connection) }
        return try await body(connection)
    }

    /// As ``withConnection(_:)``, but nil where every connection is in use.
    func withIdleConnection<Value>(
        _ body: (MongoDBConnection) async throws(StoreError) -> Value
    ) async throws(StoreError) -> Value? {
        guard let connection = takeIdle() else { return nil }
        defer { giveBack(connection) }
        return try await body(connection)
    }

    /// Closes every connection, once all are idle.
    func close() async {
        var connections: [MongoDBConnection] = []
        for _ in 0..<stopOpening() {
            connections.append(await take())
        }
        // The last connection to close ends the driver's pool with it, on a thread that may wait.
        letGoOfDriver()
        for connection in connections {
            await connection.close()
            giveBack(connection)
        }
    }

    private func take() async -> MongoDBConnection {
        await withCheckedContinuation { lend(to: $0) }
    }

    // None of the following is inlined: within an async function the compiler takes the thread
    // before a suspension for the one after it, and a mutex locked on both sides then traps.

    @inline(never)
    private func lend(to caller: CheckedContinuation<MongoDBConnection, Never>) {
        let connection: MongoDBConnection? = state.withLock { state in
            if let idle = state.idle.popLast() { return idle }
            if state.opened < state.limit {
                state.opened += 1
                return MongoDBConnection(location, uri, state.driver)
            }
            state.waiting.append(caller)
            return nil
        }
        if let connection {
            caller.resume(returning: connection)
        }
    }

    @inline(never)
    private func takeIdle() -> MongoDBConnection? {
        state.withLock { $0.idle.popLast() }
    }

    @inline(never)
    private func giveBack(_ connection: MongoDBConnection) {
        let next = state.withLock { state -> CheckedContinuation<MongoDBConnection, Never>? in
            guard !state.waiting.isEmpty else {
                state.idle.append(connection)
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume(returning: connection)
    }

    /// Opens no connection from now on; says how many there are.
    @inline(never)
    private func stopOpening() -> Int {
        state.withLock { state in
            state.limit = state.opened
            return state.opened
        }
    }

    @inline(never)
    private func letGoOfDriver() {
        state.withLock { $0.driver = nil }
    }
}
