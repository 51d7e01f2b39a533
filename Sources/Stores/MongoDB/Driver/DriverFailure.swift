internal import CMongoc
package import Storage

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

extension DriverFailure {
    /// The failure as the stages know it: what to decide on, and a sentence with the remedy.
    ///
    /// Codes are those of the server's `error_codes.yml`.
    package func storeError(at location: MongoDBLocation) -> StoreError {
        let (code, text) = classified(at: location)
        return StoreError(code, "\(location): \(text)")
    }

    private func classified(at location: MongoDBLocation) -> (StoreError.Code, String) {
        switch origin {
        case .authentication: refusedLogin
        case .selection, .stream: unreached
        case .server: answered(at: location)
        case .driver:
            isMarkedTransient
                ? (.unavailable, "\(message); see that the server is well")
                : message.contains("wire version")
                    ? (.refused, "\(message); use a server of \(MongoDBServer.oldest) or newer")
                    : (.refused, "the driver refused what it was asked: \(message)")
        }
    }

    private var refusedLogin: (StoreError.Code, String) {
        (
            .refused,
            "the server refused the login (\(message)); see that user, password and authSource "
                + "of the URL are right"
        )
    }

    /// No server, or none any more; the driver tells the causes apart in its text alone.
    private var unreached: (StoreError.Code, String) {
        let said = message.lowercased()
        func mentions(_ words: String...) -> Bool { words.contains { said.contains($0) } }
        let remedy =
            if mentions("wire version") {
                "use a server of \(MongoDBServer.oldest) or newer"
            } else if mentions("authentication fail", "auth mechanism") {
                "see that user, password and authSource of the URL are right"
            } else if mentions("tls", "ssl", "certificate") {
                "see that the server speaks TLS, and that tlsCAFile, the host's name and "
                    + "tlsCertificateKeyFile fit its certificate"
            } else if mentions("resolve", "name resolution") {
                "see that the host's name is right"
            } else if mentions("refused") {
                "see that the server runs and listens on this port"
            } else if mentions("not primary", "no primary") {
                "name a server that can be written to, or wait until the set has a primary"
            } else if mentions("timeout", "timed out", "expired") {
                "see that the server runs, answers, can be reached from here, and speaks TLS "
                    + "where the URL says tls=true"
            } else {
                "see that the server is well, and give tls=true where it requires TLS"
            }
        let isForGood = mentions("wire version", "authentication fail", "certificate verify")
        return (
            isForGood ? .refused : .unavailable,
            "the server cannot be reached (\(message)); \(remedy)"
        )
    }

    private func answered(at location: MongoDBLocation) -> (StoreError.Code, String) {
        let database = location.database
        switch code {
        case 18:
            return refusedLogin
        case 13, 8000:
            return (
                .refused,
                "the user may not do this (\(message)); grant it the role readWrite on \(database)"
            )
        case 6, 7, 89, 91, 189, 262, 9001, 10058, 10107, 11600, 11602, 13435, 13436:
            return (
                .unavailable,
                "the server cannot take writes now (\(message)); wait until it has started or "
                    + "the set has a primary, or name a server that is one"
            )
        case 24, 46, 50, 112, 202, 251:
            return (.busy, "the server is busy (\(message)); give it time or fewer writers")
        case 64, 75:
            return (
                .unavailable,
                "the write was not confirmed by as many servers as w asks for (\(message)); see "
                    + "that enough of the set are up, or lower w in the URL"
            )
        case 79, 100:
            return (
                .refused,
                "no set of these servers can confirm a write as w asks (\(message)); lower w in "
                    + "the URL"
            )
        case 14031, 12501, 17280:
            return (.full, "the server has no room left (\(message)); make room on its disk")
        case 121:
            return (
                .wrongFormat,
                "the collection's validator does not take the events (\(message)); name a "
                    + "database of this program's own"
            )
        default:
            return isMarkedTransient
                ? (.unavailable, "\(message) (code \(code)); see that the server is well")
                : (.refused, "the server refused a command: \(message) (code \(code))")
        }
    }
}
