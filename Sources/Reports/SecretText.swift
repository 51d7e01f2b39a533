/// Hides what may be a secret in a text that is shown: what is in URLs and in connection
/// strings and is not known to be harmless.
///
/// Whatever leaves the program as text passes here: messages and logs, cells of reports, JSON,
/// and, over the memory that the system shows, the arguments of the process.
package enum SecretText {
    /// The replacement for a secret.
    package static let mask = "***"

    /// `value` as it may be shown: an argument, a variable or a scalar of a document, whole.
    ///
    /// It is taken for what it was meant to be, so that a password with a blank, a quote or an
    /// `@` in it, which makes no URL, is hidden to its end.
    package static func masked(value: String) -> String {
        masked(Array(value.utf8), secrets(in: value)) ?? value
    }

    /// `text` as it may be shown, with such values among other words.
    ///
    /// Of http only users, passwords and parameters with telling names are hidden, for a text may
    /// name a page.
    package static func masked(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 == Byte.equals || $0 == Byte.colon }) else {
            return text
        }
        var scan = SecretScan(Array(text.utf8))
        scan.text()
        return masked(scan.bytes, scan.merged) ?? text
    }

    /// Where the secrets of `value`, which is whole, stand: ranges of its UTF-8, in order.
    package static func secrets(in value: String) -> [Range<Int>] {
        var scan = SecretScan(Array(value.utf8))
        scan.value()
        return scan.merged
    }

    /// Whether something called `name`, a parameter or a variable, is a secret by its name.
    package static func isTelling(_ name: String) -> Bool {
        let name = (name.removingPercentEscapes ?? name).lowercased()
        return telling.contains(name)
            || ["password", "passphrase", "secret", "token"].contains {
                name.hasSuffix($0)
            }
    }

    private static func masked(_ bytes: [UInt8], _ secrets: [Range<Int>]) -> String? {
        guard !secrets.isEmpty else { return nil }
        var shown: [UInt8] = []
        var end = 0
        for secret in secrets {
            shown += bytes[end..<secret.lowerBound]
            shown += mask.utf8
            end = secret.upperBound
        }
        return String(decoding: shown + bytes[end...], as: UTF8.self)
    }

    private static let telling: Set<String> = [
        "pass", "passwd", "pwd", "passwort", "apikey", "api_key", "api-key", "auth",
        "authorization", "credential", "credentials", "sig", "signature", "accountkey",
        "sharedaccesskey", "private_key", "authmechanismproperties", "passfile",
    ]
}

extension SecretText {
    /// The parameters of URLs and connection strings whose values may be shown, in lower case:
    /// of libpq, of libmongoc and of our own.
    static let harmless: Set<String> = [
        "host", "hostaddr", "port", "dbname", "connect_timeout", "client_encoding",
        "application_name", "fallback_application_name", "keepalives", "keepalives_idle",
        "keepalives_interval", "keepalives_count", "tcp_user_timeout", "gssencmode", "sslmode",
        "requiressl", "sslnegotiation", "sslcompression", "sslcert", "sslkey", "sslrootcert",
        "sslcrl", "sslcrldir", "sslsni", "requirepeer", "ssl_min_protocol_version",
        "ssl_max_protocol_version", "krbsrvname", "gsslib", "target_session_attrs",
        "load_balance_hosts", "channel_binding", "require_auth", "schema",
        "appname", "authsource", "authmechanism", "compressors", "connecttimeoutms",
        "sockettimeoutms", "serverselectiontimeoutms", "serverselectiontryonce",
        "heartbeatfrequencyms", "localthresholdms", "maxpoolsize", "minpoolsize",
        "maxidletimems", "waitqueuetimeoutms", "waitqueuemultiple", "replicaset",
        "directconnection", "loadbalanced", "readconcernlevel", "readpreference",
        "readpreferencetags", "maxstalenessseconds", "retryreads", "retrywrites", "ssl", "tls",
        "tlsallowinvalidcertificates", "tlsallowinvalidhostnames", "tlscafile",
        "tlscertificatekeyfile", "tlsinsecure", "srvmaxhosts", "srvservicename", "w",
        "wtimeoutms", "journal", "zlibcompressionlevel", "uuidrepresentation",
        "max_pages", "mode", "cache",
    ]

    /// The keywords of a connection string of libpq; those that are not harmless among them.
    static let keywords = harmless.union([
        "user", "password", "passfile", "service", "servicefile", "sslpassword", "options",
        "replication",
    ])

    /// The keywords by which a text is known for a connection string.
    static let tellingKeywords: Set<String> = [
        "host", "hostaddr", "dbname", "password", "passfile", "service", "sslpassword",
    ]

    /// What messages say of the form of a URL: no secrets.
    static let forms = ["[user:password@]", "<user>:<password>@", "user:password@"]
}

extension StringProtocol {
    /// The text with each `%` and two hexadecimal digits as the byte they stand for; nil if
    /// one has no such digits, or the bytes are not UTF-8.
    package var removingPercentEscapes: String? {
        var bytes: [UInt8] = []
        var rest = utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2, digits.allSatisfy(\.isHexadecimalDigit),
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}

extension UInt8 {
    var isDigit: Bool { (48...57).contains(self) }

    var isLetter: Bool { (97...122).contains(self | 32) }

    var isHexadecimalDigit: Bool { isDigit || (97...102).contains(self | 32) }

    /// Blanks and control characters.
    var isBlank: Bool { self <= 32 || self == 127 }
}

/// The characters that URLs and connection strings are divided by.
enum Byte {
    static let equals = UInt8(ascii: "=")
    static let colon = UInt8(ascii: ":")
    static let at = UInt8(ascii: "@")
    static let slash = UInt8(ascii: "/")
    static let question = UInt8(ascii: "?")
    static let quote = UInt8(ascii: "'")
}
