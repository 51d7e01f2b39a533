internal import Storage
internal import Synchronization

/// The connections of one store, each lent to one caller at a time.
///
/// A connection is made when all that there are are lent, up to the limit of the URL; then
/// callers wait, the first one longest.
final class MongoDBConnectionPool: Sendable {
    private struct State {
        /// Those that nobody uses; the last one that was is the first to be used again, so that
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

    /// Closes every connection, once nobody uses any.
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
