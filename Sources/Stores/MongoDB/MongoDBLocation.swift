package import Storage

/// Where a MongoDB store lies: `mongodb://[user:password@]host[:port][,…][/database][?options]`.
///
/// The URL itself stays inside: whatever prints, logs or mirrors a location shows the hosts and
/// the database alone.
package struct MongoDBLocation: Sendable, CustomStringConvertible, CustomReflectable {
    /// The hosts with their ports, as the URL names them.
    package let hosts: String
    /// The database the collection lies in.
    package let database: String
    private let url: String
    /// The names of the options, as they are written.
    let optionNames: [String]

    /// What is said of a URL that the driver does not take, and of which nothing may be repeated.
    static let malformed = refusal("is malformed")

    /// What is said of a URL that has a mistake.
    private static func refusal(_ mistake: String) -> StoreError {
        StoreError(
            .wrongURL,
            "the URL of a MongoDB store \(mistake); expected "
                + "mongodb://[user:password@]host[:port][/database][?options], with every "
                + "@ : / ? # % of user and password percent-encoded"
        )
    }

    /// The database of a URL that names none.
    private static let standardDatabase = "weir"

    /// The location that `url` names, or nil where it is not a URL of MongoDB.
    ///
    /// - Throws: ``StoreError`` where it is one, but malformed; the text repeats nothing of it.
    package init?(url: String) throws(StoreError) {
        let schemes = ["mongodb://", "mongodb+srv://"]
        guard let scheme = schemes.first(where: { url.hasPrefix($0) }) else { return nil }
        let parts = MongoDBLocation.parts(of: url.dropFirst(scheme.count))
        hosts = String(parts.hosts)
        database =
            parts.database.isEmpty ? MongoDBLocation.standardDatabase : String(parts.database)
        let options = parts.options.split { $0 == "&" || $0 == ";" }
        optionNames = options.map { String($0.prefix { $0 != "=" }) }
        // The driver takes an @ in an option for the end of a password.
        let query = options.joined(separator: "&").replacing("@", with: "%40")
        self.url =
            scheme + (parts.user.map { "\($0)@" } ?? "") + "\(parts.hosts)/\(parts.database)"
            + (query.isEmpty ? "" : "?\(query)")
        let mistake =
            MongoDBLocation.mistake(ofUser: parts.user, parts.database, parts.options)
            ?? MongoDBLocation.mistake(ofHosts: parts.hosts, isService: scheme == schemes[1])
            ?? MongoDBLocation.mistake(ofOptions: options)
        if let mistake { throw MongoDBLocation.refusal(mistake) }
    }

    /// What stands behind the scheme; the user with the password.
    private static func parts(
        of rest: Substring
    ) -> (user: Substring?, hosts: Substring, database: Substring, options: Substring) {
        let end = rest.firstIndex { "/?".contains($0) } ?? rest.endIndex
        let at = rest[..<end].lastIndex(of: "@")
        let hosts = rest[(at.map(rest.index(after:)) ?? rest.startIndex)..<end]
        let tail = rest[end...].split(
            separator: "?",
            maxSplits: 1,
            omittingEmptySubsequences: false
        )
        return (
            at.map { rest[..<$0] }, hosts, tail.first?.dropFirst() ?? "",
            tail.dropFirst().first ?? ""
        )
    }

    private static func mistake(
        ofUser user: Substring?,
        _ database: Substring,
        _ options: Substring
    ) -> String? {
        // An @ behind the hosts ends a password with a / or ? in it, but in an option's value.
        let stray = options.split(separator: "&").contains { option in
            guard let at = option.firstIndex(of: "@") else { return false }
            guard let equals = option[..<at].firstIndex(of: "=") else { return true }
            return !DriverURI.isKnown(String(option[..<equals]))
        }
        if database.contains("@") || stray || user?.contains(where: { "#@".contains($0) }) == true {
            return "has one of @ / ? # as it is in its user or password"
        }
        if let user {
            let names = user.split(separator: ":", omittingEmptySubsequences: false)
            if names.count > 2 { return "has a : as it is in its password" }
            if names[0].isEmpty { return "has a password and no user" }
            if !hasSoundEscapes(user) {
                return "has a % in its user or password that is not followed by two digits"
            }
        }
        guard database.contains(where: { "/\\.\"$*<>|#% ".contains($0) }) else { return nil }
        return "names a database that cannot be: one of / \\ . \" $ * < > | # % or a blank is in it"
    }

    private static func hasSoundEscapes(_ text: Substring) -> Bool {
        text.split(separator: "%", omittingEmptySubsequences: false).dropFirst().allSatisfy {
            $0.prefix(2).count { $0.isHexDigit } == 2
        }
    }

    private static func mistake(ofHosts hosts: Substring, isService: Bool) -> String? {
        let hosts = hosts.split(separator: ",", omittingEmptySubsequences: false)
        if hosts.contains(where: \.isEmpty) { return "lacks a host" }
        for host in hosts where !host.hasPrefix("%2F") && !host.hasPrefix("%2f") {
            let name = host.hasPrefix("[") ? host.drop { $0 != "]" }.dropFirst() : host[...]
            guard let colon = name.lastIndex(of: ":") else { continue }
            if isService {
                return "has a port, and mongodb+srv:// takes the ports from the name service; "
                    + "leave it out"
            }
            let port = name[name.index(after: colon)...]
            let isPort =
                port.utf8.allSatisfy { (48...57).contains($0) }
                && Int(port).map { (1...65_535).contains($0) } == true
            if !isPort || name[..<colon].contains(":") {
                return "has a port that is not a number from 1 to 65535"
            }
        }
        guard isService, hosts.count > 1 else { return nil }
        return "names several hosts, and mongodb+srv:// takes one, which names them all"
    }

    private static func mistake(ofOptions options: [Substring]) -> String? {
        var values: [String: String] = [:]
        for option in options {
            guard let equals = option.firstIndex(of: "="), equals > option.startIndex else {
                return "has an option without a name or a value; expected name=value"
            }
            let value = String(option[option.index(after: equals)...])
            values[option[..<equals].lowercased()] = value
        }
        // Two names of one thing.
        guard let ssl = values["ssl"], let tls = values["tls"], ssl != tls else { return nil }
        return "says one thing with ssl and another with tls, which mean the same; leave ssl out"
    }

    /// The URL of another database of the same server, for the same user.
    package func url(ofDatabase name: String) -> String {
        let scheme = url.prefix { $0 != ":" } + "://"
        let parts = MongoDBLocation.parts(of: url.dropFirst(scheme.count))
        var options = parts.options.isEmpty ? [] : [String(parts.options)]
        // A user is one of the database that the URL names, unless it says otherwise.
        if parts.user != nil, !optionNames.contains(where: { $0.lowercased() == "authsource" }) {
            options.append("authSource=\(parts.database.isEmpty ? "admin" : parts.database)")
        }
        let user = parts.user.map { "\($0)@" } ?? ""
        let query = options.isEmpty ? "" : "?\(options.joined(separator: "&"))"
        return "\(scheme)\(user)\(parts.hosts)/\(name)\(query)"
    }

    /// Calls `body` with the URL and its secrets.
    func withURL<Value>(_ body: (String) -> Value) -> Value {
        body(url)
    }

    package var description: String { "MongoDB at \(hosts), database \(database)" }

    package var customMirror: Mirror { Mirror(self, children: ["location": description]) }
}
