internal import CMongoc

/// One connection, and one collection of its database; used by one thread at a time.
///
/// Every call may wait for the network: none belongs on a thread that runs tasks.
@safe final class DriverClient {
    /// Which database a command is for.
    enum Target {
        case own
        case admin

        fileprivate func name(own database: String) -> String {
            self == .own ? database : "admin"
        }
    }

    private let handle: OpaquePointer
    private let collection: OpaquePointer
    private let database: String
    /// Whatever the URL prefers: what was written last must be read.
    private let primary = unsafe mongoc_read_prefs_new(MONGOC_READ_PRIMARY)
    /// Where it goes back to; nil for a client on its own.
    private let pool: DriverPool?
    private let unordered = BSONDocument(json: #"{"ordered": false}"#)
    // The documents are built here, so the driver need not read them through again.
    private let unchecked = BSONDocument(json: #"{"validate": false}"#)

    /// A client of `pool`.
    init(_ pool: DriverPool, database: String, collection: String) throws(DriverFailure) {
        guard let handle = unsafe pool.takeClient() else {
            throw DriverFailure(.driver, code: 0, "the driver made no client")
        }
        unsafe self.handle = unsafe handle
        self.pool = pool
        self.database = database
        unsafe self.collection = unsafe mongoc_client_get_collection(handle, database, collection)
    }

    /// A client on its own, which looks for the server once and then gives up.
    init(probing uri: DriverURI, database: String, collection: String) throws(DriverFailure) {
        var client: OpaquePointer?
        unsafe try DriverFailure.check { error in
            unsafe client = unsafe mongoc_client_new_from_uri_with_error(uri.handle, error)
            return unsafe client != nil
        }
        guard let client = unsafe client else {
            throw DriverFailure(.driver, code: 0, "the driver made no client")
        }
        unsafe handle = unsafe client
        pool = nil
        self.database = database
        unsafe self.collection = unsafe mongoc_client_get_collection(handle, database, collection)
        unsafe mongoc_client_set_error_api(handle, 2)
    }

    deinit {
        unsafe mongoc_read_prefs_destroy(primary)
        unsafe mongoc_collection_destroy(collection)
        if let pool {
            unsafe pool.giveBack(handle)
        } else {
            unsafe mongoc_client_destroy(handle)
        }
    }

    /// The server's answer to `command`.
    func run(
        _ command: BSONDocument,
        on target: Target = .own
    ) throws(DriverFailure) -> BSONDocument {
        unsafe try reply { reply, error in
            unsafe mongoc_client_command_simple(
                handle,
                target.name(own: database),
                command.handle,
                nil,
                reply,
                error
            )
        }
    }

    /// What the primary answers to `command`, which only reads: it is sent once more where a
    /// connection turns out to be dead, as all of a pool are after the server was restarted.
    func read(
        _ command: BSONDocument,
        on target: Target = .own
    ) throws(DriverFailure) -> BSONDocument {
        unsafe try reply { reply, error in
            unsafe mongoc_client_read_command_with_opts(
                handle,
                target.name(own: database),
                command.handle,
                primary,
                nil,
                reply,
                error
            )
        }
    }

    private func reply(
        _ call: (OpaquePointer, UnsafeMutablePointer<bson_error_t>) -> Bool
    ) throws(DriverFailure) -> BSONDocument {
        var failure: DriverFailure?
        let reply = unsafe BSONDocument(reply: { reply in
            failure = unsafe DriverFailure.of { unsafe call(reply, $0) }
        })
        if let failure {
            throw failure.labelled(by: reply)
        }
        return reply
    }

    /// Begins a bulk insert.
    func beginInsert() throws(DriverFailure) -> DriverInsert {
        guard
            let bulk = unsafe mongoc_collection_create_bulk_operation_with_opts(
                collection,
                unordered.handle
            )
        else {
            throw DriverFailure(.driver, code: 0, "the driver made no bulk operation")
        }
        return unsafe DriverInsert(bulk, options: unchecked)
    }
}

/// Documents on their way to a collection, in as few messages as the server's limits allow.
///
/// Unordered: what is refused, as a duplicate is, does not stop the rest.
@safe struct DriverInsert: ~Copyable {
    /// A document that was not stored.
    struct Refusal {
        /// Its place among those that were added.
        var place: Int
        var code: Int
        var message: String

        /// Whether a document of the same `_id` is there.
        ///
        /// The name of the index is in front of the values, so no value can be taken for it.
        var isSameID: Bool { code == 11_000 && message.contains(" index: _id_ ") }
        /// Whether a value that may occur once is there already.
        var isDuplicate: Bool { code == 11_000 }
    }

    private let bulk: OpaquePointer
    private let options: BSONDocument
    private(set) var count = 0

    fileprivate init(_ bulk: OpaquePointer, options: BSONDocument) {
        unsafe self.bulk = unsafe bulk
        self.options = options
    }

    deinit {
        unsafe mongoc_bulk_operation_destroy(bulk)
    }

    /// Adds a copy of `document`.
    mutating func add(_ document: BSONDocument) throws(DriverFailure) {
        unsafe try DriverFailure.check { error in
            unsafe mongoc_bulk_operation_insert_with_opts(
                bulk,
                document.handle,
                options.handle,
                error
            )
        }
        count += 1
    }

    /// Sends what was added, once.
    ///
    /// - Returns: What was refused, ascending; everything else is stored as the write concern asks.
    /// - Throws: What kept the server from taking or confirming all; some may be stored then.
    consuming func execute() throws(DriverFailure) -> [Refusal] {
        guard count > 0 else { return [] }
        var failure: DriverFailure?
        let reply = unsafe BSONDocument(reply: { reply in
            failure = unsafe DriverFailure.of { error in
                unsafe mongoc_bulk_operation_execute(bulk, reply, error) != 0
            }
        })
        guard let failure else { return [] }
        if let concern = reply.documents("writeConcernErrors").first {
            throw DriverFailure(
                .server,
                code: Int(concern.integer("code") ?? 64),
                concern.text("errmsg") ?? ""
            )
        }
        let refusals = reply.documents("writeErrors").map { error in
            Refusal(
                place: Int(error.integer("index") ?? 0),
                code: Int(error.integer("code") ?? 0),
                message: error.text("errmsg") ?? ""
            )
        }
        // Fewer than were sent: a message of several was lost on the way.
        let answered = refusals.count + Int(reply.integer("nInserted") ?? 0)
        guard !refusals.isEmpty, answered == count else {
            throw failure.labelled(by: reply)
        }
        return refusals.sorted { $0.place < $1.place }
    }
}
