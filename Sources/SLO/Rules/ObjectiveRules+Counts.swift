internal import Timekeeping

/// What was counted and observed over a window, of the samples that a Prometheus has.
extension ObjectiveRules {
    /// An expression of good and bad events, with the labels that it does not bring along.
    typealias Count = (expression: String, labels: [(key: String, value: String)])

    func counts(over length: Duration) -> [Count] {
        guard origin == .scrape else { return queriedCounts(over: length) }
        let window = PromQL.duration(length)
        return [("sum by (result) (increase(\(RuleNames.events){\(scraped)}[\(window)]))", [])]
    }

    /// How many events there were, whatever the budget counts.
    func events(over length: Duration) -> String {
        let window = PromQL.duration(length)
        if objective.budgeting.sliceWindow == nil {
            return "sum(\(RuleNames.increase(window)){\(selector)})"
        }
        return origin == .queries
            ? queriedEvents(over: length)
            : "sum(increase(\(RuleNames.measuredEvents){\(scraped)}[\(window)]))"
    }

    /// The observed share of a window, at most 1.
    ///
    /// `increase` treats the seconds as it treats the events: both reach from the first sample in
    /// the window to the last, over what lies between two scrapes, and not over a restart.
    func observedShare(of length: Duration) -> String {
        guard origin == .scrape else {
            return "clamp_max(\(presence(of: present, over: length)), 1)"
        }
        let window = PromQL.duration(length)
        func increase(_ counter: String) -> String {
            "max by (slo) (increase(\(counter){\(scraped)}[\(window)]))"
        }
        return """
            clamp_max(
              \(increase(RuleNames.observedSeconds))
                / (\(PromQL.seconds(length)) - \(increase(RuleNames.excludedSeconds)))
              or
              \(presence(of: "sum by (slo) (\(RuleNames.events){\(scraped)})", over: length)),
              1
            )
            """
    }

    /// What takes a window away of which nobody saw anything.
    ///
    /// Two samples, one before a gap and one after it, have an increase of 0, and say nothing of
    /// what was between them. Seconds that are not counted leave it as it is.
    func unlessUnseen(in length: Duration) -> String {
        guard origin == .scrape else { return "" }
        let seconds = "\(RuleNames.observedSeconds){\(scraped)}[\(PromQL.duration(length))]"
        return "\nunless on (slo)\n(max by (slo) (increase(\(seconds))) == 0)"
    }

    /// The share of a window in which `series` was there, of what tells nothing of that itself.
    ///
    /// As many steps as there are between its samples, so that a single one is nothing.
    func presence(of series: String, over length: Duration) -> String {
        let step = max(15, Int64(length.inSeconds) / 120)
        let count = "count_over_time((\(series))[\(PromQL.duration(length)):\(step)s])"
        return "(\(count) - 1) * \(step) / \(PromQL.seconds(length))"
    }

    /// For how long a counter has to stand still until that is silence: what is counted by slices
    /// moves once in each of them, and five minutes hold two samples of any usual scrape.
    var standstill: Duration {
        .seconds(300) + (objective.budgeting.sliceWindow ?? .zero)
    }
}
