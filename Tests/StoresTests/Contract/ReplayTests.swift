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
                #expect(after.gain(since: before) == Windows(said.changes), "seed \(seed)")
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
        _ body: @escaping @Sendable (LetterPlace) async throws -> Void
    ) async throws {
        try await adapter.visit { home in
            let place = LetterPlace(home: home)
            try await place.run(seed)
            try await body(place)
            for opened in place.opened.value { try await opened.close() }
        }
    }
}

/// Stores of a run whose letters are to be replayed.
private struct LetterPlace {
    let home: PipelineHome
    /// The warehouses of the replays, each of which opens one.
    let opened = Locked<[any SQLWarehouse]>([])
    /// Long after the run.
    let timeline = VirtualTimeline(start: start + .seconds(3 * 3600), tick: .seconds(1))

    var raw: any RawStore & RawEventScan { home.raw }
    var warehouse: any SQLWarehouse { home.catalogue.warehouse }

    private static let start = CatalogueSample.began

    var record: LetterReplay {
        LetterReplay(
            name: "mend",
            selector: [],
            began: Self.start + .seconds(2 * 3600),
            who: "test",
            why: "the rules were wrong"
        )
    }

    /// A shop whose rules refuse what comes an hour too early or too late; they are mended later.
    private static func pipeline(isMended: Bool) throws -> PipelineDocument {
        var shop = ShopPipeline(
            analytics: "windows: [1m, 1h, 1d], allowedLateness: 10s, commitInterval: 3s"
        )
        shop.subscription = ", retryPolicy: {minimumBackoff: 0.1s, maximumBackoff: 1s}"
        let earliest = isMended ? Timestamp(seconds: 0) : start - .seconds(60)
        shop.end = """
              load: {shape: constant, rate: 10, arrivals: poisson}
              traffic:
                model: sessions
                users: 50
                products: 20
                concurrentSessions: 10
                transitions:
                  view_item: {add_to_cart: 0.7, view_item: 0.2}
                  add_to_cart: {begin_checkout: 0.9}
                  begin_checkout: {purchase: 0.9}
              validation: {earliest: "\(earliest)", aheadLimit: 10s}
            """
        return try PipelineDocument.parse(text: shop.text, file: "shop.yaml")
    }

    private static let faults = """
        {name: fast, kind: clock-skew, target: shop, at: 2s, for: 4s, by: 1h},
        {name: late, kind: late, target: shop, at: 7s, for: 4s, share: 0.3, by: 2h},
        {name: again, kind: duplicate, target: shop, at: 1s, for: 15s, share: 0.2},
        {name: wrong, kind: malformed, target: shop, at: 12s, for: 4s, share: 0.2},
        {name: plain, kind: empty-transaction-id, target: shop, at: 12s, for: 4s, share: 0.5}
        """

    /// Runs it for 20 seconds, under the rules that refuse too much.
    func run(_ seed: UInt64) async throws {
        let document = try Self.pipeline(isMended: false)
        var options = RunOptions()
        options.rate = .perSecond(10)
        options.duration = .seconds(20)
        options.seed = seed
        options.experiment = Experiment(
            scenario: try ScenarioDocument.parse(
                text: """
                    apiVersion: weir/v1
                    kind: Scenario
                    metadata: {name: test}
                    spec:
                      faults: [\(Self.faults)]
                    """,
                file: "faults.yaml",
                for: document,
                lasting: options.duration
            )
        )
        let simulation = Simulation(
            document: document,
            options: options,
            stores: RunStores(
                raw: [.init(name: "raw", label: "r", store: raw)],
                warehouses: [.init(name: "warehouse", label: "w", store: warehouse)]
            ),
            timeline: VirtualTimeline(start: Self.start, tick: .seconds(1)),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            replay: ""
        )
        let result = try await simulation.run(stop: Signal())
        #expect(result.failure == nil)
    }

