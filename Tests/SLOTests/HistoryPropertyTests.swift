import ObjectiveSamples
import SLO
import Testing
import Timekeeping

/// Random histories, compared with the naive ledger and with themselves.
@Suite struct HistoryPropertyTests {
    typealias Sample = SampleObjective

    static let seeds = Array(UInt64(1)...24)
    static let width = Duration.seconds(10)
    static let first = Sample.monday.nanoseconds / 10_000_000_000

    /// One count that arrives.
    struct Arrival {
        var slice: Slice
        var component: Int
    }

    /// An objective, and what arrives for it in which order.
    struct Case {
        var objective: Objective
        var maintenance: Range<Timestamp>?
        var arrivals: [Arrival]
        var count: Int64

        init(seed: UInt64, count: Int64 = 400) throws {
            var chance = Randomness(seed: seed)
            self.count = count
            let weights = (0...chance.below(3)).map { _ in
                "\(chance.below(3)).\(1 + chance.below(999))"
            }
            let target = try Sample.decimal("0.9\(chance.below(100))")
            let budgeting: BudgetingMethod =
                switch chance.below(3) {
                case 0: .occurrences
                case 1: .timeslices(window: .seconds(30), target: target)
                default: .ratioTimeslices(window: .seconds(30))
                }
            var windows: [MaintenanceWindow] = []
            if chance.below(2) == 0 {
                let start = Sample.monday + .seconds(Int64(chance.below(3000)))
                let length = Duration.seconds(1 + Int64(chance.below(600)))
                maintenance = start..<(start + length)
                windows = [
                    MaintenanceWindow(
                        reason: "planned",
                        start: CivilDateTime(
                            secondsSinceEpoch: start.nanoseconds / 1_000_000_000
                        ),
                        zone: .utc,
                        duration: length
                    )
                ]
            }
            objective = try Sample.make(
                target: "0.99",
                budgeting,
                window: .rolling(.seconds(1000)),
                weights: weights,
                maintenance: windows
            )
            arrivals = []
            for number in 0..<count {
                for component in weights.indices where chance.below(10) > 0 {
                    let start = Sample.monday + width * Int(number)
                    let total = chance.below(4) == 0 ? 0 : chance.below(1000)
                    let bad = chance.below(3) == 0 ? chance.below(total + 1) : 0
                    // In parts, as two flushes of a meter bring them.
                    let part = chance.below(bad + 1)
                    arrivals.append(
                        Arrival(
                            slice: Slice(start: start, bad: Int64(part), total: Int64(bad)),
                            component: component
                        )
                    )
                    arrivals.append(
                        Arrival(
                            slice: Slice(
                                start: start,
                                bad: Int64(bad - part),
                                total: Int64(total - bad) + Int64(bad - part)
                            ),
                            component: component
                        )
                    )
                }
            }
        }

        var ledger: NaiveLedger {
            var ledger = NaiveLedger(objective, slice: width, maintenance: maintenance)
            for arrival in arrivals {
                ledger.record(arrival.slice, of: arrival.component)
            }
            return ledger
        }

        /// Takes the arrivals, each up to `lateness` slices late.
        func tracked(
            lateness: UInt64,
            seed: UInt64,
            retention: ObjectiveTracker.Retention? = nil
        ) -> ObjectiveTracker {
            var chance = Randomness(seed: seed, purpose: "lateness")
            var due: [Int64: [Arrival]] = [:]
            for arrival in arrivals {
                let number = arrival.slice.start.nanoseconds / 10_000_000_000 - first
                let late = lateness == 0 ? 0 : Int64(chance.below(lateness))
                due[min(number + late, count - 1), default: []].append(arrival)
            }
            var tracker = ObjectiveTracker(
                objective,
                slice: width,
                retention: retention ?? .exact(width * Int(count + 1))
            )
            for number in 0..<count {
                tracker.advance(to: Sample.monday + width * Int(number))
                for arrival in due[number] ?? [] {
                    tracker.record(arrival.slice, of: arrival.component)
                }
            }
            tracker.advance(to: Sample.monday + width * Int(count))
            return tracker
        }
    }

    /// Compares windows of every kind with the ledger's.
    private func check(
        _ tracker: ObjectiveTracker,
        _ ledger: NaiveLedger,
        _ chance: inout Randomness
    ) {
        let judged = tracker.objective.budgeting.sliceWindow.map { _ in Int64(3) }
        for _ in 0..<40 {
            let length = 1 + Int64(chance.below(150))
            let end = Int64(chance.below(400)) + 1
            let instant = Sample.monday + HistoryPropertyTests.width * Int(end)
            let measurement = tracker.measure(
                last: HistoryPropertyTests.width * Int(length),
                asOf: instant
            )
            let naive: (spent: Fraction?, error: Fraction?)
            if let judged {
                let upper = (HistoryPropertyTests.first + end) / judged
                let count = (length + judged - 1) / judged
                naive = ledger.judged((upper - count)..<upper, width: judged)
            } else {
                let upper = HistoryPropertyTests.first + end
                naive = ledger.occurrences((upper - length)..<upper)
            }
            #expect(measurement.spentShare.map { Fraction($0) } == naive.spent)
            #expect(measurement.errorRatio.map { Fraction($0) } == naive.error)
            #expect(measurement.doubt == 0)
        }
    }

