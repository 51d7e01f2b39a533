import Datasets
import Foundation
import PostgreSQLStores
import TestSupport
import Testing
import Timekeeping

/// What the query of an invariant may do on a PostgreSQL server.
@Suite(.enabled(if: PostgreSQLTestServer.given != nil, PostgreSQLTestServer.skipped))
struct InvariantRoleTests {
    /// What `query` is found or refused with.
    private func outcome(
        _ query: String,
        on warehouse: PostgreSQLWarehouse
    ) async throws -> InvariantFinding.Outcome {
        let findings = try await warehouse.evaluate(
            ShippedInvariants.invariant(query).invariants,
            timeout: .seconds(10),
            timeline: RealTimeline()
        )
        return try #require(findings.first).outcome
    }

    @Test func `functions that write are refused, whoever they belong to`() async throws {
        let server = try #require(PostgreSQLTestServer.given)
        try await server.withSchema { schema in
            let warehouse = try await server.warehouse(schema)
            try server.query(
                """
                SET search_path = \(schema);
                CREATE TABLE marks (mark text);
                CREATE FUNCTION mark() RETURNS text VOLATILE LANGUAGE sql AS
                    $$ INSERT INTO marks VALUES ('x') RETURNING mark $$;
                CREATE FUNCTION mark_as_owner() RETURNS text VOLATILE LANGUAGE sql
                    SECURITY DEFINER AS
                    $$ INSERT INTO \(schema).marks VALUES ('x') RETURNING mark $$
                """
            )
            for function in ["mark", "mark_as_owner"] {
                let refused = try await outcome(
                    "SELECT \(function)() AS subject, 'x' AS detail",
                    on: warehouse
                )
                guard case .failed(let reason) = refused else {
                    Issue.record("\(refused)")
                    continue
                }
                #expect(reason.hasPrefix("own.sql:1:1: the database refuses the query"))
                #expect(reason.contains("read-only transaction"))
            }
            #expect(try server.query("SELECT * FROM \(schema).marks") == [])
            await warehouse.close()
        }
    }

    /// Gives `body` a warehouse of a role that may do to the tables what a run does.
    private func withRole(
        _ options: String,
        _ body: (_ role: String, PostgreSQLWarehouse) async throws -> Void
    ) async throws {
        let server = try #require(PostgreSQLTestServer.given)
        try await server.withSchema { schema in
            await (try server.warehouse(schema)).close()
            let role = PostgreSQLTestServer.newName()
            try server.query(
                """
                CREATE ROLE \(role) LOGIN PASSWORD 'their secret' \(options);
                GRANT USAGE ON SCHEMA \(schema) TO \(role);
                GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA \(schema) TO \(role)
                """
            )
            defer {
                _ = try? server.query(
                    """
                    GRANT \(role) TO CURRENT_USER; DROP OWNED BY \(role) CASCADE;
                    DROP ROLE \(role)
                    """
                )
            }
            var url = try #require(URLComponents(string: server.url))
            url.user = role
            url.password = "their secret"
            let own = PostgreSQLTestServer(url: try #require(url.string))
            let warehouse = try await own.warehouse(schema)
            try await body(role, warehouse)
            await warehouse.close()
        }
    }

    @Test func `a query has a role that only reads, and does not get out of it`() async throws {
        try await withRole("IN ROLE pg_read_all_data") { _, warehouse in
            #expect(try await warehouse.warning() == nil)
            let role = try await outcome(
                "SELECT current_user AS subject, 'x' AS detail",
                on: warehouse
            )
            #expect(role == .found(count: 1, [.init("pg_read_all_data", "x")]))
            for query in [
                "SELECT pg_read_file('/etc/hostname') AS subject, 'x' AS detail",
                "SELECT set_config('transaction_read_only', 'off', true) AS subject, 'x' AS detail",
                "SELECT nextval('dataset') AS subject, 'x' AS detail",
            ] {
                guard case .failed = try await outcome(query, on: warehouse) else {
                    Issue.record("\(query) is not refused")
                    continue
                }
            }
            let all = try await warehouse.offences()
            #expect(all == [])
        }
    }

    @Test func `who may not take the role is told so, and reads all the same`() async throws {
        try await withRole("") { role, warehouse in
            let warning = try await warehouse.warning()
            #expect(warning?.contains("GRANT pg_read_all_data to that role") == true)
            let found = try await outcome(
                "SELECT current_user AS subject, 'x' AS detail",
                on: warehouse
            )
            #expect(found == .found(count: 1, [.init(role, "x")]))
        }
    }
}
