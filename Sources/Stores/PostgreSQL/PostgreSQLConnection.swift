internal import Stages
internal import StoreThreads

/// A connection to a server that is opened at its first call and, when it has died, again at the
/// next one; its calls take turns.
actor PostgreSQLConnection {
    private nonisolated let thread = ConnectionThread()
    private let location: PostgreSQLLocation
    /// What a new connection does first.
    private let prepare: @Sendable (PostgreSQLLine) throws(StoreError) -> Void
    private var line: PostgreSQLLine?
    private var isClosed = false

    /// A connection to `location`, not opened yet.
    init(
        _ location: PostgreSQLLocation,
        prepare: @escaping @Sendable (PostgreSQLLine) throws(StoreError) -> Void = { _ in }
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
        _ body: @Sendable (PostgreSQLLine) throws(StoreError) -> Value
    ) throws(StoreError) -> Value {
        let line = try usableLine()
        do throws(StoreError) {
            return try body(line)
        } catch {
            if !line.isBroken, !line.isUsable {
                try? line.execute("ROLLBACK")
            }
            if !line.isUsable { self.line = nil }
            throw error
        }
    }

    private func usableLine() throws(StoreError) -> PostgreSQLLine {
        guard !isClosed else {
            throw StoreError(.refused, "\(location.label) is used after it was closed")
        }
        if let line, line.isUsable { return line }
        // The old connection is given back before there is a new one.
        line = nil
        let new = try PostgreSQLLine(location)
        try prepare(new)
        line = new
        return new
    }

    /// Closes the connection for good.
    func close() {
        isClosed = true
        line = nil
    }
}
