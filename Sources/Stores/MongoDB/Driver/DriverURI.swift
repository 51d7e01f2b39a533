internal import CMongoc
// Nothing of it is called: it acts when the program is loaded.
internal import CMongocSilence
internal import Storage

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
                .refused,
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
                .refused,
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
                .refused,
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
