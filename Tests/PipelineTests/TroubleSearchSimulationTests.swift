import Broker
import Documents
import Experiments
import Foundation
import OpenSLO
import Pipeline
import SLO
import Storage
import Synchronization
import TestSupport
import Testing
import Timekeeping

/// Short runs with faults drawn at random, and the checks after each.
@Suite(.timeLimit(.minutes(20)))
struct TroubleSearchSimulationTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private static func run(
        _ stores: @escaping @Sendable (PipelineDocument) -> RunStores = TrialRun.memoryStores
    ) throws -> TrialRun {
        let file = root.appending(path: "pipelines/storefront.yaml")
        let objectives = try OpenSLO.read(
            OpenSLO.files(at: [root.appending(path: "slo/storefront").path])
        ).checked().objectives
        return TrialRun(
            text: try String(contentsOf: file, encoding: .utf8),
            file: "storefront.yaml",
            objectives: objectives,
            start: Timestamp(seconds: 1_769_904_000),
            stores: stores
        )
    }

    /// Stores in memory with `change` made to the warehouse.
    private static func warehouse(
        _ change: @escaping @Sendable (any Warehouse) -> any Warehouse
    ) throws -> TrialRun {
        try run { document in
            var stores = TrialRun.memoryStores(document)
            stores.warehouses[0].store = change(stores.warehouses[0].store)
            return stores
        }
    }

    @Test func `a hundred and twenty seeds find no trouble`() async throws {
        let result = try await TroubleSearch(Self.run()).search(1..<121, stop: Signal())
        #expect(result.trials == 120)
        for trouble in result.troubles {
            Issue.record(
                """
                seed \(trouble.seed) \(trouble.outcome.label): \(trouble.outcome.reasons)
                \(trouble.smallest.settings) \(trouble.smallest.rate) \(trouble.smallest.tick)
                \(trouble.smallest.scenario.yaml)
                """
            )
        }
        for kind in FaultKind.allCases {
            #expect(result.faults[kind] ?? 0 > 0, "\(kind) was never drawn")
        }
    }

    @Test func `a seed names the same trial each time, and its scenario reads as it was written`()
        throws
    {
        let run = try Self.run()
        for seed in 1...50 as ClosedRange<UInt64> {
            let trial = try run.trial(seed)
            #expect(try run.trial(seed) == trial)
            let document = try PipelineDocument.parse(
                text: String(
                    contentsOf: Self.root.appending(path: "pipelines/storefront.yaml"),
                    encoding: .utf8
                ),
                file: "storefront.yaml",
                with: trial.settings
            )
            let read = try ScenarioDocument.parse(
                text: trial.scenario.yaml,
                file: "scenario.yaml",
                for: document,
                lasting: trial.length
            )
            #expect(read.faults.map(\.kind) == trial.scenario.faults.map(\.kind))
            #expect(read.yaml == trial.scenario.yaml)
        }
    }

    @Test func `a warehouse that counts a repeated commit twice is found by a lost answer alone`()
        async throws
    {
        let run = try Self.warehouse { LayeredWarehouse($0, [Forgetting()]) }
        let result = try await TroubleSearch(run, limit: 1).search(1..<400, stop: Signal())
        #expect(result.isCutShort)
        let trouble = try #require(result.troubles.first)
        guard case .broke(let violations) = trouble.smallestOutcome else {
            Issue.record("\(trouble.smallestOutcome)")
            return
        }
        #expect(violations.contains { $0.hasPrefix("aggregates: ") })
        let faults = trouble.smallest.scenario.faults
        #expect(faults.map(\.kind) == [.acknowledgementLost])
        #expect(faults.map(\.target) == ["warehouse"])
    }

    @Test func `a raw store that loses an event is found, and no fault is blamed`() async throws {
        let run = try Self.run { document in
            var stores = TrialRun.memoryStores(document)
            stores.raw[0].store = LayeredRawStore(stores.raw[0].store, [Leaking()])
            return stores
        }
        let result = try await TroubleSearch(run).search(1..<2, stop: Signal())
        let trouble = try #require(result.troubles.first)
        #expect(trouble.outcome.label == "broke an invariant")
        #expect(trouble.smallest.scenario.faults.isEmpty)
    }

    @Test func `a store that breaks is a crash, and one that never answers no recovery`()
        async throws
    {
        let broken = try Self.warehouse { LayeredWarehouse($0, [Breaking(hangs: false)]) }
        let crash = try await broken.run(broken.trial(1))
        #expect(crash.label == "crashed", "\(crash)")
        let silent = try Self.warehouse { LayeredWarehouse($0, [Breaking(hangs: true)]) }
        let hang = try await silent.run(silent.trial(1))
        #expect(hang.label == "never recovered", "\(hang)")
    }

    @Test func `a search that is stopped tells what it has tried`() async throws {
        let stop = Signal()
        let result = try await TroubleSearch(Self.run()).search(1..<100, stop: stop) { seed in
            if seed == 3 { stop.raise() }
        }
        #expect(result.trials == 3)
    }
}

/// Makes a warehouse take every commit for a new one.
private final class Forgetting: StoreLayer {
    private let commits = Mutex<Int64>(1000)

    func pass<Answer>(
        _ call: inout StoreCall,
        _ next: NextStoreLayer<Answer>
    ) async throws(StoreError) -> Answer {
        if case .commit(var commit) = call.operation {
            commit.number = commits.withLock { count in
                count += 1
                return count
            }
            call.operation = .commit(commit)
        }
        return try await next(&call)
    }
}

/// Makes the commits of a warehouse fail for good, or never return.
private struct Breaking: StoreLayer {
    let hangs: Bool

    func pass<Answer>(
        _ call: inout StoreCall,
        _ next: NextStoreLayer<Answer>
    ) async throws(StoreError) -> Answer {
        guard case .commit = call.operation else { return try await next(&call) }
        if hangs {
            try? await Signal().wait(since: 0)
        }
        throw StoreError(.corrupted, "the disk is full of bees")
    }
}

/// Makes a raw store say of each first event that it has it.
private struct Leaking: StoreLayer {
    func pass<Answer>(
        _ call: inout StoreCall,
        _ next: NextStoreLayer<Answer>
    ) async throws(StoreError) -> Answer {
        if case .store(let writes) = call.operation {
            let kept = writes.map { write in
                let rest = write.selection.split(at: 1).tail
                return RawWrite(
                    publication: write.publication,
                    selection: write.publication.firstPosition == 1 ? rest : write.selection
                )
            }
            call.operation = .store(kept.filter { !$0.selection.isEmpty })
        }
        return try await next(&call)
    }
}
