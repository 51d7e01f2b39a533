package import Storage

/// Where a PostgreSQL warehouse lies: `postgresql://user:password@host:port/database?schema=weir`.
///
/// Everything but `schema` is libpq's (`sslmode`, `sslrootcert`, `connect_timeout`, `options` …);
/// what the URL leaves out, libpq takes from its environment variables and password file.
package struct PostgreSQLLocation: Sendable {
    /// What libpq is given, by its own keywords; among it the password.
    let settings: [(keyword: String, value: String)]
    /// The schema that holds the tables.
    package let schema: String
    /// How long a server may take for a sign of life before a call gives it up.
    package private(set) var patience: Duration

    /// The location that `url` names, which may also be a connection string of libpq:
    /// `host=… dbname=… schema=…`.
    ///
    /// - Throws: `StoreError` where it cannot be read; its message repeats nothing of the URL,
    ///   which may hold a password anywhere when it is mistyped.
    package init(url: String, patience: Duration = .seconds(10)) throws(StoreError) {
        let text = PostgreSQLText(url)
        if let mistake = text.mistake { throw PostgreSQLLocation.refusal(mistake) }
        guard let settings = PostgreSQLConnection.parse(url: text.libpq) else {
            throw PostgreSQLLocation.refusal("has a parameter that libpq does not know, or lacks =")
        }
        let ports = settings.first { $0.keyword == "port" }?.value.split(separator: ",") ?? []
        guard ports.allSatisfy({ Int($0).map { (1...65_535).contains($0) } == true }) else {
            throw PostgreSQLLocation.refusal("has a port that is not a number from 1 to 65535")
        }
        let spans = [
            "connect_timeout", "keepalives_idle", "keepalives_interval", "tcp_user_timeout",
        ]
        if let span = settings.first(where: { spans.contains($0.keyword) && Int($0.value) == nil })
        {
            throw PostgreSQLLocation.refusal("has a \(span.keyword) that is no number")
        }
        let schema = text.schema ?? "weir"
        guard PostgreSQLLocation.isSchema(schema) else {
            throw StoreError(
                .wrongURL,
                "schema of the warehouse's URL must be lower-case letters, digits and _, begin "
                    + "with a letter, and have at most 63 characters; not public, not pg_…"
            )
        }
        self.settings = settings
        self.schema = schema
        self.patience = patience
    }

    private static func refusal(_ mistake: String) -> StoreError {
        StoreError(
            .wrongURL,
            "the warehouse's postgresql: URL \(mistake); expected "
                + "postgresql://<user>:<password>@<host>:<port>/<database>?schema=<schema>, "
                + "with %-escapes for special characters in each part, or "
                + "\"host=… port=… dbname=… user=… schema=…\""
        )
    }

    /// The same place, for statements that take up to `patience`.
    func patient(for patience: Duration) -> PostgreSQLLocation {
        var location = self
        location.patience = patience
        return location
    }

    /// Whether `url` is for this adapter.
    package static func isMeant(by url: String) -> Bool { PostgreSQLText.isMeant(by: url) }

    /// The URL without user, password and options, to be shown.
    package var label: String {
        "postgresql://\(self["host"] ?? "localhost"):\(self["port"] ?? "5432")"
            + "/\(self["dbname"] ?? "")"
    }

    /// The setting of libpq with this keyword, where the URL has it.
    subscript(keyword: String) -> String? {
        settings.first { $0.keyword == keyword }?.value
    }

    /// Names that need no quotes in SQL: the schema's is the one value that SQL texts hold.
    private static func isSchema(_ name: String) -> Bool {
        let isLetter = { (byte: UInt8) in (97...122).contains(byte) }
        let isDigit = { (byte: UInt8) in (48...57).contains(byte) }
        return name.utf8.count <= 63 && name.utf8.first.map(isLetter) == true
            && name.utf8.allSatisfy { isLetter($0) || isDigit($0) || $0 == 95 }
            && name != "public" && !name.hasPrefix("pg_")
    }
}

