import Foundation
import TestSupport
import Testing

/// A MongoDB and a PostgreSQL server, by URLs of users who may make and drop what tests need.
struct Servers: Sendable {
    private var mongoDB: URLComponents
    private var postgreSQL: URLComponents

    /// Those that the environment names, if it names both.
    static let given: Servers? = {
        let environment = ProcessInfo.processInfo.environment
        guard let mongoDB = environment["WEIR_TEST_MONGODB_URL"].flatMap(URLComponents.init),
            let postgreSQL = environment["WEIR_TEST_POSTGRESQL_URL"].flatMap(URLComponents.init)
        else { return nil }
        return Servers(mongoDB: mongoDB, postgreSQL: postgreSQL)
    }()

    /// Why a test that needs servers is skipped.
    static let skipped: Comment =
        "WEIR_TEST_MONGODB_URL and WEIR_TEST_POSTGRESQL_URL do not name servers; infra/test does"

    /// The name of something that is to be made, different each time.
    static func newName() -> String { ownName("acceptance") }

    /// The URL of the server that a store is on.
    subscript(store: StoreOption) -> URLComponents {
        get { store == .raw ? mongoDB : postgreSQL }
        set {
            if store == .raw { mongoDB = newValue } else { postgreSQL = newValue }
        }
    }

    /// Gives a database and a schema of its own to `body`, and drops them afterwards.
    func withStores(_ body: (ServerStores) async throws -> Void) async throws {
        let stores = ServerStores(servers: self, name: Servers.newName())
        // A test that failed may have taken a server away.
        defer { try? stores.drop() }
        try await body(stores)
    }
}