    @Test(arguments: seeds)
    func `every window is what a naive recomputation says`(seed: UInt64) throws {
        let example = try Case(seed: seed)
        var chance = Randomness(seed: seed, purpose: "windows")
        let tracker = example.tracked(lateness: 0, seed: seed)
        #expect(tracker.faults.met.isEmpty)
        check(tracker, example.ledger, &chance)
    }

    @Test(arguments: seeds)
    func `the order of arrival does not matter within lateness`(seed: UInt64) throws {
        let example = try Case(seed: seed)
        var chance = Randomness(seed: seed, purpose: "windows")
        let tracker = example.tracked(lateness: 200, seed: seed)
        #expect(tracker.faults.met.isEmpty)
        check(tracker, example.ledger, &chance)
        // Nor for the running sums of a live tracker.
        let live = example.tracked(lateness: 100, seed: seed, retention: .live)
        let prompt = example.tracked(lateness: 0, seed: seed, retention: .live)
        for seconds: Int64 in [10, 300, 1000, 4000] {
            let now = try #require(live.now)
            #expect(
                live.measure(last: .seconds(seconds), asOf: now).components
                    == prompt.measure(last: .seconds(seconds), asOf: now).components
            )
            #expect(
                live.measure(last: .seconds(seconds), asOf: now).judged
                    == prompt.measure(last: .seconds(seconds), asOf: now).judged
            )
        }
    }

    @Test(arguments: seeds)
    func `merging what two writers kept equals recomputing`(seed: UInt64) async throws {
        let example = try Case(seed: seed)
        var chance = Randomness(seed: seed, purpose: "writers")
        let history = MemorySLIHistory()
        let series = SliceSeries.all(
            of: example.objective,
            slice: HistoryPropertyTests.width
        )
        // Each writer follows a part of the arrivals and keeps its slices, some of them twice.
        for writer in ["first", "second"] {
            var part = example
            part.arrivals = example.arrivals.enumerated().filter { index, _ in
                (index % 2 == 0) == (writer == "first")
            }
            .map(\.element)
            let tracker = part.tracked(lateness: 0, seed: seed)
            for (component, series) in series.enumerated() {
                let slices = tracker.slices(of: component, from: .distantPast)
                try await history.append(slices, to: series, writer: writer)
                let again = slices.filter { _ in chance.below(3) == 0 }
                try await history.append(again, to: series, writer: writer)
            }
        }
        let range = Sample.monday..<(Sample.monday + HistoryPropertyTests.width * 400)
        var kept: [[Slice]] = []
        for series in series {
            kept.append(try await history.slices(of: series, in: range))
        }
        let replay = ObjectiveReplay(
            example.objective,
            history: kept,
            slice: HistoryPropertyTests.width,
            range: range
        )
        if example.maintenance == nil {
            check(replay.tracker, example.ledger, &chance)
        }
        let whole = example.tracked(lateness: 0, seed: seed)
        let status = try #require(whole.status())
        let replayed = try #require(replay.tracker.status())
        #expect(replayed.measurement.spentShare == status.measurement.spentShare)
        #expect(replayed.state == status.state)
    }

    @Test(arguments: seeds)
    func `windows that meet add up, and so do their budgets`(seed: UInt64) throws {
        let example = try Case(seed: seed)
        let tracker = example.tracked(lateness: 50, seed: seed)
        let start = Sample.monday
        let (middle, end) = (start + .seconds(1200), start + .seconds(3900))
        let parts = [start..<middle, middle..<end, start..<end].map {
            tracker.measure(period: $0, asOf: end)
        }
        #expect(
            zip(parts[0].components, parts[1].components).map(+) == parts[2].components
        )
        if let first = parts[0].judged, let second = parts[1].judged {
            #expect(first + second == parts[2].judged)
            let budgets = parts.map { ErrorBudget($0, target: example.objective.target) }
            let spent = try budgets.map { Fraction(try #require($0.spent)) }
            let sum = Fraction(
                spent[0].numerator * spent[1].denominator + spent[1].numerator
                    * spent[0].denominator,
                spent[0].denominator * spent[1].denominator
            )
            #expect(sum == spent[2])
            #expect(budgets[0].time + budgets[1].time == budgets[2].time)
        }
    }

    @Test(arguments: seeds)
    func `a window slid by one slice changes by that slice alone`(seed: UInt64) throws {
        let example = try Case(seed: seed)
        let tracker = example.tracked(lateness: 20, seed: seed)
        let ledger = example.ledger
        let length = Int64(60)
        for end in stride(from: Int64(70), to: 390, by: 7) {
            func sums(_ end: Int64) -> [EventSum] {
                tracker.measure(
                    last: HistoryPropertyTests.width * Int(length),
                    asOf: Sample.monday + HistoryPropertyTests.width * Int(end)
                ).components
            }
            // Judged objectives slide by whole time slices.
            let step: Int64 = example.objective.budgeting.sliceWindow == nil ? 1 : 3
            let aligned = end / step * step
            for (component, pair) in zip(sums(aligned), sums(aligned + step)).enumerated() {
                let base = HistoryPropertyTests.first + aligned
                let entering = ledger.sum(component, base..<(base + step)).cell
                let leaving = ledger.sum(
                    component,
                    (base - length)..<(base - length + step)
                ).cell
                #expect(
                    Int128(entering.total - leaving.total) == pair.1.total - pair.0.total
                )
                #expect(Int128(entering.good - leaving.good) == pair.1.good - pair.0.good)
            }
        }
    }
}
