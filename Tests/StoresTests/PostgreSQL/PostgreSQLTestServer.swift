import Foundation
import PostgreSQLStores
import TestSupport
import Testing

/// The PostgreSQL server that tests are given by WEIR_TEST_POSTGRESQL_URL.
struct PostgreSQLTestServer: Sendable {
    /// A URL whose role may create schemas, databases and roles; without a query.
    let url: String

    /// The server, or nil where the environment names none.
    static let given = ProcessInfo.processInfo.environment["WEIR_TEST_POSTGRESQL_URL"]
        .map { PostgreSQLTestServer(url: $0) }

    /// Why a test that needs a server is skipped.
    static let skipped: Comment =
        "no PostgreSQL server: WEIR_TEST_POSTGRESQL_URL names none; infra/test starts one"

    /// Each test has up to three connections a warehouse.
    static let places = TestPlaces(6)

    /// The name of something that is to be made, different each time.
    static func newName() -> String { ownName("test") }

    /// Where a warehouse of its own is.
    func location(
        schema: String,
        options: String = "",
        patience: Duration = .seconds(10)
    ) throws -> PostgreSQLLocation {
        try PostgreSQLLocation(
            url: "\(url)?schema=\(schema)\(options.isEmpty ? "" : "&\(options)")",
            patience: patience
        )
    }

    /// The warehouse in `schema`.
    func warehouse(_ schema: String) async throws -> PostgreSQLWarehouse {
        try await PostgreSQLWarehouse(location(schema: schema))
    }

    /// What another program reads with `sql`, each value as text; NULL as "NULL".
    @discardableResult
    func query(_ sql: String) throws -> [[String]] {
        try PostgreSQLSession(url).query(sql)
    }

    /// Gives the name of a new schema to `body`, and drops the schema afterwards.
    func withSchema(_ body: (String) async throws -> Void) async throws {
        await PostgreSQLTestServer.places.take()
        let schema = PostgreSQLTestServer.newName()
        defer {
            drop(schema)
            PostgreSQLTestServer.places.giveBack()
        }
        try await body(schema)
    }

    func drop(_ schema: String) {
        // A test that failed may have left the schema locked; the next run has other names.
        _ = try? query("SET lock_timeout = '5s'; DROP SCHEMA IF EXISTS \(schema) CASCADE")
    }
}
