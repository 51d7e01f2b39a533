internal import SLO
internal import Timekeeping

/// What is counted over a window where the objective's own queries say so.
extension ObjectiveRules {
    /// Why no rules can be made of the queries of `objective`; nil where they can.
    static func obstacle(toQueriesOf objective: Objective) -> String? {
        if !objective.isQueried
            || objective.components.flatMap(\.indicator.sources)
                .contains(where: { $0.kind != .prometheus })
        {
            return "it is not measured by queries of a Prometheus"
        }
        if objective.isComposite {
            return "it is a composite, whose components only the engine weighs"
        }
        return nil
    }

    /// How wide the slices are into which a query without a slice of its own is cut.
    private var step: Duration { objective.budgeting.sliceWindow ?? .seconds(60) }

    /// Good and bad, as ``counts(over:)`` has them.
    func queriedCounts(over length: Duration) -> [Count] {
        let (good, total) = goodAndTotal(over: length)
        return [
            (good, [("result", "good")]),
            ("clamp_min(\n\(total)\n-\n\(good),\n0)", [("result", "bad")]),
        ]
    }

    /// The query whose being there tells that something was observed.
    var present: String {
        let indicator = objective.components[0].indicator
        return "sum(\(query(indicator.sources[indicator.sources.count - 1])))"
    }

    private func query(_ source: MetricSource) -> String { source.query ?? "" }

    private func goodAndTotal(over length: Duration) -> (good: String, total: String) {
        let slice: String
        switch objective.budgeting {
        case .occurrences: return events(of: objective.components[0].indicator, over: length)
        case .timeslices(let window, let target):
            slice = "((\(share(of: window))) >= bool \(target))"
        case .ratioTimeslices(let window): slice = "(\(share(of: window)))"
        }
        let range = "[\(PromQL.duration(length)):\(PromQL.duration(step))]"
        return ("sum_over_time(\(slice)\(range))", "count_over_time(\(slice)\(range))")
    }

    /// The good share of one slice; of an observed one without events, all of it.
    private func share(of slice: Duration) -> String {
        let (good, total) = events(of: objective.components[0].indicator, over: slice)
        return "clamp_max(\(good) / (\(total) > 0), 1) or (\(total) * 0 + 1)"
    }

    /// All events within a window, whatever the budget counts.
    func queriedEvents(over length: Duration) -> String {
        events(of: objective.components[0].indicator, over: length).total
    }

    private func events(
        of indicator: Indicator,
        over length: Duration
    ) -> (good: String, total: String) {
        let range = "[\(PromQL.duration(length)):\(PromQL.duration(step))]"
        switch indicator {
        case .threshold(let threshold):
            // Every value is an event.
            let metric = query(threshold.metric)
            let holds = "\(threshold.comparison.symbol) bool \(threshold.value)"
            return (
                "sum(sum_over_time(((\(metric)) \(holds))\(range)))",
                "sum(count_over_time((\(metric))\(range)))"
            )
        case .ratio(let ratio):
            func count(_ source: MetricSource) -> String {
                let query = query(source)
                // As reports read it.
                switch QueryReading(source, isCounter: ratio.isCounter, slice: step).form {
                case .counter: return increase(of: query, over: length)
                case .count: return "sum(sum_over_time((\(query))\(range)))"
                case .rate:
                    return "(sum(avg_over_time((\(query))\(range))) * \(PromQL.seconds(length)))"
                }
            }
            switch ratio.terms {
            case .goodTotal(let good, let total): return (count(good), count(total))
            case .badTotal(let bad, let total):
                return ("clamp_min(\(count(total)) - \(count(bad)), 0)", count(total))
            case .raw(let source, let type):
                // Every slice weighs the same.
                let share = "clamp(\(query(source)), 0, 1)"
                let good = type == .success ? share : "(1 - \(share))"
                return (
                    "sum(sum_over_time((\(good))\(range)))",
                    "sum(count_over_time((\(query(source)))\(range)))"
                )
            }
        }
    }

    /// The increase of counters, each by itself and then added up, so that one that begins anew
    /// or goes takes nothing with it; of what is no sum of plain series the increase of the whole.
    private func increase(of query: String, over length: Duration) -> String {
        let window = PromQL.duration(length)
        guard let series = PromQL.summands(of: query) else {
            return "sum(increase((\(query))[\(window):\(PromQL.duration(step))]))"
        }
        return "sum(increase(\(series)[\(window)]))"
    }
}
