import Foundation
import PostgreSQLStores
import SQLStores
import Storage
import TestSupport
import Testing
import Timekeeping

/// What a warehouse says where it cannot be opened, or be written to for a while.
@Suite(.enabled(if: PostgreSQLTestServer.given != nil, PostgreSQLTestServer.skipped))
struct PostgreSQLRefusalTests {
    private let server = PostgreSQLTestServer.given ?? PostgreSQLTestServer(url: "")

    /// The server's URL with some of its parts replaced.
    private func url(_ change: (inout URLComponents) -> Void) throws -> String {
        var parts = try #require(URLComponents(string: server.url))
        change(&parts)
        return try #require(parts.string)
    }

    /// Expects that the warehouse at `url` cannot be opened, for a reason that names its place
    /// and `words`, and no password.
    private func expectRefusal(
        _ url: String,
        _ code: StoreError.Code,
        _ words: String...,
        patience: Duration = .seconds(10)
    ) async throws {
        let location = try PostgreSQLLocation(url: url, patience: patience)
        let error = await #expect(throws: StoreError.self) {
            try await PostgreSQLWarehouse(location)
        }
        let message = try #require(error?.message)
        let parts = try #require(URLComponents(string: url))
        #expect(error?.code == code, "\(message)")
        for word in words + ["PostgreSQL at \(parts.host ?? ""):\(parts.port ?? 0), database"] {
            #expect(message.contains(word), "\(message)")
        }
        #expect(message.contains("; "), "no remedy: \(message)")
        if let password = parts.password { #expect(!message.contains(password)) }
        #expect(message.split(whereSeparator: \.isNewline).count == 1)
    }

    /// The rights on a database are one row, which one transaction at a time may change.
    private let alone = "SELECT pg_advisory_xact_lock(20010905)"

    /// Makes a role that may make schemas, gives its name and URL to `body`, and drops it.
    private func withRole(
        _ options: String = "",
        mayCreate: Bool = true,
        _ body: (_ role: String, _ url: String) async throws -> Void
    ) async throws {
        let role = PostgreSQLTestServer.newName()
        try server.query("CREATE ROLE \(role) LOGIN PASSWORD 'their secret' \(options)")
        defer {
            _ = try? server.query(
                """
                \(alone); GRANT \(role) TO CURRENT_USER; DROP OWNED BY \(role) CASCADE;
                DROP ROLE \(role)
                """
            )
        }
        if mayCreate {
            let database = try server.query("SELECT current_database()")[0][0]
            try server.query("\(alone); GRANT CREATE ON DATABASE \(database) TO \(role)")
        }
        try await body(
            role,
            url {
                $0.user = role
                $0.password = "their secret"
                $0.query = "schema=\(role)"
            }
        )
    }

    @Test func `a wrong password`() async throws {
        let url = try url { $0.password = "not the secret" }
        try await expectRefusal(url, .refused, "password authentication failed", "see that user")
    }

    @Test func `an unknown database`() async throws {
        let url = try url { $0.path = "/nowhere" }
        try await expectRefusal(url, .refused, "\"nowhere\" does not exist", "createdb")
    }

    @Test func `a port on which nobody listens`() async throws {
        // The discard port of old, which is nobody's today.
        let url = try url { $0.port = 9 }
        try await expectRefusal(url, .unavailable, "Connection refused", "see that the server runs")
    }

    @Test func `a host that cannot be reached`() async throws {
        // An address for documentation (RFC 5737): nobody answers there.
        let url = try url { $0.host = "192.0.2.1" }
        try await expectRefusal(url, .unavailable, patience: .milliseconds(300))
    }

    @Test func `a host that nobody knows`() async throws {
        let url = try url { $0.host = "nowhere.invalid" }
        try await expectRefusal(url, .unavailable, "nowhere.invalid")
    }

    @Test func `a server without TLS where the URL asks for it`() async throws {
        let url = try url { $0.query = "sslmode=require" }
        try await expectRefusal(url, .refused, "does not support SSL", "sslmode")
    }

    @Test func `a role with too few connections`() async throws {
        try await withRole("CONNECTION LIMIT 1") { _, url in
            try await expectRefusal(url, .busy, "too many connections", "limit")
        }
    }

    @Test func `a role that may only read`() async throws {
        try await withRole { role, url in
            try server.query("ALTER ROLE \(role) SET default_transaction_read_only = on")
            try await expectRefusal(url, .readOnly, "read-only")
        }
    }

    @Test func `a role that may not make the schema`() async throws {
        try await withRole(mayCreate: false) { _, url in
            try await expectRefusal(url, .refused, "permission denied", "grant")
        }
    }

    @Test func `a role that may not write to the tables`() async throws {
        try await withRole { role, url in
            try await server.withSchema { schema in
                await (try PostgreSQLWarehouse(server.location(schema: schema))).close()
                try server.query(
                    """
                    GRANT USAGE ON SCHEMA \(schema) TO \(role);
                    GRANT SELECT ON ALL TABLES IN SCHEMA \(schema) TO \(role);
                    GRANT INSERT, UPDATE, DELETE ON \(schema).writers TO \(role)
                    """
                )
                let place = url.replacing("schema=\(role)", with: "schema=\(schema)")
                try await expectRefusal(place, .refused, "lacks the right", "grant")
            }
        }
    }

