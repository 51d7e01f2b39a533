import Datasets
import Documents
import Storage
import TestSupport
import Testing
import Timekeeping

/// What the invariants find in a catalogue that is damaged, and in one that is not.
struct InvariantContract {
    @Test func `every file that is shipped is sound, and every invariant has a fault here`() throws
    {
        let set = ShippedInvariants.all
        #expect(set.mistakes == [])
        #expect(set.invariants.count >= 24)
        #expect(try SQLiteWarehouseMistakes.of(set) == [])
        let found = Set(
            (Damage.all.flatMap(\.offences) + PipelineDamage.all.flatMap(\.offences))
                .compactMap { $0.split(separator: " ").first }
        )
        #expect(found == Set(set.invariants.map { Substring($0.name) }))
        #expect(Damage.all.count >= 20)
    }

    @Test(arguments: CatalogueAdapter.all, Damage.all)
    func `damage is found by the invariants it is for, and by no other`(
        adapter: CatalogueAdapter,
        damage: Damage
    ) async throws {
        try await adapter.visit { home in
            try await CatalogueSample.fill(home.warehouse)
            #expect(try await home.warehouse.offences() == [])
            try home.damage(damage.sql)
            #expect(try await home.warehouse.offences() == damage.offences)
        }
    }

    @Test(arguments: CatalogueAdapter.all)
    func `nothing is found where nothing is wrong, whatever was written`(
        adapter: CatalogueAdapter
    ) async throws {
        // A schema of a server takes longer to make than a file.
        let seeds = adapter.testDescription == "SQLite" ? 100 : 3
        for seed in 0..<UInt64(seeds) {
            try await adapter.visit { home in
                var random = Randomness(seed: seed)
                var known: [DatasetDefinition] = []
                for step in 0..<30 as Range<Int64> {
                    let now = CatalogueSample.began + .seconds(step)
                    if known.isEmpty || random.below(4) == 0 {
                        let number = random.below(6)
                        let isRoot = known.isEmpty || number < 3
                        let id = DatasetID(isRoot ? .root : .derivative, "set \(number)")
                        let definition = CatalogueSample.definition(
                            id,
                            upstream: isRoot ? [] : [known[0].id],
                            schema: "version \(random.below(3))"
                        )
                        try await home.warehouse.register([definition], at: now)
                        known.append(definition)
                    } else {
                        let place = Int(random.below(UInt64(known.count)))
                        // Clocks and watermarks of other runs may be behind.
                        let number = Int64(random.below(40))
                        try await home.warehouse.append(
                            CatalogueSample.draft(known[place].id, number)
                        )
                    }
                }
                #expect(try await home.warehouse.offences() == [], "seed \(seed)")
                for record in try await home.warehouse.datasets() {
                    let verdict = try await home.warehouse.verify(record.id)
                    #expect(verdict.holds(head: record.head), "seed \(seed), \(record.id)")
                }
            }
        }
    }

    /// The incident: key blocks are indexed anew from entries that are read page by page in an
    /// order that changes between the pages, so that some are read twice and some never; and
    /// within a dataset the same happens to its events.
    @Test(arguments: CatalogueAdapter.all, [1, 2, 3] as [UInt64])
    func `re-indexing in an unstable order is found, dataset by dataset`(
        adapter: CatalogueAdapter,
        seed: UInt64
    ) async throws {
        try await adapter.visit { home in
            var random = Randomness(seed: seed)
            let ids = (10..<50).map { DatasetID(.root, "set \($0)") }
            try await home.warehouse.register(
                ids.map { CatalogueSample.definition($0) },
                at: CatalogueSample.began
            )
            for id in ids { try await home.warehouse.append(CatalogueSample.draft(id, 1)) }

            func pages<Item: Hashable>(_ items: [Item], of size: Int) -> Set<Item> {
                var seen: Set<Item> = []
                for first in stride(from: 0, to: items.count, by: size) {
                    var order = items
                    for place in order.indices.reversed() {
                        order.swapAt(place, Int(random.below(UInt64(place + 1))))
                    }
                    seen.formUnion(order[first..<min(first + size, items.count)])
                }
                return seen
            }
            var kept: [String] = []
            var expected: [String] = []
            let indexed = pages(ids, of: 8)
            for id in ids {
                let blocks = indexed.contains(id) ? pages([0, 1, 2], of: 1) : []
                kept += blocks.sorted().map { "('\(id)', \($0))" }
                if blocks.count < 3 {
                    expected += ["contiguous-chain \(id)", "statistics-add-up \(id)"]
                }
                if blocks.isEmpty {
                    expected.append("key-blocks \(id)")
                } else if !blocks.contains(0) {
                    expected.append("seed-first \(id)")
                }
            }
            try home.damage(
                """
                CREATE TABLE indexed (id text, number bigint);
                INSERT INTO indexed VALUES \(kept.joined(separator: ", "));
                DELETE FROM dataset_key_blocks WHERE NOT EXISTS (
                    SELECT 1 FROM indexed WHERE id = dataset_id AND number = sequence_number
                )
                """
            )
            #expect(expected.contains { $0.hasPrefix("key-blocks") })
            #expect(expected.contains { $0.hasPrefix("seed-first") })
            #expect(try await home.warehouse.offences() == expected.sorted())
        }
    }
}
