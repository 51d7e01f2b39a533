import Foundation
import MongoDBStores
import Storage
import TestSupport
import Testing

/// Servers that cannot be used: what is said of each.
struct MongoDBRefusalTests {
    private static let password = "s3cr3t"

    /// The error with which opening `url` fails, held to what every error must say.
    private func failure(
        _ url: String,
        _ sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> StoreError {
        let location = try #require(try MongoDBLocation(url: url))
        let error = try #require(
            await #expect(throws: StoreError.self, sourceLocation: sourceLocation) {
                try await MongoDBRawStore(location)
            },
            sourceLocation: sourceLocation
        )
        #expect(error.message.hasPrefix("\(location): "), sourceLocation: sourceLocation)
        #expect(error.message.contains("; "), "no remedy: \(error)", sourceLocation: sourceLocation)
        #expect(
            !error.message.contains(MongoDBRefusalTests.password),
            sourceLocation: sourceLocation
        )
        return error
    }

    @Test func `a port that nobody listens on`() async throws {
        let error = try await failure("mongodb://u:s3cr3t@127.0.0.1:1/shop")
        #expect(error.code == .unavailable)
        #expect(error.message.contains("see that the server runs and listens on this port"))
    }

    @Test func `a host that does not exist`() async throws {
        let error = try await failure("mongodb://u:s3cr3t@no-such-host.invalid/shop")
        #expect(error.code == .unavailable)
        #expect(error.message.contains("see that the host's name is right"))
    }

    @Test(arguments: [
        ("3.6.23", "4.4 is the oldest"), ("4.2.8", "4.4 is the oldest"), ("x", "4.4 is the oldest"),
    ])
    func `a server that is too old`(version: String, text: String) async throws {
        let server = try MongoWireServer { command in
            guard command == "buildInfo" else { return nil }
            var reply = WireDocument(ok: true)
            reply.append("version", version)
            return reply
        }
        server.start()
        defer { server.close() }
        let error = try await failure("mongodb://127.0.0.1:\(server.port)/shop")
        #expect(error.code == .refused)
        #expect(error.message.contains("of version \(version)") && error.message.contains(text))
    }

    @Test func `a server that only serves reads`() async throws {
        let server = try MongoWireServer { command in
            guard command == "hello" else { return nil }
            var reply = WireDocument(ok: true)
            reply.append("isWritablePrimary", false)
            return reply
        }
        server.start()
        defer { server.close() }
        let error = try await failure("mongodb://127.0.0.1:\(server.port)/shop")
        #expect(error.code == .readOnly)
        #expect(error.message.contains("name the primary"))
    }

    @Test func `a server that hangs up, as one does that requires TLS or is full`() async throws {
        let server = try MongoWireServer { _ in .hangUp }
        server.start()
        defer { server.close() }
        let error = try await failure("mongodb://u:s3cr3t@127.0.0.1:\(server.port)/shop")
        #expect(error.code == .unavailable)
        #expect(error.message.contains("tls=true"))
    }

    @Test func `a server that speaks no TLS`() async throws {
        let server = try MongoWireServer()
        server.start()
        defer { server.close() }
        let error = try await failure("mongodb://127.0.0.1:\(server.port)/shop?tls=true")
        #expect(error.code == .unavailable)
        #expect(error.message.contains("TLS"))
    }

    @Test(arguments: [
        (13 as Int32, StoreError.Code.refused, "readWrite on shop"),
        (10107, .unavailable, "primary"), (13435, .unavailable, "primary"),
        (14031, .full, "make room"), (50, .busy, "give it time"), (100, .refused, "lower w"),
        (26, .refused, "code 26"), (11600, .unavailable, "wait"),
    ])
    func `a server that refuses to insert`(
        code: Int32,
        expected: StoreError.Code,
        text: String
    ) async throws {
        let server = try MongoWireServer { command in
            command == "insert" ? .failure(code, "no") : nil
        }
        server.start()
        defer { server.close() }
        let url = "mongodb://u@127.0.0.1:\(server.port)/shop"
        let location = try #require(try MongoDBLocation(url: url.replacing("u@", with: "")))
        let store = try await MongoDBRawStore(location)
        let error = await #expect(throws: StoreError.self) {
            try await store.store([Shop().views(3).write(at: 1)])
        }
        #expect(error?.code == expected)
        #expect(error?.message.contains(text) == true, "\(String(describing: error))")
        await store.close()
    }

    @Suite(.enabled(if: MongoDBTestServer.given != nil, MongoDBTestServer.skipped))
    struct OfARealServer {
        private let server = MongoDBTestServer.given ?? MongoDBTestServer(url: "")

        /// The URL of the server with another user.
        private func url(_ user: String, _ password: String, options: String) throws -> String {
            var parts = try #require(URLComponents(string: server.url))
            parts.path = "/shop"
            parts.user = user
            parts.password = password
            parts.percentEncodedQuery = options
            return try #require(parts.string)
        }

        @Test func `a wrong password, an unknown user, an unknown login database`() async throws {
            let user = try #require(URLComponents(string: server.url)?.user)
            for url in [
                try url(user, password, options: "authSource=admin"),
                try url("nobody", password, options: "authSource=admin"),
                try url(user, password, options: "authSource=elsewhere"),
            ] {
                let error = try await MongoDBRefusalTests().failure(url)
                #expect(error.code == .refused)
                #expect(error.message.contains("authSource of the URL are right"), "\(error)")
            }
        }

        @Test func `a user that may only read`() async throws {
            let user = "reader_\(MongoDBTestServer.newName())"
            try server.run(
                """
                {"createUser": "\(user)", "pwd": "\(password)",
                 "roles": [{"role": "read", "db": "shop"}]}
                """,
                on: "admin"
            )
            defer { _ = try? server.run(#"{"dropUser": "\#(user)"}"#, on: "admin") }
            let url = try url(user, password, options: "authSource=admin")
            let error = try await MongoDBRefusalTests().failure(url)
            #expect(error.code == .refused)
            #expect(error.message.contains("grant it the role readWrite on shop"))
        }
    }
}
