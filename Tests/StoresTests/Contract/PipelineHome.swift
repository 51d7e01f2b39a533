import Datasets
import Foundation
import GRDB
import MongoDBStores
import SQLiteStores
import Storage
import TestSupport
import Testing

/// A raw store and a warehouse that belong together, and that another program may damage.
struct PipelineAdapter: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// Where it keeps what it counts.
    let catalogue: CatalogueAdapter
    /// Gives a new home to `body`, and removes it afterwards.
    let visit: @Sendable (@Sendable (PipelineHome) async throws -> Void) async throws -> Void

    /// Every pair that there are servers for.
    static let all = [sqlite] + servers

    static let sqlite = PipelineAdapter(testDescription: "SQLite", catalogue: .sqlite) { body in
        try await CatalogueAdapter.sqlite.visit { catalogue in
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let store = try SQLiteRawStore(SQLiteLocation(path: folder.path("r.sqlite")))
            try await body(
                PipelineHome(catalogue: catalogue, raw: store) { change in
                    let queue = try DatabaseQueue(path: folder.path("r.sqlite"))
                    try queue.writeWithoutTransaction { try $0.execute(sql: change.sql) }
                    try queue.close()
                }
            )
            try store.close()
        }
    }

    static let servers: [PipelineAdapter] = {
        guard let mongoDB = MongoDBTestServer.given,
            let postgreSQL = CatalogueAdapter.postgreSQL.first
        else { return [] }
        return [
            PipelineAdapter(
                testDescription: "MongoDB and PostgreSQL",
                catalogue: postgreSQL
            ) { body in
                try await postgreSQL.visit { catalogue in
                    try await mongoDB.withDatabase { database in
                        let location = try mongoDB.location(database: database)
                        let store = try await MongoDBRawStore(location)
                        try await body(
                            PipelineHome(catalogue: catalogue, raw: store) { change in
                                try change.make(on: mongoDB, database)
                            }
                        )
                        await store.close()
                    }
                }
            }
        ]
    }()
}

/// Where a pipeline keeps what it stores.
struct PipelineHome: Sendable {
    let catalogue: CatalogueHome
    let raw: any RawStore & RawEventScan
    /// Changes raw events as another program does.
    let damage: @Sendable (RawChange) throws -> Void
}

/// What another program does to one raw event, by its id.
enum RawChange: Sendable {
    case remove(String)
    /// Gives it another value, in minor units.
    case value(String, Int)
    /// Makes it no event.
    case spoil(String)
    /// Stores it a second time, at another position.
    case again(String)

    var sql: String {
        switch self {
        case .remove(let id): "DELETE FROM raw_events \(RawChange.row(id))"
        case .value(let id, let cents):
            "UPDATE raw_events SET data = json_set(data, '$.value', \(Double(cents) / 100)), "
                + "document = json_set(document, '$.data.value', \(Double(cents) / 100)) "
                + RawChange.row(id)
        case .spoil(let id): "UPDATE raw_events SET document = '{}' \(RawChange.row(id))"
        case .again(let id):
            """
            DROP VIEW events;
            CREATE TABLE copied AS SELECT * FROM raw_events;
            INSERT INTO copied
            SELECT position + 1000, source_id, id, time_ns, type_id, subject, sequence, trace,
                transaction_id, data, document
            FROM raw_events \(RawChange.row(id));
            DROP TABLE raw_events;
            ALTER TABLE copied RENAME TO raw_events
            """
        }
    }

    /// What picks the row; its id may be the bytes of a UUID.
    private static func row(_ id: String) -> String {
        "WHERE id = '\(id)' OR hex(id) = upper(replace('\(id)', '-', ''))"
    }

    func make(on server: MongoDBTestServer, _ database: String) throws {
        func update(_ id: String, _ fields: String) throws {
            try server.run(
                #"{"update": "raw_events", "updates": [{"q": {"id": "\#(id)"}, "#
                    + #""u": {"$set": \#(fields)}}]}"#,
                on: database
            )
        }
        switch self {
        case .remove(let id):
            try server.run(
                #"{"delete": "raw_events", "deletes": [{"q": {"id": "\#(id)"}, "limit": 1}]}"#,
                on: database
            )
        case .value(let id, let cents):
            try update(id, #"{"value_minor": {"$numberLong": "\#(cents)"}}"#)
        case .spoil(let id): try update(id, #"{"name": "nothing"}"#)
        case .again(let id):
            let found = try server.events(in: database, #"{"id": "\#(id)"}"#, .typed)
            var event = try #require(found.first)
            event["_id"] = "restored"
            event["position"] = ["$numberLong": "1000"]
            let text = String(
                decoding: try JSONSerialization.data(withJSONObject: event),
                as: UTF8.self
            )
            try server.run(#"{"insert": "raw_events", "documents": [\#(text)]}"#, on: database)
        }
    }
}
