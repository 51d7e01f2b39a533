package import SLO
internal import Testing
package import Timekeeping

/// Objectives and histories that the tests of several rooms have in common.
package enum SampleObjective {
    package static let day = Duration.seconds(86_400)
    package static let hour = Duration.seconds(3600)
    package static let minute = Duration.seconds(60)

    /// Midnight UTC of a Monday, 2026-06-01: on the grid of every slice width used here.
    package static let monday = Timestamp(seconds: 1_780_272_000)

    package static let indicator = Indicator.ratio(
        RatioIndicator(
            isCounter: true,
            terms: .goodTotal(
                good: MetricSource(dataSource: "run", .meter("good")),
                total: MetricSource(dataSource: "run", .meter("total"))
            )
        )
    )

    package static func decimal(_ text: String) throws -> ExactDecimal {
        try #require(ExactDecimal(text))
    }

    /// 99.9% of events over 30 days, unless told otherwise.
    package static func make(
        target: String = "0.999",
        _ budgeting: BudgetingMethod = .occurrences,
        window: TimeWindow = .rolling(day * 30),
        weights: [String] = ["1"],
        minimumEvents: Int64 = 0,
        maintenance: [MaintenanceWindow] = [],
        rules: [AlertRule] = []
    ) throws -> Objective {
        Objective(
            name: "sample",
            service: "storefront",
            target: try decimal(target),
            budgeting: budgeting,
            timeWindow: window,
            components: try weights.enumerated().map { index, weight in
                ObjectiveComponent(
                    name: "part-\(index)",
                    indicator: indicator,
                    weight: try decimal(weight)
                )
            },
            minimumEvents: minimumEvents,
            maintenance: maintenance,
            alertPolicies: rules.isEmpty ? [] : [AlertPolicy(name: "burn", rules: rules)]
        )
    }

    /// The four pairs for 30 days.
    package static let workbook = BurnRateAlert.workbook(period: day * 30).map(AlertRule.burnRate)
}

extension ObjectiveTracker {
    /// A tracker that begins at `start` and keeps every slice of `span`.
    package static func exact(
        _ objective: Objective,
        slice: Duration,
        span: Duration,
        from start: Timestamp = SampleObjective.monday
    ) -> ObjectiveTracker {
        var tracker = ObjectiveTracker(objective, slice: slice, retention: .exact(span))
        tracker.advance(to: start)
        return tracker
    }

    /// Takes the same counts for every slice until `instant`, in every component.
    package mutating func run(
        until instant: Timestamp,
        good: Int64,
        total: Int64,
        onSlice: (inout ObjectiveTracker) -> Bool = { _ in true }
    ) {
        while let now, now < instant {
            for component in objective.components.indices {
                record(Slice(start: now, good: good, total: total), of: component)
            }
            advance(to: now + slice)
            guard onSlice(&self) else { return }
        }
    }

    /// Goes on until an alert with this name fires, and tells when; nil where none does in time.
    package mutating func run(
        untilFiring rule: String,
        within limit: Duration,
        good: Int64,
        total: Int64
    ) -> Duration? {
        guard let start = now else { return nil }
        var fired: Duration?
        run(until: start + limit, good: good, total: total) { tracker in
            let isFiring = tracker.evaluate().contains {
                if case .fired(let episode) = $0 { episode.alert.rule == rule } else { false }
            }
            if isFiring { fired = tracker.now.map { $0 - start } }
            return !isFiring
        }
        return fired
    }
}

extension ExactRatio: CustomTestStringConvertible {
    /// As a fraction, so that a failure shows both sides exactly.
    public var testDescription: String { "\(reduced.numerator)/\(reduced.denominator)" }
}
