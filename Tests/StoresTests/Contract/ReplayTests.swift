import Broker
import Commerce
import Datasets
import Experiments
import Foundation
import Logging
import Operations
import Pipeline
import SQLStores
import SQLiteStores
import Stages
import Storage
import Synchronization
import TestSupport
import Testing
import Timekeeping

/// Replays of the dead letters that simulated runs have left.
///
/// They try 10 seeds, or so many as WEIR_REPLAY_SEEDS says.
@Suite(.timeLimit(.minutes(60)))
struct ReplayTests {
    private static let seeds = UInt64(
        ProcessInfo.processInfo.environment["WEIR_REPLAY_SEEDS"].flatMap(Int.init) ?? 10
    )

    @Test(arguments: PipelineAdapter.all)
    func `a replay does what its rehearsal said, to the row and the cent, and only once`(
        adapter: PipelineAdapter
    ) async throws {
        let outcomes = Locked<[String: Int64]>([:])
        for seed in 1...Self.seeds {
            try await withLetters(adapter, seed) { place in
                let replay = try await place.replay()
                let before = try await place.state()
                let said = try await replay.rehearse()
                let untouched = try await place.state()
                #expect(untouched == before, "seed \(seed): a rehearsal has changed something")

                let done = try await replay.execute(place.record)
                let after = try await place.state()
                #expect(done.groups == said.groups, "seed \(seed)")
                #expect(done.changes == said.changes, "seed \(seed)")
                #expect(after.gain(since: before) == WindowSums(said.changes), "seed \(seed)")
                func count(_ outcome: String) -> Int64 {
                    said.groups.filter { $0.outcome == outcome }.reduce(0) { $0 + $1.count }
                }
                #expect(after.raw - before.raw == count("stored"), "seed \(seed)")
                #expect(after.late - before.late == count("late"), "seed \(seed)")
                #expect(Int64(after.open.count) == count("failed"), "seed \(seed)")
                for (name, attempts) in after.open {
                    #expect(attempts == (before.open[name] ?? 0) + 1)
                }
                outcomes.change { outcomes in
                    for group in said.groups { outcomes[group.outcome, default: 0] += group.count }
                }

                // Once more: only what fails again is tried, and nothing is counted twice.
                var second = place.record
                second.name = "second"
                second.began = place.timeline.now
                let again = try await place.replay(second).execute(second)
                #expect(again.count == count("failed"), "seed \(seed)")
                #expect(again.changes.isEmpty)
                let last = try await place.state()
                #expect(last.windows == after.windows && last.raw == after.raw)
                try await place.checkInvariants(seed)
            }
        }
        for outcome in ["stored", "counted", "late", "failed"] {
            #expect(outcomes.value[outcome] ?? 0 > 0, "no letter was \(outcome)")
        }
    }

    @Test(arguments: PipelineAdapter.all)
    func `a replay that is cut off anywhere is resumed to the same end`(
        adapter: PipelineAdapter
    )
        async throws
    {
        // Each of them is run seven times.
        for seed in 1...max(3, Self.seeds / 4) {
            let whole = Locked<StoreState?>(nil)
            try await withLetters(adapter, seed) { place in
                _ = try await place.replay().execute(place.record)
                let state = try await place.state()
                whole.change { $0 = state }
            }
            for cut in 0..<6 as Range<Int> {
                try await withLetters(adapter, seed) { place in
                    let death = Death(after: Int(seed % 7) + cut * 9, isAfterwards: cut % 2 == 0)
                    _ = try? await place.replay(behind: death).execute(place.record)
                    let known = try await place.warehouse.replays().map(\.name)
                    let ended = try await place.replay().execute(
                        place.record,
                        isResumed: known.contains(place.record.name)
                    )
                    #expect(ended.name == place.record.name)
                    #expect(try await place.state() == whole.value, "seed \(seed), cut \(cut)")
                    let replays = try await place.warehouse.replays()
                    #expect(replays.map(\.ended).allSatisfy { $0 != nil })
                    try await place.checkInvariants(seed)
                }
            }
        }
    }

    @Test(arguments: PipelineAdapter.all)
    func `edited letters take the places of their originals, and the invariants are silent`(
        adapter: PipelineAdapter
    ) async throws {
        let edited = Locked(0)
        for seed in 1...max(3, Self.seeds / 10) {
            try await withLetters(adapter, seed) { place in
                _ = try await place.replay().execute(place.record)
                let judge = LetterJudge(.standard, at: place.timeline.now)
                let left = try await place.warehouse.letters(
                    LetterFilter(reason: "transaction-id-empty"),
                    after: nil,
                    atMost: 1000
                )
                for letter in left {
                    let now = place.timeline.now
                    let editing = try LetterEditing(
                        of: letter,
                        ["data.transaction_id=mended-\(letter.name.id)"],
                        LetterDecision(time: now, who: "test", why: "it was empty"),
                        by: judge
                    )
                    try await place.warehouse.keepSuccessor(editing.successor, editing.edit)
                }
                // The originals are left to their successors.
                var second = place.record
                (second.name, second.began) = ("second", place.timeline.now)
                let done = try await place.replay(second).execute(second)
                #expect(done.edited == left.count, "seed \(seed)")
                let open = try await place.warehouse.letters(
                    LetterFilter(),
                    after: nil,
                    atMost: 1000
                )
                #expect(!open.contains { $0.reason == "transaction-id-empty" }, "seed \(seed)")
                #expect(!open.contains { $0.reason == "edited" }, "seed \(seed)")
                try await place.checkInvariants(seed)
                edited.change { $0 += left.count }
            }
        }
        #expect(edited.value > 0)
    }

    /// Lets `body` use stores with the letters of the run that `seed` names.
    private func withLetters(
        _ adapter: PipelineAdapter,
        _ seed: UInt64,
        _ body: @escaping @Sendable (ReplayPlace) async throws -> Void
    ) async throws {
        try await adapter.visit { home in
            let place = ReplayPlace(home: home)
            try await place.run(seed)
            try await body(place)
            for opened in place.opened.value { try await opened.close() }
        }
    }
}
