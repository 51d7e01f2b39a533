import Commerce
import Datasets
import Storage
import TestSupport
import Testing
import Timekeeping

/// What every catalogue promises.
struct CatalogueContract {
    private typealias Sample = CatalogueSample

    @Test(arguments: CatalogueAdapter.all)
    func `what is registered and appended is read back`(adapter: CatalogueAdapter) async throws {
        try await adapter.visit { home in
            let catalogue = home.warehouse
            #expect(try await catalogue.datasets() == [])
            try await Sample.fill(catalogue)
            let records = try await catalogue.datasets()
            #expect(records.map(\.id) == [Sample.analytics, Sample.events, Sample.orders])
            let analytics = try #require(records.first)
            #expect(analytics.name == "analytics")
            #expect(analytics.kind == .derivative)
            #expect(analytics.owner == "data")
            #expect(analytics.created == Sample.began)
            #expect(analytics.upstream == [Sample.events])
            #expect(records[1].downstream == [Sample.analytics])
            #expect(
                analytics.statistics
                    == DatasetRecord.Statistics(
                        blocks: 9,
                        records: 60,
                        lastPosition: 69,
                        watermark: Sample.began + .seconds(6),
                        updated: Sample.began + .seconds(6)
                    )
            )
            let chain = try await catalogue.blocks(
                of: Sample.analytics,
                from: 0,
                atMost: 100
            )
            #expect(chain.map(\.sequence) == Array(0..<9))
            #expect(chain.prefix(3).map(\.event.name) == ["Seed", "SetTransform", "SetDataSchema"])
            #expect(chain[4].event == .data(Sample.draft(Sample.analytics, 2).event))
            #expect(analytics.head?.hash == chain.last?.hash)
            let part = try await catalogue.blocks(of: Sample.analytics, from: 2, atMost: 3)
            #expect(part == Array(chain[2...4]))
            for record in records {
                #expect(try await catalogue.verify(record.id).holds(head: record.head))
            }
        }
    }

    @Test(arguments: CatalogueAdapter.all)
    func `registered again nothing changes but what is to be said anew`(
        adapter: CatalogueAdapter
    ) async throws {
        try await adapter.visit { home in
            let catalogue = home.warehouse
            try await Sample.fill(catalogue)
            let before = try await catalogue.datasets()
            try await catalogue.register(Sample.definitions, at: Sample.judged)
            #expect(try await catalogue.datasets() == before)

            var changed = Sample.definitions[0]
            changed.owner = "shop"
            changed.schema = "other rows"
            try await catalogue.register([changed], at: Sample.judged)
            let events = try #require(
                try await catalogue.datasets().first { $0.id == Sample.events }
            )
            #expect(events.owner == "shop")
            #expect(events.created == Sample.began)
            let last = try await catalogue.blocks(of: Sample.events, from: 9, atMost: 9)
            #expect(last.map(\.event) == [.key(KeyEvent(.setDataSchema, payload: "other rows"))])
            #expect(try await catalogue.verify(Sample.events).holds(head: events.head))
        }
    }

    @Test(arguments: CatalogueAdapter.all)
    func `a commit and its block are stored together or not at all`(
        adapter: CatalogueAdapter
    ) async throws {
        try await adapter.visit { home in
            let warehouse = home.warehouse
            try await Sample.fill(warehouse)
            let identity = IdentityDigest(high: 1, low: 2)
            func commit(_ number: Int64) -> WarehouseCommit {
                var commit = WarehouseCommit("analytics")
                commit.add(.hour, Sample.began, .revenue(5))
                commit.consume("log", 1...number)
                commit.counted = [CountedEvent(identity, content: 0)]
                commit.block = Sample.draft(Sample.analytics, number)
                return commit
            }
            try await warehouse.commit(commit(7))
            // The event was counted before: all of the commit is refused.
            let again = commit(8)
            await #expect(throws: StoreError.self) { try await warehouse.commit(again) }
            let record = try #require(
                try await warehouse.datasets().first { $0.id == Sample.analytics }
            )
            #expect(record.statistics?.blocks == 10)
            #expect(record.statistics?.records == 70)
            #expect(try await warehouse.verify(Sample.analytics).holds(head: record.head))
            #expect(try await warehouse.streams(of: "analytics").map(\.consumed.count) == [7])

            // And the other way round: a chain that cannot be added to takes no commit.
            try home.damage("DELETE FROM dataset_references")
            var next = commit(9)
            next.counted = []
            await #expect(throws: StoreError.self) { try await warehouse.commit(next) }
            #expect(try await warehouse.streams(of: "analytics").map(\.consumed.count) == [7])
        }
    }

    @Test(
        arguments: CatalogueAdapter.all,
        [
            ("DELETE FROM dataset_references", "the head of dataset root/events is missing"),
            (
                "DELETE FROM dataset_data_blocks WHERE sequence_number = 8",
                "points to block 8 and its last block is 7"
            ),
            (
                "DELETE FROM dataset_data_blocks; DELETE FROM dataset_key_blocks",
                "points to block 8 and it has no block"
            ),
            ("DELETE FROM dataset_statistics", "points to block 8 and its statistics are missing"),
        ]
    )
    func `a damaged chain is not added to, and the error says what is damaged`(
        adapter: CatalogueAdapter,
        damage: (sql: String, message: String)
    ) async throws {
        try await adapter.visit { home in
            try await Sample.fill(home.warehouse)
            try home.damage(damage.sql)
            let appending = await #expect(throws: StoreError.self) {
                try await home.warehouse.append(Sample.draft(Sample.events, 9))
            }
            let registering = await #expect(throws: StoreError.self) {
                try await home.warehouse.register(Sample.definitions, at: Sample.judged)
            }
            for error in [appending, registering] {
                #expect(error?.code == .corrupted)
                #expect(error?.message.contains(damage.message) == true, "\(error as Any)")
            }
        }
    }

    @Test(arguments: CatalogueAdapter.all)
    func `a dataset that nobody registered takes no data`(
        adapter: CatalogueAdapter
    ) async throws {
        try await adapter.visit { home in
            let error = await #expect(throws: StoreError.self) {
                try await home.warehouse.append(Sample.draft(Sample.events, 1))
            }
            #expect(error?.code == .corrupted)
            #expect(error?.message.contains("root/events") == true)
        }
    }

    @Test(arguments: CatalogueAdapter.all)
    func `verification finds what no query of the catalogue can`(
        adapter: CatalogueAdapter
    ) async throws {
        try await adapter.visit { home in
            try await Sample.fill(home.warehouse)
            try home.damage(
                "UPDATE dataset_data_blocks SET first_position = 0 "
                    + "WHERE dataset_id = 'root/events' AND sequence_number = 4"
            )
            #expect(try await home.warehouse.offences() == [])
            let verdict = try await home.warehouse.verify(Sample.events)
            #expect(verdict.first == [.wrongHash(sequence: 4)])
            #expect(verdict.mistakes == 1)
            #expect(!verdict.holds(head: nil))
        }
    }
}
