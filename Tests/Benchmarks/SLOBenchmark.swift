internal import SLO
internal import Timekeeping

/// What it costs to evaluate a thousand objectives over eight windows each, once a second.
struct SLOBenchmark {
    private let objectives = 1000
    private let seconds = 120

    func measure() -> [Figure] {
        evaluation() + [status(), replay()]
    }

    private func evaluation() -> [Figure] {
        let timeline = RealTimeline()
        var trackers = [ObjectiveTracker](repeating: filled(), count: objectives)
        // The first tick gives every tracker sums of its own.
        tick(&trackers, second: 0)
        var costs: [Double] = []
        var fired = 0
        for second in 1...seconds {
            let start = timeline.now
            fired += tick(&trackers, second: second)
            costs.append((timeline.now - start).inSeconds)
        }
        precondition(fired == 0, "clean traffic fires nothing")
        let mean = costs.reduce(0, +) / Double(costs.count)
        return [
            Figure(
                name: "slo.evaluate-1000x8",
                value: mean * 100,
                unit: "% of a core",
                target: "< 10"
            ),
            Figure(
                name: "slo.evaluate-window",
                value: mean / Double(objectives * 8) * 1e9,
                unit: "ns",
                target: nil
            ),
            Figure(
                name: "slo.evaluate-worst-second",
                value: (costs.max() ?? 0) * 1000,
                unit: "ms",
                target: nil
            ),
        ]
    }

    /// One objective with everything a report shows of it.
    private func status() -> Figure {
        let timeline = RealTimeline()
        let tracker = filled()
        let start = timeline.now
        for _ in 0..<200 {
            precondition(tracker.status()?.state == .ok, "a month of clean traffic is fine")
        }
        let cost = (timeline.now - start).inSeconds / 200
        return Figure(name: "slo.status", value: cost * 1e6, unit: "us", target: nil)
    }

    /// 30 days of ten-second slices through four pairs of windows.
    private func replay() -> Figure {
        let timeline = RealTimeline()
        let objective = objective()
        let first = Timestamp(seconds: 1_780_272_000)
        let slices = (0..<(30 * 8640)).map { number in
            let isBad = (100_000..<100_050).contains(number)
            return Slice(
                start: first + .seconds(10) * number,
                good: isBad ? 0 : 1000,
                total: 1000
            )
        }
        let start = timeline.now
        let replay = ObjectiveReplay(objective, history: [slices], slice: .seconds(10))
        let cost = (timeline.now - start).inSeconds
        precondition(replay.episodes.count == 4, "an outage of eight minutes fires every tier")
        return Figure(name: "slo.replay-30d", value: cost, unit: "s", target: "< 1")
    }

    /// Counts, opens and evaluates one second of every objective: four pairs of windows each.
    @discardableResult
    private func tick(_ trackers: inout [ObjectiveTracker], second: Int) -> Int {
        var transitions = 0
        for index in trackers.indices {
            guard let now = trackers[index].now else { continue }
            let start = Timestamp(
                nanoseconds: now.nanoseconds.flooringQuotient(10_000_000_000) * 10_000_000_000
            )
            trackers[index].record(Slice(start: start, good: 100, total: 100))
            trackers[index].advance(to: now + .seconds(1))
            transitions += trackers[index].evaluate().count
        }
        return transitions
    }

    /// A tracker with 31 days behind it, so that every level of its sums is in use.
    func filled(name: String = "bench") -> ObjectiveTracker {
        let objective = objective(name: name)
        var tracker = ObjectiveTracker(objective, slice: .seconds(10))
        var now = Timestamp(seconds: 1_780_272_000)
        tracker.advance(to: now)
        for _ in 0..<(31 * 8640) {
            tracker.record(Slice(start: now, good: 1000, total: 1000))
            now = now + .seconds(10)
            tracker.advance(to: now)
        }
        return tracker
    }

    /// An objective with four pairs of windows.
    func objective(name: String = "bench") -> Objective {
        let source = MetricSource(dataSource: "run", .meter(""))
        guard let target = ExactDecimal("0.999") else { preconditionFailure("a number") }
        return Objective(
            name: name,
            service: "bench",
            target: target,
            budgeting: .occurrences,
            timeWindow: .rolling(.seconds(30 * 86_400)),
            components: [
                ObjectiveComponent(
                    name: "ratio",
                    indicator: .ratio(
                        RatioIndicator(
                            isCounter: true,
                            terms: .goodTotal(good: source, total: source)
                        )
                    )
                )
            ],
            alertPolicies: [
                AlertPolicy(
                    name: "burn",
                    rules: BurnRateAlert.workbook(period: .seconds(30 * 86_400))
                        .map(AlertRule.burnRate)
                )
            ]
        )
    }
}
