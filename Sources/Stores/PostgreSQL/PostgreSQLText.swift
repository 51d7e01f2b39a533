/// A URL or a connection string as it is written, before libpq reads it.
struct PostgreSQLText {
    /// What libpq is given: it refuses parameters that it does not know, so ours is taken out.
    let libpq: String
    /// The last `schema` of it.
    let schema: String?
    /// What is wrong with it, without a word of it.
    let flaw: String?

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
            flaw = PostgreSQLText.flaw(ofURL: parts[0], others)
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
            flaw = nil
        } else {
            libpq = ""
            schema = nil
            flaw = "is none"
        }
    }

    private static func flaw(ofURL place: Substring, _ options: [Substring]) -> String? {
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
        return isPort ? nil : "has a port that is no number from 1 to 65535"
    }
}