    @Test func `a database that cannot hold every text`() async throws {
        let name = PostgreSQLTestServer.newName()
        try server.query(
            "CREATE DATABASE \(name) ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' "
                + "TEMPLATE template0"
        )
        defer { _ = try? server.query("DROP DATABASE \(name) WITH (FORCE)") }
        try await expectRefusal(try url { $0.path = "/\(name)" }, .refused, "LATIN1", "UTF8")
    }

    @Test func `a setting that the server does not know`() async throws {
        let url = try url { $0.query = "options=-c%20no_such_setting%3D1" }
        try await expectRefusal(url, .refused, "no_such_setting")
    }

    @Test(arguments: [(120_022, "12.22", true), (129_999, "12.9999", true), (130_000, "", false)])
    func `a server that is too old`(version: Int32, name: String, isRefused: Bool) throws {
        let refusal = ServerRequirements.refusal(version: version, encoding: "UTF8", server: "here")
        #expect((refusal != nil) == isRefused)
        #expect(refusal?.message.contains(name) != false)
    }

    @Test func `a statement that takes too long may be given again`() async throws {
        try await server.withSchema { schema in
            let location = try server.location(
                schema: schema,
                options: "options=-c%20statement_timeout%3D100"
            )
            let warehouse = try await PostgreSQLWarehouse(location)
            let held = try PostgreSQLSession(server.url)
            try held.query("BEGIN; LOCK TABLE \(schema).window_aggregates IN EXCLUSIVE MODE")
            var commit = WarehouseCommit()
            commit.add(.hour, Shop.epoch, .revenue(1))
            for _ in 1...3 {
                let error = await #expect(throws: StoreError.self) {
                    try await warehouse.commit(commit)
                }
                #expect(error?.code == .busy)
                #expect(error?.message.contains("statement timeout") == true)
            }
            try held.query("COMMIT")
            for _ in 1...3 { try await warehouse.commit(commit) }
            let rows = try await warehouse.windows(.hour, categories: .total)
            #expect(rows.map(\.cell.revenue) == [1])
            await warehouse.close()
        }
    }

    @Test func `a call that is cancelled ends at once, and the next one is served`() async throws {
        try await server.withSchema { schema in
            let location = try server.location(schema: schema)
            let warehouse = try await PostgreSQLWarehouse(location)
            let held = try PostgreSQLSession(server.url)
            try held.query("BEGIN; LOCK TABLE \(schema).window_aggregates IN EXCLUSIVE MODE")
            var commit = WarehouseCommit()
            commit.add(.hour, Shop.epoch, .revenue(1))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { [commit] in try await warehouse.commit(commit) }
                try await held.waitUntil(
                    """
                    SELECT count(*) FROM pg_locks
                    WHERE NOT granted AND relation = '\(schema).window_aggregates'::regclass
                    """,
                    is: "1"
                )
                group.cancelAll()
                let error = await #expect(throws: StoreError.self) { try await group.next() }
                #expect(error?.isTransient == true)
            }
            try held.query("COMMIT")
            try await warehouse.commit(commit)
            let rows = try await warehouse.windows(.hour, categories: .total)
            #expect(rows.map(\.cell.revenue) == [1])
            await warehouse.close()
            await #expect(throws: StoreError.self) { try await warehouse.commit(commit) }
        }
    }

    @Test func `a connection that the server ends is opened again at the next call`()
        async throws
    {
        try await server.withSchema { schema in
            let name = "application_name=\(schema)"
            let warehouse = try await PostgreSQLWarehouse(
                server.location(schema: schema, options: name)
            )
            let watch = try PostgreSQLSession(server.url)
            for _ in 1...5 {
                var commit = WarehouseCommit()
                commit.add(.hour, Shop.epoch, .revenue(1))
                try await warehouse.commit(commit)
                #expect(try await warehouse.progress(of: "analytics").isEmpty)
                try watch.query(
                    """
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE application_name = '\(schema)'
                    """
                )
                try await watch.waitUntil(
                    "SELECT count(*) FROM pg_stat_activity WHERE application_name = '\(schema)'",
                    is: "0"
                )
                // The server forgets a connection just before it closes its socket.
                let timeline = RealTimeline()
                try await timeline.sleep(until: timeline.now + .milliseconds(300))
            }
            let rows = try await warehouse.windows(.hour, categories: .total)
            #expect(rows.map(\.cell.revenue) == [5])
            await warehouse.close()
        }
    }

    @Test func `the server is not told the password by another way than the handshake`()
        async throws
    {
        try await server.withSchema { schema in
            let location = try server.location(schema: schema)
            let warehouse = try await PostgreSQLWarehouse(location)
            let password = try #require(URLComponents(string: server.url)?.password)
            let shown = try server.query("SELECT application_name, query FROM pg_stat_activity")
            #expect(shown.contains { $0[0] == "weir" })
            #expect(!shown.joined().contains { $0.contains(password) })
            await warehouse.close()
        }
    }
}
