import Commerce
import Datasets
import Foundation
import Pipeline
import PostgreSQLStores
import SQLiteStores
import Storage
import TestSupport
import Testing
import Timekeeping

/// Twice, never: whatever runs share stores, and whatever they change on the way, the aggregates
/// are the fold of the raw events, or the run was refused with a sentence, or what lacks something
/// is said to.
///
/// 60 seeds; as many as `WEIR_SEQUENCES` says, where it says.
@Suite(.timeLimit(.minutes(10)))
struct RunSequenceTests {
    private static let seeds: Range<UInt64> = {
        let count = ProcessInfo.processInfo.environment["WEIR_SEQUENCES"].flatMap { UInt64($0) }
        return 0..<(count ?? 60)
    }()

    /// How often each thing came to pass.
    private struct Tally {
        var runs = 0
        var refusals = 0
        var fills = 0
        var gaps = 0
        var repeats = 0
    }

    @Test func `aggregates equal a fold of the raw events, or the run is refused or names it`()
        async throws
    {
        var tally = Tally()
        for seed in Self.seeds {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            // A file opened for each run, or one warehouse in memory for all of them.
            let memory =
                seed % 4 == 3 ? MemoryWarehouse(windowLimit: 10_000, openWindows: 10_000) : nil
            try await Self.check(seed, &tally, in: folder) {
                if let memory { return memory }
                return try SQLiteWarehouse(SQLiteLocation(path: folder.path("w.sqlite")))
            }
        }
        // So that it is known to have tried them all.
        #expect(tally.runs > 2 * Self.seeds.count)
        #expect(tally.refusals > Self.seeds.count / 6, "\(tally)")
        #expect(tally.fills > Self.seeds.count / 6, "\(tally)")
        #expect(tally.gaps > Self.seeds.count / 6, "\(tally)")
        #expect(tally.repeats > 0, "\(tally)")
    }

    @Test(.enabled(if: PostgreSQLTestServer.given != nil, PostgreSQLTestServer.skipped))
    func `and so they do on PostgreSQL`() async throws {
        let server = try #require(PostgreSQLTestServer.given)
        var tally = Tally()
        for seed in Self.seeds.prefix(max(12, Self.seeds.count / 10)) {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let schema = PostgreSQLTestServer.newName()
            await PostgreSQLTestServer.places.take()
            defer {
                server.drop(schema)
                PostgreSQLTestServer.places.giveBack()
            }
            let location = try server.location(schema: schema)
            try await Self.check(1000 + seed, &tally, in: folder) {
                try await PostgreSQLWarehouse(location)
            }
        }
        #expect(tally.fills > 0, "\(tally)")
        #expect(tally.refusals > 0, "\(tally)")
    }

    private static func check(
        _ seed: UInt64,
        _ tally: inout Tally,
        in folder: TemporaryFolder,
        _ open: () async throws -> any Warehouse
    ) async throws {
        var dice = Randomness(seed: seed)
        var story: [String] = []
        var kept: Set<String> = []
        for _ in 0..<(2 + dice.roll(4)) {
            let step = RunSequence.Step(&dice)
            story.append("\(step)")
            let raw = try SQLiteRawStore(SQLiteLocation(path: folder.path("r.sqlite")))
            let warehouse = try await open()
            let before = try await raw.count()
            let outcome = try await RunSequence.run(step, on: raw, warehouse, in: folder)
            tally.runs += 1
            let label: Comment = "seed \(seed): \(story.joined(separator: "; "))"
            let events = try await raw.events(after: 0, atMost: 1_000_000)
            let all = try RunSequence.fold(events, .all)
            // Refused or not: what is counted is what is stored, each event once.
            #expect(try await RunSequence.stored(warehouse, .all) == all, label)
            switch outcome {
            case .refused(let sentence):
                tally.refusals += 1
                #expect(sentence.contains("; "), label)
                #expect(events.count == Int(before), label)
            case .done(let report):
                if report.producers[0].published > 0, events.count == Int(before) {
                    tally.repeats += 1
                }
                // What a report says is what all time holds.
                let totals = try #require(report.warehouse?.totals)
                let sums = all[Grain.all.start(of: Shop.epoch)] ?? RunSequence.Sums()
                #expect(totals.events.values.reduce(0, +) == sums.count, label)
                #expect(totals.orders == sums.events[.purchase] ?? 0, label)
                #expect(totals.units == sums.units, label)
                #expect(
                    totals.sales.reduce(0) { $0 + $1.revenueMinor } == sums.revenue,
                    label
                )
                try await checkWindows(step, report, events, warehouse, label, &tally, &kept)
            }
            try await checkInvariants(step, raw, warehouse, label)
            try raw.close()
            if !warehouse.isVolatile { try await warehouse.close() }
        }
    }

    /// Every window that the run keeps is the fold of its events, or the report says how many it
    /// lacks.
    private static func checkWindows(
        _ step: RunSequence.Step,
        _ report: RunReport,
        _ events: [RawEvent],
        _ warehouse: any Warehouse,
        _ label: Comment,
        _ tally: inout Tally,
        _ kept: inout Set<String>
    ) async throws {
        let gaps = report.warehouse?.gaps ?? []
        for window in step.windows {
            let grain = try #require(Grain(rawValue: window))
            let stored = try await RunSequence.stored(warehouse, grain)
            let expected = try RunSequence.fold(events, grain)
            let missing = gaps.first { $0.part == window }?.missing ?? 0
            let sum = stored.values.reduce(0) { $0 + $1.count }
            #expect(sum + missing == Int64(events.count), "\(label) \(window)")
            if missing == 0 {
                #expect(stored == expected, "\(label) \(window)")
                if !kept.isEmpty, !kept.contains(window) { tally.fills += 1 }
            } else {
                tally.gaps += 1
            }
        }
        kept.formUnion(step.windows)
    }

    /// The invariants name what lacks something, and nothing else.
    private static func checkInvariants(
        _ step: RunSequence.Step,
        _ raw: SQLiteRawStore,
        _ warehouse: any Warehouse,
        _ label: Comment
    ) async throws {
        guard let invariants = warehouse.invariants else { return }
        try await RawCensus.take(of: [raw], in: warehouse, at: CatalogueSample.judged)
        let offences = try await invariants.offences(ShippedInvariants.all).filter {
            // A topic that is called otherwise is a root of its own, to which all is ascribed.
            !$0.hasPrefix("kept-from-the-start") && !$0.hasPrefix("raw-matches-catalogue")
        }
        #expect(offences == [], label)
    }
}
