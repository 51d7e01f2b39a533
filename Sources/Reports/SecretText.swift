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

/// Finds the secrets of a text: ``SecretText`` says of what kind.
struct SecretScan {
    let bytes: [UInt8]
    private var found: [Range<Int>] = []

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// What was found, in order, none touching another.
    var merged: [Range<Int>] {
        var merged: [Range<Int>] = []
        for range in found.sorted(by: { $0.lowerBound < $1.lowerBound }) where !range.isEmpty {
            if let last = merged.last, range.lowerBound <= last.upperBound {
                merged[merged.count - 1] =
                    last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        return merged
    }

    /// Takes the whole for one value.
    mutating func value() {
        if let scheme = next("://", from: 0) {
            pairs(in: 0..<scheme)
            url(scheme + 3..<bytes.count, isPage: false)
        } else if let at = bytes.lastIndex(of: Byte.at),
            let colon = bytes[..<at].firstIndex(of: Byte.colon),
            !bytes[..<colon].reversed().starts(with: "sqlite".utf8.reversed())
        {
            // A URL without its slashes.
            found.append(colon + 1..<at)
            pairs(in: at..<bytes.count)
        } else if !connectionString() {
            pairs(in: 0..<bytes.count)
        }
    }

    /// Treats it as words, some of which may be values.
    mutating func text() {
        var start = 0
        while let scheme = next("://", from: start) {
            pairs(in: start..<scheme, isWhole: false)
            let rest = bytes[(scheme + 3)...]
            var end =
                rest.firstIndex { $0.isBlank || "\"'`<>\\".utf8.contains($0) } ?? rest.endIndex
            while end > scheme + 3, ".,;:!)".utf8.contains(bytes[end - 1]) { end -= 1 }
            start = max(end, scheme + 3)
            let isForm = SecretText.forms.contains { rest.starts(with: $0.utf8) }
            let name = bytes[..<scheme].reversed().prefix { $0.isLetter }.reversed()
            let isPage = ["http", "https"].contains { name.elementsEqual($0.utf8) }
            if !isForm { url(scheme + 3..<start, isPage: isPage) }
        }
        pairs(in: start..<bytes.count, isWhole: false)
    }

    private func next(_ pattern: String, from start: Int) -> Int? {
        let pattern = Array(pattern.utf8)
        guard bytes.count >= start + pattern.count else { return nil }
        return (start...bytes.count - pattern.count).first { place in
            bytes[place] == pattern[0] && bytes[place...].starts(with: pattern)
        }
    }

    // MARK: - URLs

    /// What follows `://`.
    private mutating func url(_ range: Range<Int>, isPage: Bool) {
        var start = range.lowerBound
        let query = bytes[range].firstIndex(of: Byte.question)
        if let at = bytes[start..<(query ?? range.upperBound)].lastIndex(of: Byte.at) {
            found.append(start..<at)
            start = at + 1
        } else if !isPage, let query, let at = strayAt(query + 1..<range.upperBound) {
            // A password with a ? in it.
            found.append(start..<at)
            return url(at + 1..<range.upperBound, isPage: isPage)
        }
        let head = bytes[start..<(query ?? range.upperBound)]
        let slash = head.firstIndex(of: Byte.slash) ?? head.endIndex
        hosts(head.startIndex..<slash)
        if !isPage, !head[slash...].allSatisfy(SecretScan.isPlain) {
            found.append(min(slash + 1, head.endIndex)..<head.endIndex)
        }
        if let query { options(query + 1..<range.upperBound, isPage: isPage) }
    }

    /// The last `@` in a parameter that is not known.
    private func strayAt(_ range: Range<Int>) -> Int? {
        pieces(range, "&;").filter { !isHarmless($0) }
            .compactMap { bytes[$0].lastIndex(of: Byte.at) }.last
    }

    private mutating func hosts(_ range: Range<Int>) {
        for piece in pieces(range, ",") {
            let host = bytes[piece]
            let bracket =
                host.first == UInt8(ascii: "[") ? host.firstIndex(of: UInt8(ascii: "]")) : nil
            let colon = host[(bracket ?? host.startIndex)...].firstIndex(of: Byte.colon)
            let port = host[(colon.map { $0 + 1 } ?? host.endIndex)...]
            if !port.allSatisfy(\.isDigit) { found.append(port.indices) }
            let name = host[..<(colon ?? host.endIndex)]
            let isName = name.allSatisfy { byte in
                byte == Byte.slash ? false : SecretScan.isPlain(byte) || byte >= 128
            }
            if bracket == nil, !isName { found.append(name.indices) }
        }
    }

    private mutating func options(_ range: Range<Int>, isPage: Bool) {
        for piece in pieces(range, "&;") where !isHarmless(piece) {
            let equals = bytes[piece].firstIndex(of: Byte.equals)
            let name = String(
                decoding: bytes[piece.lowerBound..<(equals ?? piece.upperBound)],
                as: UTF8.self
            )
            if isPage, !SecretText.isTelling(name) { continue }
            // Without a value the name may be the secret.
            found.append((equals.map { $0 + 1 } ?? piece.lowerBound)..<piece.upperBound)
        }
    }

    private func isHarmless(_ piece: Range<Int>) -> Bool {
        guard let equals = bytes[piece].firstIndex(of: Byte.equals) else { return piece.isEmpty }
        let name = String(decoding: bytes[piece.lowerBound..<equals], as: UTF8.self)
        return SecretText.harmless.contains(name.lowercased())
            && bytes[equals + 1..<piece.upperBound].allSatisfy { byte in
                SecretScan.isPlain(byte) || ",:@ ".utf8.contains(byte)
            }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte.isLetter || byte.isDigit || "-._~%/$+".utf8.contains(byte)
    }

    private func pieces(_ range: Range<Int>, _ separators: String) -> [Range<Int>] {
        bytes[range].split(omittingEmptySubsequences: false) { separators.utf8.contains($0) }
            .map(\.indices)
    }

    // MARK: - Pairs of name and value

    /// Takes the whole for a connection string of libpq, perhaps after the name of an option or
    /// a setting; false if it is not one.
    private mutating func connectionString() -> Bool {
        var start = 0
        var keys = keys(from: start)
        while keys.first?.lowerBound != start,
            let equals = bytes[start...].firstIndex(of: Byte.equals),
            !bytes[start..<equals].contains(where: \.isBlank),
            !SecretText.isTelling(String(decoding: bytes[start..<equals], as: UTF8.self))
        {
            start = equals + 1
            keys = self.keys(from: start)
        }
        guard keys.contains(where: { SecretText.tellingKeywords.contains(name($0)) }) else {
            return false
        }
        found.append(start..<keys[0].lowerBound)
        for (index, key) in keys.enumerated() {
            let end = index + 1 < keys.count ? keys[index + 1].lowerBound : bytes.count
            var rest = bytes[key.upperBound..<end].drop { $0.isBlank || $0 == Byte.equals }
            if SecretText.harmless.contains(name(key)) {
                rest =
                    rest.first == Byte.quote
                    ? rest.dropFirst().drop { $0 != Byte.quote }.dropFirst()
                    : rest.drop { !$0.isBlank }
            }
            rest = rest.drop(while: \.isBlank)
            while rest.last?.isBlank == true { rest.removeLast() }
            found.append(rest.indices)
        }
        return true
    }

    /// The keywords of libpq that come before a `=` and at the start or after a blank.
    private func keys(from start: Int) -> [Range<Int>] {
        var keys: [Range<Int>] = []
        var place = start
        while let equals = bytes[place...].firstIndex(of: Byte.equals) {
            var end = equals
            while end > place, bytes[end - 1].isBlank { end -= 1 }
            let name = bytes[place..<end].reversed().prefix { byte in
                byte.isLetter || byte.isDigit || byte == UInt8(ascii: "_")
            }
            let key = end - name.count..<end
            let isApart = key.lowerBound == start || bytes[key.lowerBound - 1].isBlank
            if isApart, SecretText.keywords.contains(self.name(key)) { keys.append(key) }
            place = equals + 1
        }
        return keys
    }

    private func name(_ range: Range<Int>) -> String {
        String(decoding: bytes[range], as: UTF8.self).lowercased()
    }

    /// Hides what follows the `=` after names that suggest a secret: up to the end where the
    /// whole is one value, else to the end of the word or of the quotes.
    private mutating func pairs(in range: Range<Int>, isWhole: Bool = true) {
        var place = range.lowerBound
        while let equals = bytes[place..<range.upperBound].firstIndex(of: Byte.equals) {
            let name = bytes[place..<equals].reversed().prefix { byte in
                byte.isLetter || byte.isDigit || "_%-".utf8.contains(byte)
            }
            place = equals + 1
            let isTelling = SecretText.isTelling(String(decoding: name.reversed(), as: UTF8.self))
            guard isTelling, place < range.upperBound else { continue }
            if isWhole {
                found.append(place..<range.upperBound)
                return
            }
            let isQuoted = bytes[place] == Byte.quote
            let rest = bytes[(place + (isQuoted ? 1 : 0))..<range.upperBound]
            let end = rest.firstIndex { byte in
                isQuoted ? byte == Byte.quote : byte.isBlank || "\"'`&;,<>\\".utf8.contains(byte)
            }
            found.append(rest.startIndex..<(end ?? rest.endIndex))
            place = end ?? rest.endIndex
        }
    }
}
