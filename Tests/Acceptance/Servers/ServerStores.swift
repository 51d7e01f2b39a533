import Foundation
import TestSupport
import Testing

/// A raw store and a warehouse of one test's own on two servers, read as anybody may read them.
struct ServerStores: Sendable {
    /// What did not come about in a minute, after which a run gives a server up.
    struct WaitedInVain: Error, CustomStringConvertible {
        var description: String
    }

    let servers: Servers
    /// Of the database in MongoDB and of the schema in PostgreSQL.
    let name: String

    /// `--raw` and `--warehouse`.
    private var options: [String] {
        ["--raw", url(of: .raw), "--warehouse", url(of: .warehouse)]
    }

    /// Where a store is.
    func url(of store: StoreOption) -> String {
        var url = servers[store]
        if store == .raw {
            url.path = "/\(name)"
        } else {
            url.query = "schema=\(name)"
        }
        return url.string ?? ""
    }

    /// `weir run` on these stores, with the summary as JSON.
    func run(
        _ arguments: [String],
        while body: (Running) async throws -> Void = { _ in }
    ) async throws -> Ending {
        try await Program.run(["run"] + arguments + options + ["--format", "json"], while: body)
    }

    func drop() throws {
        // First, since a server may take minutes to drop what it deletes in seconds.
        try command(#"{"delete": "raw_events", "deletes": [{"q": {}, "limit": 0}]}"#)
        try command(#"{"dropDatabase": 1}"#)
        try rows("SET lock_timeout = '5s'; DROP SCHEMA IF EXISTS \(name) CASCADE")
    }

    /// What PostgreSQL gives for `sql`, whose tables are those of the schema: a bar between the
    /// values of a row.
    @discardableResult
    func rows(_ sql: String) throws -> [String] {
        let session = try PostgreSQLSession(try #require(servers[.warehouse].string))
        try session.query("SET search_path = \(name)")
        return try session.query(sql).map { $0.joined(separator: "|") }
    }

    /// What MongoDB answers to `command`, both as Extended JSON.
    @discardableResult
    func command(_ command: String, on database: String? = nil) throws -> [String: Any] {
        let session = try MongoDBSession(try #require(servers[.raw].string))
        return try session.run(command, on: database ?? name)
    }

    /// What MongoDB finds with a command that answers with a cursor; a reply has a limit of 16 MiB.
    func documents(_ command: String) throws -> [[String: Any]] {
        let cursor = try #require(try self.command(command)["cursor"] as? [String: Any])
        try #require((cursor["id"] as? NSNumber)?.int64Value == 0, "there are more documents")
        return try #require(cursor["firstBatch"] as? [[String: Any]])
    }

    /// The events in MongoDB without their positions, each as one text, in the texts' order.
    func events() throws -> [String] {
        let command = """
            {"find": "raw_events", "projection": {"position": 0}, "batchSize": 100000}
            """
        return try documents(command).map { document in
            let data = try JSONSerialization.data(
                withJSONObject: document,
                options: [.sortedKeys]
            )
            return String(decoding: data, as: UTF8.self)
        }.sorted()
    }

    /// How many events of a log a store has.
    func count(in store: StoreOption) throws -> Int {
        if store == .raw {
            return try #require(try command(#"{"count": "raw_events"}"#)["n"] as? NSNumber).intValue
        }
        let rows = try rows("SELECT count(*) FROM counted_events")
        return try #require(rows.first.flatMap { Int($0) })
    }

    /// Waits until a store has more than `count` events of a log; says how many it has then.
    func waitForMore(than count: Int, in store: StoreOption) async throws -> Int {
        var seen = count
        try await wait(for: "more than \(count) events in \(store)") {
            seen = try self.count(in: store)
            return seen > count
        }
        return seen
    }

    /// Waits until a run has stored something in MongoDB, and has been admitted to PostgreSQL.
    func waitUntilUnderWay() async throws {
        try await wait(for: "a run that is under way") {
            try self.count(in: .raw) > 0 && !self.rows("SELECT subscription FROM writers").isEmpty
        }
    }

    /// Looks again and again; what is not there yet, or a server that is away, is no error.
    private func wait(for what: String, until isTrue: () throws -> Bool) async throws {
        let clock = ContinuousClock()
        let end = clock.now + .seconds(600)
        while clock.now < end {
            if (try? isTrue()) == true { return }
            try await clock.sleep(for: .milliseconds(50))
        }
        throw WaitedInVain(description: "waited in vain for \(what)")
    }
}
