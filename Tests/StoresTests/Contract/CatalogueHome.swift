import Datasets
import Documents
import Foundation
import GRDB
import PostgreSQLStores
import SQLStores
import SQLiteStores
import Storage
import TestSupport
import Testing
import Timekeeping

/// A database that keeps a catalogue, and that another program may damage.
struct CatalogueAdapter: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// Gives a new home to `body`, and removes it afterwards.
    let visit: @Sendable (@Sendable (CatalogueHome) async throws -> Void) async throws -> Void

    /// Every adapter that there is a database for.
    static let all = [sqlite] + postgreSQL

    static let sqlite = CatalogueAdapter(testDescription: "SQLite") { body in
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let path = folder.path("w.sqlite")
        let warehouse = try SQLiteWarehouse(SQLiteLocation(path: path))
        try await body(
            CatalogueHome(
                warehouse: warehouse,
                reopen: { try SQLiteWarehouse(SQLiteLocation(path: path)) }
            ) { sql in
                var configuration = Configuration()
                configuration.foreignKeysEnabled = false
                let queue = try DatabaseQueue(path: path, configuration: configuration)
                try queue.writeWithoutTransaction { try $0.execute(sql: sql) }
                try queue.close()
            }
        )
        try warehouse.close()
    }

    static let postgreSQL =
        PostgreSQLTestServer.given.map { server in
            [
                CatalogueAdapter(testDescription: "PostgreSQL") { body in
                    try await server.withSchema { schema in
                        let location = try server.location(schema: schema)
                        let warehouse = try await PostgreSQLWarehouse(location)
                        try await body(
                            CatalogueHome(
                                warehouse: warehouse,
                                reopen: { try await PostgreSQLWarehouse(location) }
                            ) { sql in
                                // Without the keys that would not let it happen.
                                let keys = [
                                    "references", "statistics", "key_blocks", "data_blocks",
                                ].map { table in
                                    "ALTER TABLE dataset_\(table) DROP CONSTRAINT IF EXISTS "
                                        + "dataset_\(table)_dataset_id_fkey; "
                                }.joined()
                                try server.query("SET search_path = \(schema); \(keys)\(sql)")
                            }
                        )
                        await warehouse.close()
                    }
                }
            ]
        } ?? []
}

/// A catalogue and the database it lies in.
struct CatalogueHome: Sendable {
    let warehouse: any SQLWarehouse
    /// Opens it once more, as another process does.
    let reopen: @Sendable () async throws -> any SQLWarehouse
    /// Runs statements as another program does, and unhindered by foreign keys.
    let damage: @Sendable (String) throws -> Void
}

/// The invariants that the product ships.
enum ShippedInvariants {
    /// Those that look at the warehouse alone.
    static let set: InvariantSet = {
        var set = all
        set.invariants.removeAll(where: \.needsCensus)
        return set
    }()

    static let all: InvariantSet = {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let paths = try? DocumentFile.paths(
            at: root.appending(path: "slo/invariants").path,
            kind: "an invariant",
            language: .sql
        )
        return InvariantReader.read(
            (paths ?? []).map { ($0, (try? DocumentFile.text(at: $0, kind: "an invariant")) ?? "") }
        )
    }()

    /// The invariant of one file.
    static func invariant(
        _ query: String,
        name: String = "own",
        path: String = "own.sql"
    ) -> InvariantSet {
        InvariantReader.read([
            (
                path,
                """
                -- name: \(name)
                -- severity: page
                -- owner: data
                -- grace: 0s
                -- description: A test.
                \(query)
                """
            )
        ])
    }
}

extension InvariantStore {
    /// What offends now, as "invariant subject", in order; the grace of everything is over.
    func offences(_ set: InvariantSet = ShippedInvariants.set) async throws -> [String] {
        let findings = try await evaluate(
            set.only(for: dialect).invariants,
            timeout: .seconds(60),
            timeline: VirtualTimeline(start: CatalogueSample.judged, tick: .zero)
        )
        return findings.flatMap { finding -> [String] in
            switch finding.outcome {
            case .found(_, let violations): violations.map { "\(finding.invariant) \($0.subject)" }
            case .failed(let reason): ["\(finding.invariant) failed: \(reason)"]
            }
        }.sorted()
    }
}

/// A catalogue of three datasets with a few blocks each.
enum CatalogueSample {
    static let began = Timestamp(seconds: 1_700_000_000)
    /// When every grace period is over.
    static let judged = began + .seconds(86_400)

    static let events = DatasetID(.root, "events")
    static let orders = DatasetID(.root, "orders")
    static let analytics = DatasetID(.derivative, "analytics")

    static func definition(
        _ id: DatasetID,
        upstream: [DatasetID] = [],
        schema: String = "rows"
    ) -> DatasetDefinition {
        let isRoot = id.text.hasPrefix("root/")
        return DatasetDefinition(
            name: String(id.text.split(separator: "/").last ?? ""),
            kind: isRoot ? .root : .derivative,
            owner: "data",
            upstream: upstream,
            source: KeyEvent(isRoot ? .addPushSource : .setTransform, payload: "{}"),
            schema: schema
        )
    }

    static let definitions = [
        definition(events), definition(orders), definition(analytics, upstream: [events]),
    ]

    /// The data of block `number` of `dataset`.
    static func draft(_ dataset: DatasetID, _ number: Int64) -> DataBlockDraft {
        var content = CanonicalBytes()
        content.append(number)
        let event = DataEvent(
            dataset.text.hasPrefix("root/") ? .addData : .executeTransform,
            positions: (number * 10)...(number * 10 + 9),
            records: 10,
            content: BlockHash(of: content),
            watermark: began + .seconds(number)
        )
        return DataBlockDraft(dataset, event, at: began + .seconds(number))
    }

    /// Fills a catalogue: each chain has the key blocks 0 to 2 and the data blocks 3 to 8.
    static func fill(_ catalogue: any DatasetCatalogue) async throws {
        try await catalogue.register(definitions, at: began)
        for number in 1...6 as ClosedRange<Int64> {
            for dataset in [events, orders, analytics] {
                try await catalogue.append(draft(dataset, number))
            }
        }
    }
}
