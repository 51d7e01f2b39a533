internal import Broker
package import Storage
internal import Synchronization

/// Raw events in a MongoDB collection, `raw_events`: one document an event.
///
/// - Guarantees: those of ``RawStore``, as far as the write concern of the URL goes (`majority`
///   unless it says otherwise). `_id` is made of the event's `(source, id)`, so an event that
///   comes again is a duplicate, counted as one.
/// - Failure and recovery: a call whose answer was lost is given again by its caller; what it had
///   stored is told from duplicates by the positions, and counted as stored.
/// - Non-guarantees: two runs that write to one database at the same time; the second one is
///   refused when it begins (``hold()``), as long as the first one says that it is there
///   (``renewHold()``).
package final class MongoDBRawStore: RawStore {
    let pool: MongoDBConnectionPool
    /// What could not be read of it.
    let flaws: DamagedValues
    private let doubtful = UnconfirmedPositions()
    private let holding = Holding()
    /// What the server does not do that it was asked to when the store was opened; it goes on
    /// without.
    package let warnings: [String]

    /// Connects to `location` and prepares the collection.
    ///
    /// - Parameters:
    ///   - location: Where the store lies.
    ///   - keys: The business keys that get an index.
    ///   - flaws: Where fields are noted that a report has to leave out.
    /// - Throws: ``StoreError`` where the server cannot be reached, does not let us in, or is not
    ///   fit; its message names the hosts, the database and the remedy, never the password.
    package init(
        _ location: MongoDBLocation,
        indexes keys: [RawEventKey] = RawEventKey.allCases,
        notingIn flaws: DamagedValues = DamagedValues()
    ) async throws(StoreError) {
        self.flaws = flaws
        let uri = try DriverURI(location)
        let first = MongoDBConnection(location, uri)
        do throws(StoreError) {
            let (driver, warnings) = try await first.open(keys)
            self.warnings = warnings
            pool = MongoDBConnectionPool(first, driver, uri, location)
        } catch {
            await first.close()
            throw error
        }
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