    /// A replay of all letters, with rules that are mended, on stores that may die.
    func replay(_ record: LetterReplay? = nil, behind death: Death? = nil) async throws -> Replay {
        let document = try Self.pipeline(isMended: true)
        let map = try await warehouse.journeyMap()
        guard
            case .analytics(let plan) = document.stages.first(where: { $0.name == "analytics" })?
                .kind
        else { throw StoreError(.refused, "no analytics") }
        let own = try await home.catalogue.reopen()
        opened.change { $0.append(own) }
        let layers: [any StoreLayer] = death.map { [$0] } ?? []
        return try await Replay(
            try LetterSelector([]),
            until: (record ?? self.record).began,
            in: LayeredWarehouse(own, layers),
            called: "w",
            to: [
                ReplayStage(
                    subscription: "analytics",
                    kind: .analytics(plan.options, map.derivative(of: "analytics")),
                    isOrdered: false
                ),
                ReplayStage(
                    subscription: "ingest",
                    kind: .ingest(LayeredRawStore(raw, layers), map.root(of: "raw")),
                    isOrdered: true
                ),
            ],
            by: document.validation.rules,
            timeline: timeline
        )
    }

    func state() async throws -> StoreState {
        let letters = try await warehouse.letters(LetterFilter(), after: nil, atMost: 100_000)
        var windows = Windows()
        for grain in Grain.allCases {
            for categories in [WindowCategories.total, .each] {
                for row in try await warehouse.windows(grain, categories: categories) {
                    windows.add(row)
                }
            }
        }
        return StoreState(
            raw: try await raw.count(),
            late: try await warehouse.exceptions().late,
            open: Dictionary(
                letters.map {
                    ("\($0.name.subscription) \($0.name.id) \($0.name.position)", $0.attempts)
                }
            ) { first, _ in first },
            windows: windows
        )
    }

    func checkInvariants(_ seed: UInt64) async throws {
        let census = try await RawCensus.take(of: [raw], in: warehouse, at: CatalogueSample.judged)
        let offences = try await warehouse.offences(ShippedInvariants.all)
        #expect(offences == [], "seed \(seed)")
        #expect(census.unstored == 0, "seed \(seed)")
    }
}

/// What stores hold.
private struct StoreState: Equatable {
    var raw: Int64
    var late: Int64
    /// How often each open letter was delivered.
    var open: [String: Int64]
    var windows: Windows

    func gain(since before: StoreState) -> Windows { windows.gain(since: before.windows) }
}

/// The sums of windows: events, orders, units, revenue and what was refunded, in minor units.
private struct Windows: Equatable {
    private var sums: [String: [Int64]] = [:]

    init() {}

    /// What a report says that is added to them.
    init(_ changes: [ReplayReport.Change]) {
        for change in changes {
            let currency = change.currency.flatMap { Currency(code: $0) } ?? .none
            func amount(_ text: String) -> Int64 {
                Money(decimal: text, currency: currency)?.minorUnits ?? .min
            }
            let name = "\(change.window) \(change.start) \(change.category ?? "") "
            sums[name + (change.currency ?? "")] = [
                change.events, change.orders, change.units, amount(change.revenue),
                amount(change.refunded),
            ]
        }
    }

    mutating func add(_ row: WindowRow) {
        let name = "\(row.grain.rawValue) \(row.start) \(row.category) "
        sums[name + (row.currency == .none ? "" : row.currency.code)] = [
            row.cell.total, row.cell.orders, row.cell.units, row.cell.revenue, row.cell.refunded,
        ]
    }

    func gain(since before: Windows) -> Windows {
        var gain = Windows()
        for (name, values) in sums {
            let old = before.sums[name] ?? Array(repeating: 0, count: values.count)
            let difference = zip(values, old).map { $0 - $1 }
            if difference != Array(repeating: 0, count: values.count) || before.sums[name] == nil {
                gain.sums[name] = difference
            }
        }
        return gain
    }
}

/// Makes stores fail at a call and at every later one, as those of a killed process.
private final class Death: StoreLayer {
    private let calls = Mutex(0)
    private let last: Int
    /// Whether the call at which it dies is still done.
    private let isAfterwards: Bool

    init(after last: Int, isAfterwards: Bool) {
        (self.last, self.isAfterwards) = (last, isAfterwards)
    }

    func pass<Answer>(
        _ call: inout StoreCall,
        _ next: NextStoreLayer<Answer>
    ) async throws(StoreError) -> Answer {
        let number = calls.withLock { count in
            count += 1
            return count
        }
        guard number < last || (number == last && isAfterwards) else {
            throw StoreError(.unavailable, "it was killed")
        }
        let answer = try await next(&call)
        guard number < last else { throw StoreError(.unavailable, "it was killed") }
        return answer
    }
}
