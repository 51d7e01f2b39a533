import Foundation
import Testing

/// A server that no run can use: which part of its URL is changed, and what is said of it.
struct BadServer: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let store: StoreOption
    /// Changes the URL of a server that works.
    var change: @Sendable (inout URLComponents) -> Void = { _ in }
    /// Makes a user, whom the URL then names: what stands behind CREATE ROLE in PostgreSQL, a role
    /// in MongoDB.
    var user: String?
    /// What must be said, the remedy among it.
    let fragments: [String]

    static let secret = "hunter2-never-shown"

    static let all = mongoDB + postgreSQL

    private static let mongoDB: [BadServer] = [
        BadServer(
            testDescription: "MongoDB on a host that nobody knows",
            store: .raw,
            change: { $0.host = "nowhere.invalid" },
            fragments: ["the host's name is right"]
        ),
        BadServer(
            testDescription: "MongoDB on a port that refuses",
            store: .raw,
            change: { $0.port = 9 },
            fragments: ["see that the server runs and listens on this port"]
        ),
        BadServer(
            testDescription: "MongoDB with a wrong password",
            store: .raw,
            change: { $0.password = secret },
            fragments: ["user, password and authSource"]
        ),
        BadServer(
            testDescription: "MongoDB on a host that cannot be reached",
            store: .raw,
            // An address for documentation (RFC 5737): nobody answers there.
            change: {
                $0.host = "192.0.2.1"
                $0.query? += "&serverSelectionTimeoutMS=1000&connectTimeoutMS=1000"
            },
            fragments: ["see that the server"]
        ),
        BadServer(
            testDescription: "MongoDB without TLS where it is asked for",
            store: .raw,
            change: { $0.query? += "&tls=true" },
            fragments: ["speaks TLS"]
        ),
        BadServer(
            testDescription: "a user of MongoDB who may only read",
            store: .raw,
            user: "read",
            fragments: ["grant it the role readWrite on acceptance_"]
        ),
    ]

    private static let postgreSQL: [BadServer] = [
        BadServer(
            testDescription: "PostgreSQL on a host that nobody knows",
            store: .warehouse,
            change: { $0.host = "nowhere.invalid" },
            fragments: ["see that the server runs and can be reached"]
        ),
        BadServer(
            testDescription: "PostgreSQL on a port that refuses",
            store: .warehouse,
            change: { $0.port = 9 },
            fragments: ["refused", "see that the server runs and can be reached"]
        ),
        BadServer(
            testDescription: "PostgreSQL on a host that cannot be reached",
            store: .warehouse,
            change: {
                $0.host = "192.0.2.1"
                $0.query = "connect_timeout=2"
            },
            fragments: ["see that the server runs and can be reached"]
        ),
        BadServer(
            testDescription: "PostgreSQL with a wrong password",
            store: .warehouse,
            change: { $0.password = secret },
            fragments: ["see that user and password are right"]
        ),
        BadServer(
            testDescription: "a database that PostgreSQL does not have",
            store: .warehouse,
            change: { $0.path = "/nowhere" },
            fragments: ["create the database with createdb"]
        ),
        BadServer(
            testDescription: "PostgreSQL without TLS where it is asked for",
            store: .warehouse,
            change: { $0.query = "sslmode=require" },
            fragments: ["does not support SSL", "sslmode=prefer"]
        ),
        BadServer(
            testDescription: "a statement that takes too long",
            store: .warehouse,
            // Nothing comes of the schema: it is made with all its tables, or not at all.
            change: {
                $0.percentEncodedQuery =
                    "schema=acceptance_slow&options=-c%20statement_timeout%3D1"
            },
            fragments: ["statement timeout", "raise statement_timeout"]
        ),
        BadServer(
            testDescription: "a role that may not make the schema",
            store: .warehouse,
            user: "",
            fragments: ["permission denied", "grant the role what is missing"]
        ),
        BadServer(
            testDescription: "a role that may only read",
            store: .warehouse,
            user: "; ALTER ROLE @ SET default_transaction_read_only = on",
            fragments: ["read-only", "name another database or role"]
        ),
        BadServer(
            testDescription: "a role without a connection left",
            store: .warehouse,
            user: "CONNECTION LIMIT 0",
            fragments: ["too many connections", "the role's or database's limit"]
        ),
    ]
}
