internal import SLO
internal import Timekeeping

/// What it costs to evaluate a thousand objectives over eight windows each, once a second.
struct SLOBenchmark {
    private let objectives = 1000
    private let seconds = 120

    func measure() throws -> [Figure] {
        let timeline = RealTimeline()
        var trackers = try [ObjectiveTracker](repeating: filled(), count: objectives)
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
    private func filled() throws -> ObjectiveTracker {
        let source = MetricSource(dataSource: "run", kind: .weir, spec: [:])
        guard let target = ExactDecimal("0.999") else { preconditionFailure("a number") }
        let objective = Objective(
            name: "bench",
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
}