/// Shown and reflected without its settings, among which is the password.
extension PostgreSQLLocation: CustomStringConvertible, CustomReflectable {
    package var description: String { label }

    package var customMirror: Mirror {
        Mirror(self, children: ["label": label, "schema": schema])
    }
}

/// A URL or a connection string as it is written, before libpq reads it.
struct PostgreSQLText {
    /// What libpq is given: it refuses parameters that it does not know, so ours is taken out.
    let libpq: String
    /// The last `schema` of it.
    let schema: String?
    /// What is wrong with it, without a word of it.
    let mistake: String?

    private static let schemes = ["postgresql://", "postgres://"]

    /// Whether `text` is for PostgreSQL: a URL, or what begins with a keyword of libpq and a `=`.
    static func isMeant(by text: String) -> Bool {
        schemes.contains(where: text.hasPrefix) || isConnectionString(text)
    }

    private static func isConnectionString(_ text: String) -> Bool {
        let keyword = text.drop { $0 == " " }.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        let rest = text[keyword.endIndex...].drop { $0 == " " }
        return !keyword.isEmpty && rest.first == "=" && keywords.contains(String(keyword))
    }

    /// Those that a connection string begins with: more than that would take a file's name for one.
    private static let keywords: Set<String> = [
        "host", "hostaddr", "port", "dbname", "user", "password", "passfile", "service", "schema",
        "sslmode", "connect_timeout", "application_name", "options", "target_session_attrs",
    ]

    init(_ text: String) {
        if PostgreSQLText.schemes.contains(where: text.hasPrefix) {
            let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
            let options = parts.dropFirst().first?.split(separator: "&") ?? []
            schema = options.last { $0.hasPrefix("schema=") }.map { String($0.dropFirst(7)) }
            let others = options.filter { !$0.hasPrefix("schema=") }
            // libpq takes an @ in a parameter for the end of a password.
            let query = others.joined(separator: "&").replacing("@", with: "%40")
            libpq = String(parts[0]) + (query.isEmpty ? "" : "?\(query)")
            mistake = PostgreSQLText.mistake(ofURL: parts[0], others)
        } else if PostgreSQLText.isConnectionString(text) {
            var rest = text
            var schema: String?
            // Behind a blank, as a word.
            for match in text.matches(of: #/(?:^|\s)schema\s*=\s*(?:'([^']*)'|([^\s']*))/#) {
                schema = String(match.1 ?? match.2 ?? "")
                rest = rest.replacing(match.0, with: " ", maxReplacements: 1)
            }
            self.schema = schema
            libpq = rest
            mistake = nil
        } else {
            libpq = ""
            schema = nil
            mistake = "is none"
        }
    }

    private static func mistake(ofURL place: Substring, _ options: [Substring]) -> String? {
        let rest = place[(place.firstRange(of: "://")?.upperBound ?? place.startIndex)...]
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let isStray = options.contains { option in
            option.firstIndex(of: "@").map { !option[..<$0].contains("=") } ?? false
        }
        if rest[..<slash].count(where: { $0 == "@" }) > 1 || rest[slash...].contains("@") || isStray
        {
            return "has one of @ / ? as it is in its user or password"
        }
        let escapes = (rest + "&" + options.joined(separator: "&"))
            .split(separator: "%", omittingEmptySubsequences: false).dropFirst()
        if !escapes.allSatisfy({ $0.prefix(2).count { $0.isHexDigit } == 2 }) {
            return "has a % that is not followed by two hexadecimal digits"
        }
        let hosts = rest[..<slash].split(separator: "@").last ?? ""
        let isPort = hosts.split(separator: ",").allSatisfy { host in
            let name = host.hasPrefix("[") ? host.drop { $0 != "]" }.dropFirst() : host[...]
            guard let colon = name.firstIndex(of: ":") else { return true }
            return name[colon...].dropFirst().utf8.allSatisfy { (48...57).contains($0) }
        }
        return isPort ? nil : "has a port that is not a number from 1 to 65535"
    }
}
