internal import Storage
internal import StoreThreads

/// A connection to a server that is opened at its first call and, when it has died, again at the
/// next one; its calls take turns.
actor PostgreSQLClient {
    private nonisolated let thread = ConnectionThread()
    private let location: PostgreSQLLocation
    /// What a new connection does first.
    private let prepare: @Sendable (PostgreSQLConnection) throws -> Void
    private var connection: PostgreSQLConnection?
    private var isClosed = false

    /// A connection to `location`, not opened yet.
    init(
        _ location: PostgreSQLLocation,
        prepare: @escaping @Sendable (PostgreSQLConnection) throws -> Void = { _ in }
    ) {
        self.location = location
        self.prepare = prepare
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe thread.asUnownedSerialExecutor()
    }

    /// What `body` gives, on the connection's own thread.
    ///
    /// A transaction that `body` has left open when it throws is rolled back.
    func run<Value: Sendable>(
        _ body: @Sendable (PostgreSQLConnection) throws -> Value
    ) throws(StoreError) -> Value {
        let connection = try open()
        do {
            return try body(connection)
        } catch {
            if !connection.isBroken, !connection.isUsable {
                try? connection.execute("ROLLBACK")
            }
            if !connection.isUsable { self.connection = nil }
            throw StoreError(error)
        }
    }

    private func open() throws(StoreError) -> PostgreSQLConnection {
        guard !isClosed else {
            throw StoreError(.refused, "\(location.label) is used after it was closed")
        }
        if let connection, connection.isUsable { return connection }
        // The old connection is given back before there is a new one.
        connection = nil
        let new = try PostgreSQLConnection(location)
        do {
            try prepare(new)
        } catch {
            throw StoreError(error)
        }
        connection = new
        return new
    }

    /// Closes the connection for good.
    func close() {
        isClosed = true
        connection = nil
    }
}

extension StoreError {
    /// What was thrown over a connection, where nothing else is.
    fileprivate init(_ error: any Error) {
        self = error as? StoreError ?? StoreError(.refused, "\(error)")
    }
}
