package import Stages

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

    /// The location that `url` names.
    ///
    /// - Throws: `StoreError` where it cannot be read; its message repeats nothing of the URL,
    ///   which may hold a password anywhere when it is mistyped.
    package init(url: String, patience: Duration = .seconds(10)) throws(StoreError) {
        let (stripped, schema) = PostgreSQLLocation.takeSchema(out: url)
        guard PostgreSQLLocation.schemes.contains(where: url.hasPrefix),
            PostgreSQLLocation.isPlain(stripped),
            let settings = PostgreSQLLine.parse(url: stripped),
            settings.allSatisfy({
                $0.keyword != "port" || $0.value.utf8.allSatisfy(PostgreSQLLocation.isInPort)
            })
        else {
            throw StoreError(
                .refused,
                "the warehouse's postgresql: URL cannot be read; expected "
                    + "postgresql://<user>:<password>@<host>:<port>/<database>?schema=<schema>, "
                    + "with %-escapes for special characters in each part"
            )
        }
        guard PostgreSQLLocation.isSchema(schema) else {
            throw StoreError(
                .refused,
                "schema of the warehouse's URL must be lower-case letters, digits and _, begin "
                    + "with a letter, and have at most 63 characters; not public, not pg_…"
            )
        }
        self.settings = settings
        self.schema = schema
        self.patience = patience
    }

    /// The same place, for statements that take up to `patience`.
    func patient(for patience: Duration) -> PostgreSQLLocation {
        var location = self
        location.patience = patience
        return location
    }

    /// Whether `url` is for this adapter.
    package static func isMeant(by url: String) -> Bool {
        schemes.contains(where: url.hasPrefix)
    }

    /// The URL without user, password and options, to be shown.
    package var label: String {
        "postgresql://\(self["host"] ?? "localhost"):\(self["port"] ?? "5432")"
            + "/\(self["dbname"] ?? "")"
    }

    /// The setting of libpq with this keyword, where the URL has it.
    subscript(keyword: String) -> String? {
        settings.first { $0.keyword == keyword }?.value
    }

    private static let schemes = ["postgresql://", "postgres://"]

    /// libpq refuses parameters that it does not know, so ours is taken out of the URL.
    private static func takeSchema(out url: String) -> (url: String, schema: String) {
        let parts = url.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return (url, "weir") }
        let options = parts[1].split(separator: "&")
        let schema = options.last { $0.hasPrefix("schema=") }?.dropFirst("schema=".count)
        let rest = options.filter { !$0.hasPrefix("schema=") }.joined(separator: "&")
        return (rest.isEmpty ? String(parts[0]) : "\(parts[0])?\(rest)", String(schema ?? "weir"))
    }

    /// Whether user and password end at the one `@` there is.
    ///
    /// Where one of them holds an `@` or `/` that is not escaped, libpq takes what follows for a
    /// host, a port or a database, which errors name.
    private static func isPlain(_ url: String) -> Bool {
        guard let scheme = url.firstRange(of: "://") else { return false }
        let places = url[scheme.upperBound...].split(
            separator: "/",
            maxSplits: 1,
            omittingEmptySubsequences: false
        )
        return places[0].count { $0 == "@" } <= 1
            && !places.dropFirst().contains {
                $0.contains("@")
            }
    }

    /// Digits, and commas between the ports of several hosts.
    private static func isInPort(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || byte == 44
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
