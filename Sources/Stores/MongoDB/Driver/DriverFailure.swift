internal import CMongoc

/// What the driver says of something that did not work: a `bson_error_t` and its labels.
package struct DriverFailure: Error, Hashable, Sendable {
    /// Who found it.
    package enum Origin: Hashable, Sendable {
        /// The server, which answered.
        case server
        /// The driver looked for a server that can be written to, and found none.
        case selection
        /// A connection that was lost, or not made.
        case stream
        /// Proving who we are.
        case authentication
        /// Anything else: the driver was asked for something it does not do.
        case driver
    }

    package var origin: Origin
    package var code: Int
    package var message: String
    /// Whether driver or server marked it as worth another attempt (`RetryableWriteError`,
    /// `TransientTransactionError`).
    package var isMarkedTransient: Bool

    package init(_ origin: Origin, code: Int, _ message: String, isMarkedTransient: Bool = false) {
        self.origin = origin
        self.code = code
        self.message = message
        self.isMarkedTransient = isMarkedTransient
    }
}

extension DriverFailure {
    /// What the driver says where `call` gives false; `call` hands it the error to fill in.
    static func of(_ call: (UnsafeMutablePointer<bson_error_t>) -> Bool) -> DriverFailure? {
        var error = bson_error_t()
        guard unsafe !call(&error) else { return nil }
        let message = unsafe withUnsafeBytes(of: error.message) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        return DriverFailure(
            Origin(domain: error.domain, code: error.code),
            code: Int(error.code),
            message
        )
    }

    /// Throws what the driver says where `call` gives false.
    static func check(
        _ call: (UnsafeMutablePointer<bson_error_t>) -> Bool
    ) throws(DriverFailure) {
        if let failure = unsafe of(call) {
            throw failure
        }
    }

    /// The failure with the labels that `reply` gives it.
    func labelled(by reply: BSONDocument) -> DriverFailure {
        var failure = self
        failure.isMarkedTransient =
            unsafe mongoc_error_has_label(reply.handle, "RetryableWriteError")
            || mongoc_error_has_label(reply.handle, "TransientTransactionError")
        return failure
    }
}

extension DriverFailure.Origin {
    fileprivate init(domain: UInt32, code: UInt32) {
        switch domain {
        case MONGOC_ERROR_SERVER.rawValue, MONGOC_ERROR_WRITE_CONCERN.rawValue,
            MONGOC_ERROR_COLLECTION.rawValue:
            self = .server
        case MONGOC_ERROR_SERVER_SELECTION.rawValue:
            self = .selection
        case MONGOC_ERROR_STREAM.rawValue:
            self = .stream
        case MONGOC_ERROR_SASL.rawValue, MONGOC_ERROR_SCRAM.rawValue:
            self = .authentication
        case MONGOC_ERROR_CLIENT.rawValue:
            self = code == MONGOC_ERROR_CLIENT_AUTHENTICATE.rawValue ? .authentication : .driver
        default:
            self = .driver
        }
    }
}
