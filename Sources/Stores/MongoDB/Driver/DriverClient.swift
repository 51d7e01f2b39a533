internal import CMongoc
internal import CMongocSilence
internal import Storage

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

/// libmongoc's pool of connections to one deployment, which also watches its servers.
///
/// Every call may wait for the network: none belongs on a thread that runs tasks.
// Sendable without the compiler's proof: the pool is the part of libmongoc that threads may share.
@safe final class DriverPool: @unchecked Sendable {
    private let handle: OpaquePointer

    /// A pool that has not connected to anything yet.
    init(_ uri: DriverURI) throws(DriverFailure) {
        var handle: OpaquePointer?
        unsafe try DriverFailure.check { error in
            unsafe handle = unsafe mongoc_client_pool_new_with_error(uri.handle, error)
            return unsafe handle != nil
        }
        guard let handle = unsafe handle else {
            throw DriverFailure(.driver, code: 0, "the driver made no pool")
        }
        unsafe self.handle = unsafe handle
        // Version 2 keeps the server's own error codes.
        unsafe mongoc_client_pool_set_error_api(handle, 2)
        unsafe mongoc_client_pool_max_size(handle, UInt32(uri.connectionLimit))
    }

    deinit {
        unsafe mongoc_client_pool_destroy(handle)
    }

    /// Takes a client; waits where all are taken.
    func takeClient() -> OpaquePointer? {
        unsafe mongoc_client_pool_pop(handle)
    }

    /// Gives a client back, which must not be used afterwards.
    func giveBack(_ client: OpaquePointer) {
        unsafe mongoc_client_pool_push(handle, client)
    }
}

// Nothing of it is called: it acts when the program is loaded.

/// A URL as libmongoc has read it, with this program's own defaults for what it does not say.
// Sendable without the compiler's proof: nothing changes the URI once `init` has returned.
@safe final class DriverURI: @unchecked Sendable {
    let handle: OpaquePointer
    /// The most connections that are used for work at once, each with a thread of its own.
    let connectionLimit: Int

    /// libmongoc's own start, once a process; the process's end is its end as well.
    private static let start: Void = mongoc_init()

    /// Reads the URL of `location`.
    ///
    /// - Throws: ``StoreError`` where the driver does not take it. The driver's own text is left
    ///   out: it may repeat any part of the URL.
    init(_ location: MongoDBLocation) throws(StoreError) {
        DriverURI.start
        for option in location.optionNames where !DriverURI.isKnown(option) {
            throw StoreError(
                .wrongURL,
                "\(location): no option of the URL is called \"\(option)\"; see its spelling"
            )
        }
        guard let handle = unsafe location.withURL({ unsafe mongoc_uri_new_with_error($0, nil) })
        else {
            throw MongoDBLocation.malformed
        }
        unsafe self.handle = unsafe handle
        connectionLimit = unsafe Int(
            mongoc_uri_get_option_as_int32(handle, MONGOC_URI_MAXPOOLSIZE, 4)
        )
        try setDefaults(location)
        guard (1...64).contains(connectionLimit) else {
            throw StoreError(
                .wrongURL,
                "\(location): maxPoolSize must be from 1 to 64; each connection has a thread"
            )
        }
    }

    deinit {
        unsafe mongoc_uri_destroy(handle)
    }

    /// Sets what the URL does not say.
    private func setDefaults(_ location: MongoDBLocation) throws(StoreError) {
        // Seconds, not the driver's minutes: a server that stopped is a failure the stages handle.
        var isSet = setDefault(MONGOC_URI_CONNECTTIMEOUTMS, 3_000)
        isSet = setDefault(MONGOC_URI_SERVERSELECTIONTIMEOUTMS, 5_000) && isSet
        isSet = setDefault(MONGOC_URI_SOCKETTIMEOUTMS, 10_000) && isSet
        // One place retries, and counts it: the stage that called.
        if unsafe !mongoc_uri_has_option(handle, MONGOC_URI_RETRYWRITES) {
            isSet =
                unsafe mongoc_uri_set_option_as_bool(handle, MONGOC_URI_RETRYWRITES, false) && isSet
        }
        if unsafe mongoc_uri_get_appname(handle) == nil {
            isSet = unsafe mongoc_uri_set_appname(handle, "weir") && isSet
        }
        let concern = unsafe mongoc_write_concern_copy(mongoc_uri_get_write_concern(handle))
        defer { unsafe mongoc_write_concern_destroy(concern) }
        if unsafe mongoc_write_concern_get_w(concern) == MONGOC_WRITE_CONCERN_W_DEFAULT {
            unsafe mongoc_write_concern_set_w(concern, MONGOC_WRITE_CONCERN_W_MAJORITY)
            unsafe mongoc_uri_set_write_concern(handle, concern)
        }
        guard isSet else {
            throw StoreError(.refused, "\(location): the driver does not take its own options")
        }
        guard unsafe mongoc_write_concern_is_acknowledged(concern) else {
            throw StoreError(
                .wrongURL,
                "\(location): with w=0 the server confirms nothing, and only what it confirmed "
                    + "counts as stored; give w=1 or w=majority"
            )
        }
    }

    private func setDefault(_ option: String, _ value: Int32) -> Bool {
        unsafe mongoc_uri_has_option(handle, option)
            || mongoc_uri_set_option_as_int32(handle, option, value)
    }

    /// Whether the driver has an option of this name.
    static func isKnown(_ option: String) -> Bool {
        unsafe mongoc_uri_option_is_utf8(option) || mongoc_uri_option_is_int32(option)
            || mongoc_uri_option_is_int64(option) || mongoc_uri_option_is_bool(option)
            || furtherOptions.contains(option.lowercased())
    }

    /// Those that the driver reads in ways of their own.
    private static let furtherOptions = [
        MONGOC_URI_AUTHMECHANISM, MONGOC_URI_AUTHMECHANISMPROPERTIES, MONGOC_URI_AUTHSOURCE,
        MONGOC_URI_COMPRESSORS, MONGOC_URI_GSSAPISERVICENAME, MONGOC_URI_READCONCERNLEVEL,
        MONGOC_URI_READPREFERENCETAGS, MONGOC_URI_W,
    ]
}
