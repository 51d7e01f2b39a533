package import Stages

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

    /// What is said of a URL of which nothing may be repeated.
    static let malformed =
        "the URL of a MongoDB store is malformed; expected "
        + "mongodb://[user:password@]host[:port][/database][?options], with every @ : / ? # %"
        + " of user and password percent-encoded"

    /// The database of a URL that names none.
    private static let standardDatabase = "weir"

    /// The location that `url` names, or nil where it is no URL of MongoDB.
    ///
    /// - Throws: ``StoreError`` where it is one, but malformed; the text repeats nothing of it.
    package init?(url: String) throws(StoreError) {
        let schemes = ["mongodb://", "mongodb+srv://"]
        guard let scheme = schemes.first(where: { url.hasPrefix($0) }) else { return nil }
        var rest = url.dropFirst(scheme.count)
        // Whatever stands before the last @ may be a secret, even where it is wrongly written.
        if let at = rest.lastIndex(of: "@") {
            guard !rest[..<at].contains(where: { "/?#@".contains($0) }) else {
                throw StoreError(.refused, MongoDBLocation.malformed)
            }
            rest = rest[rest.index(after: at)...]
        }
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        hosts = String(rest[..<end])
        let parts = rest[end...].drop { $0 == "/" }
            .split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let database = parts.first.map(String.init) ?? ""
        self.database = database.isEmpty ? MongoDBLocation.standardDatabase : database
        optionNames = parts.dropFirst().joined()
            .split { $0 == "&" || $0 == ";" }
            .map { String($0.prefix { $0 != "=" }) }
        self.url = url
        guard !hosts.isEmpty, !self.database.contains("%") else {
            throw StoreError(.refused, MongoDBLocation.malformed)
        }
    }

    /// Calls `body` with the URL and its secrets.
    func withURL<Value>(_ body: (String) -> Value) -> Value {
        body(url)
    }

    package var description: String { "MongoDB at \(hosts), database \(database)" }

    package var customMirror: Mirror { Mirror(self, children: ["location": description]) }
}
