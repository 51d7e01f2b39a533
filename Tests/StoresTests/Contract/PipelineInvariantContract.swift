import Commerce
import Datasets
import Storage
import TestSupport
import Testing
import Timekeeping

/// What the invariants find in what a pipeline has stored.
struct PipelineInvariantContract {
    /// What offends, after a census that is taken first.
    private static func offences(_ home: PipelineHome) async throws -> [String] {
        try await RawCensus.take(
            of: [home.raw],
            in: home.catalogue.warehouse,
            at: CatalogueSample.judged
        )
        return try await home.catalogue.warehouse.offences(ShippedInvariants.all)
    }

    @Test(arguments: PipelineAdapter.all, PipelineDamage.all)
    func `damage is found by the invariants it is for, and by no other`(
        adapter: PipelineAdapter,
        damage: PipelineDamage
    ) async throws {
        try await adapter.visit { home in
            try await PipelineSample.fill(home)
            #expect(try await Self.offences(home) == [])
            if let change = damage.raw { try home.damage(change) }
            if !damage.sql.isEmpty { try home.catalogue.damage(damage.sql) }
            #expect(try await Self.offences(home) == damage.offences)
        }
    }

    @Test(arguments: PipelineAdapter.all)
    func `without a census nothing is known, and with one that is old what is left is judged`(
        adapter: PipelineAdapter
    ) async throws {
        try await adapter.visit { home in
            try await PipelineSample.fill(home)
            let warehouse = home.catalogue.warehouse
            let names = ShippedInvariants.all.invariants.filter(\.needsCensus).map(\.name)
            #expect(names.count >= 8)
            let unknown = try await warehouse.offences(ShippedInvariants.all)
            #expect(unknown == names.map { "\($0) no census" })
            // So that no gauge is 0 for them, and none is 1.
            let judged = try await warehouse.judgeable(ShippedInvariants.all)
            #expect(judged.invariants == ShippedInvariants.set.invariants)

            #expect(try await Self.offences(home) == [])
            let all = try await warehouse.judgeable(ShippedInvariants.all)
            #expect(all.invariants == ShippedInvariants.all.invariants)
            // Something is counted after the census: an hour of a log's warehouse rests no more.
            var commit = WarehouseCommit("analytics")
            commit.number = 3
            let delta = WindowCell.sample()
            for grain in Grain.allCases {
                commit.add(grain, grain.start(of: CatalogueSample.judged), delta)
            }
            commit.count((0..<UInt64(delta.total)).map { IdentityDigest(high: 1, low: $0) })
            commit.block = DataBlockDraft(
                CatalogueSample.analytics,
                DataEvent(
                    .executeTransform,
                    positions: nil,
                    records: delta.total,
                    content: BlockHash(of: CanonicalBytes()),
                    watermark: nil
                ),
                at: CatalogueSample.judged
            )
            try await warehouse.commit(commit)
            #expect(try await warehouse.offences(ShippedInvariants.all) == [])
        }
    }

    @Test(arguments: PipelineAdapter.all)
    func `a census that fails keeps the one before`(adapter: PipelineAdapter) async throws {
        try await adapter.visit { home in
            try await PipelineSample.fill(home)
            #expect(try await Self.offences(home) == [])
            try home.damage(.remove(PipelineSample.id(2)))
            await #expect(throws: StoreError.self) {
                try await RawCensus.take(
                    of: [home.raw, BrokenScan()],
                    in: home.catalogue.warehouse,
                    at: CatalogueSample.judged
                )
            }
            let offences = try await home.catalogue.warehouse.offences(ShippedInvariants.all)
            #expect(offences == [])
        }
    }
}

/// A raw store that has gone.
private struct BrokenScan: RawEventScan {
    func events(after position: Int64, atMost limit: Int) throws(StoreError) -> [RawEvent] {
        throw StoreError(.unavailable, "gone")
    }

    func repeated(atMost limit: Int) -> [(source: String, id: String)] { [] }
}
