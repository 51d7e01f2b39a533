internal import Storage

/// What a store asks of the server and of the collection before it uses them.
struct MongoDBServer {
    /// The oldest release that is supported.
    static let oldest = "4.4"

    private let client: DriverClient
    private let location: MongoDBLocation
    /// What is not as it should be, but works.
    private(set) var warnings: [String] = []
    /// Whether events are found by their trace without every document being read.
    private(set) var hasTraceIndex = false

    init(_ client: DriverClient, _ location: MongoDBLocation) {
        self.client = client
        self.location = location
    }

    /// Sees that the server is there, new enough, and takes writes.
    func check() throws(StoreError) {
        let build = try run(BSONDocument(json: #"{"buildInfo": 1}"#), on: .admin)
        let version = build.text("version") ?? "unknown"
        guard MongoDBServer.isSupported(version) else {
            throw StoreError(
                .refused,
                "\(location): the server is of version \(version); \(MongoDBServer.oldest) is the "
                    + "oldest that is supported, so update it"
            )
        }
        let hello = try run(BSONDocument(json: #"{"hello": 1}"#), on: .admin)
        guard hello.flag("isWritablePrimary") != false, hello.flag("readOnly") != true else {
            throw StoreError(
                .readOnly,
                "\(location): the server takes no writes; name the primary, or all members with "
                    + "replicaSet, in the URL"
            )
        }
    }

    /// Makes the collection, its validator and its indexes, as far as they are missing.
    mutating func prepare(_ keys: [RawEventKey]) throws(StoreError) {
        let listing = try run(RawEventCommands.listing)
        if let found = listing.documents("cursor.firstBatch").first {
            try adopt(found)
        } else {
            try create()
            // Not in a collection that is there: an index of many events would take minutes.
            try runOrWarn(RawEventCommands.traceIndex, "has no index by trace")
        }
        _ = try run(RawEventCommands.positionIndex)
        // Who may not see the indexes is warned as if there were none.
        let indexes = try? client.run(RawEventCommands.indexes).documents("cursor.firstBatch")
        hasTraceIndex = indexes?.contains { $0.has("key.traceparent") } ?? false
        for key in keys {
            try runOrWarn(RawEventCommands.index(of: key), "has no index by \(key.rawValue)")
        }
        try runOrWarn(LogCommands.index, "has no index by what logs say")
    }

    private mutating func create() throws(StoreError) {
        do throws(DriverFailure) {
            _ = try client.run(RawEventCommands.creation(validator: RawEventCommands.validator))
        } catch {
            // Another run may have made it just now.
            if error.code == 48 { return }
            try warn(of: error, "checks no documents")
            do throws(DriverFailure) {
                _ = try client.run(RawEventCommands.creation(validator: nil))
            } catch {
                throw error.storeError(at: location)
            }
        }
    }

    /// Takes a collection that is there, once it is seen to be one of ours.
    private mutating func adopt(_ found: BSONDocument) throws(StoreError) {
        let name = RawEventCommands.collection
        guard found.text("type") == "collection", found.flag("options.capped") != true else {
            throw StoreError(
                .wrongFormat,
                "\(location): \(name) is a view, a time series or capped, and keeps not every "
                    + "event; name another database"
            )
        }
        let validator = RawEventCommands.validator
        // Only this program makes a collection with this rule, and the server holds documents to
        // it. Looking at one would have some servers read them all.
        if found.document("options.validator")?.isEqual(to: validator) == true { return }
        let any = try run(RawEventCommands.anyEvent).documents("cursor.firstBatch").first
        if let any, !(any.has("position") && any.has("source") && any.has("id")) {
            throw StoreError(
                .wrongFormat,
                "\(location): \(name) holds documents of another program; name another database"
            )
        }
        try runOrWarn(RawEventCommands.change(validator: validator), "checks no documents")
    }

    private func run(
        _ command: BSONDocument,
        on target: DriverClient.Target = .own
    ) throws(StoreError) -> BSONDocument {
        do throws(DriverFailure) {
            return try client.run(command, on: target)
        } catch {
            throw error.storeError(at: location)
        }
    }

    private mutating func runOrWarn(
        _ command: BSONDocument,
        _ lack: String
    ) throws(StoreError) {
        do throws(DriverFailure) {
            _ = try client.run(command)
        } catch {
            try warn(of: error, lack)
        }
    }

    /// Notes what the server refused to do; whatever else went wrong is an error.
    private mutating func warn(of failure: DriverFailure, _ lack: String) throws(StoreError) {
        let error = failure.storeError(at: location)
        guard failure.origin == .server, !error.isTransient else { throw error }
        warnings.append("\(location): \(RawEventCommands.collection) \(lack): \(failure.message)")
    }

    private static func isSupported(_ version: String) -> Bool {
        let parts = version.split(separator: ".").prefix(2).map { Int($0) ?? 0 }
        let least = oldest.split(separator: ".").map { Int($0) ?? 0 }
        return !parts.lexicographicallyPrecedes(least)
    }
}
