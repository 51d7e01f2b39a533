import Foundation
import MongoDBStores
import Storage
import TestSupport
import Testing

/// The server that tests are given by WEIR_TEST_MONGODB_URL.
struct MongoDBTestServer: Sendable {
    /// A URL whose user has the role root.
    let url: String

    /// The server, or nil where the environment names none.
    static let given = ProcessInfo.processInfo.environment["WEIR_TEST_MONGODB_URL"]
        .map { MongoDBTestServer(url: $0) }

    /// Why a test that needs a server is skipped.
    static let skipped: Comment =
        "no MongoDB server: WEIR_TEST_MONGODB_URL names none; infra/test starts one"

    /// The server may be one process that serves a client at a time: two tests at once would only
    /// wait for each other.
    static let places = TestPlaces(1)

    /// Beside other tests a server may take long to answer, which is no fault of it.
    private static let patience =
        "connectTimeoutMS=60000&serverSelectionTimeoutMS=120000&socketTimeoutMS=120000"
        + "&serverSelectionTryOnce=false"

    /// The name of a database that is to be made, different each time.
    static func newName() -> String { ownName("test") }

    /// The URL with another database, and further options.
    func url(database: String, options: String = "") throws -> String {
        var parts = try #require(URLComponents(string: url))
        parts.path = "/\(database)"
        let query = [parts.percentEncodedQuery ?? "", MongoDBTestServer.patience, options].filter {
            !$0.isEmpty
        }
        parts.percentEncodedQuery = query.isEmpty ? nil : query.joined(separator: "&")
        return try #require(parts.string)
    }

    /// Where a store of its own is.
    func location(
        database: String,
        options: String = ""
    ) throws -> MongoDBLocation {
        let url = try url(database: database, options: options)
        return try #require(try MongoDBLocation(url: url))
    }

    /// What the server answers another program that sends `command`, both in JSON.
    @discardableResult
    func run(
        _ command: String,
        on database: String,
        _ form: MongoDBSession.Form = .plain
    ) throws -> [String: Any] {
        try MongoDBSession(url(database: database)).run(command, on: database, form)
    }

    /// The documents of `raw_events` that `filter` finds, by their positions.
    func events(
        in database: String,
        _ filter: String = "{}",
        _ form: MongoDBSession.Form = .plain
    ) throws -> [[String: Any]] {
        let command = """
            {"find": "raw_events", "filter": \(filter), "sort": {"position": 1},
             "batchSize": 100000, "singleBatch": true}
            """
        let reply = try run(command, on: database, form)
        let cursor = try #require(reply["cursor"] as? [String: Any])
        return try #require(cursor["firstBatch"] as? [[String: Any]])
    }

    /// Gives the name of a new database to `body`, and drops the database afterwards.
    func withDatabase(_ body: (String) async throws -> Void) async throws {
        await MongoDBTestServer.places.take()
        let database = MongoDBTestServer.newName()
        defer {
            drop(database)
            MongoDBTestServer.places.giveBack()
        }
        try await body(database)
    }

    /// Asks again, as a stage does, where the server did not answer in time beside other work.
    static func patiently<Answer>(
        _ body: () async throws -> Answer
    ) async throws -> Answer {
        for _ in 0..<10 {
            do {
                return try await body()
            } catch let error as StoreError where error.isTransient {
                continue
            }
        }
        return try await body()
    }

    func drop(_ database: String) {
        // A test that failed may have taken the server away.
        _ = try? run(#"{"dropDatabase": 1}"#, on: database)
    }
}
