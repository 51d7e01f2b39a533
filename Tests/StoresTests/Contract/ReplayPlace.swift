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

/// Stores of a run of which something is to be replayed.
struct ReplayPlace {
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
    static func pipeline(isMended: Bool) throws -> PipelineDocument {
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
        return StoreState(
            raw: try await raw.count(),
            late: try await warehouse.exceptions().late,
            open: Dictionary(
                letters.map {
                    ("\($0.name.subscription) \($0.name.id) \($0.name.position)", $0.attempts)
                }
            ) { first, _ in first },
            windows: try await WindowSums(warehouse)
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
struct StoreState: Equatable {
    var raw: Int64
    var late: Int64
    /// How often each open letter was delivered.
    var open: [String: Int64]
    var windows: WindowSums

    func gain(since before: StoreState) -> WindowSums { windows.gain(since: before.windows) }
}

/// The sums of windows: events, orders, units, revenue and what was refunded, in minor units.
struct WindowSums: Equatable {
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

    /// What `warehouse` holds.
    init(_ warehouse: any SQLWarehouse) async throws {
        for grain in Grain.allCases {
            for categories in [WindowCategories.total, .each] {
                for row in try await warehouse.windows(grain, categories: categories) { add(row) }
            }
        }
    }

    /// Those over all time.
    var all: [String: [Int64]] { sums.filter { $0.key.hasPrefix("all ") } }

    private mutating func add(_ row: WindowRow) {
        let name = "\(row.grain.rawValue) \(row.start) \(row.category) "
        sums[name + (row.currency == .none ? "" : row.currency.code)] = [
            row.cell.total, row.cell.orders, row.cell.units, row.cell.revenue, row.cell.refunded,
        ]
    }

    func gain(since before: WindowSums) -> WindowSums {
        var gain = WindowSums()
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
final class Death: StoreLayer {
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
