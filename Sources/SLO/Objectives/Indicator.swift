/// A service level indicator: what is measured, as good events out of all that count.
package enum Indicator: Hashable, Sendable {
    case ratio(RatioIndicator)
    case threshold(ThresholdIndicator)

    /// Everything that has to be measured, in a fixed order.
    package var sources: [MetricSource] {
        switch self {
        case .ratio(let ratio):
            switch ratio.terms {
            case .goodTotal(let good, let total): [good, total]
            case .badTotal(let bad, let total): [bad, total]
            case .raw(let source, _): [source]
            }
        case .threshold(let threshold): [threshold.metric]
        }
    }
}

/// The OpenSLO `ratioMetric`.
package struct RatioIndicator: Hashable, Sendable {
    /// The terms of the ratio.
    package enum Terms: Hashable, Sendable {
        case goodTotal(good: MetricSource, total: MetricSource)
        case badTotal(bad: MetricSource, total: MetricSource)
        /// A ratio that the source has already divided.
        case raw(MetricSource, RawType)
    }

    /// The numerator of a raw ratio.
    package enum RawType: String, Hashable, Sendable, CaseIterable {
        case success
        case failure
    }

    /// Whether the sources count up and never back, but for restarts.
    package var isCounter: Bool
    package var terms: Terms

    package init(isCounter: Bool, terms: Terms) {
        self.isCounter = isCounter
        self.terms = terms
    }
}

/// The OpenSLO `thresholdMetric` with the objective's `op` and `value`: a measurement is good
/// where `measurement op value` holds.
package struct ThresholdIndicator: Hashable, Sendable {
    package var metric: MetricSource
    package var comparison: ThresholdComparison
    package var value: ExactDecimal

    package init(metric: MetricSource, comparison: ThresholdComparison, value: ExactDecimal) {
        self.metric = metric
        self.comparison = comparison
        self.value = value
    }

    /// Whether a measurement counts as good.
    package func isGood(_ measurement: ExactDecimal) -> Bool {
        comparison.holds(measurement, value)
    }
}

/// The four operators of OpenSLO.
package enum ThresholdComparison: String, Hashable, Sendable, CaseIterable {
    case lessThanOrEqual = "lte"
    case greaterThanOrEqual = "gte"
    case lessThan = "lt"
    case greaterThan = "gt"

    /// As it is written in a formula.
    package var symbol: String {
        switch self {
        case .lessThanOrEqual: "<="
        case .greaterThanOrEqual: ">="
        case .lessThan: "<"
        case .greaterThan: ">"
        }
    }

    /// Whether it holds of values above a limit.
    package var isOfHighRates: Bool { self == .greaterThan || self == .greaterThanOrEqual }

    /// The text if it does not hold.
    package var opposite: String {
        switch self {
        case .lessThanOrEqual: ">"
        case .greaterThanOrEqual: "<"
        case .lessThan: ">="
        case .greaterThan: "<="
        }
    }

    /// Whether `left op right`.
    package func holds<Value: Comparable>(_ left: Value, _ right: Value) -> Bool {
        switch self {
        case .lessThanOrEqual: left <= right
        case .greaterThanOrEqual: left >= right
        case .lessThan: left < right
        case .greaterThan: left > right
        }
    }
}

/// Where a number comes from: the OpenSLO `metricSource`, its data source resolved.
package struct MetricSource: Hashable, Sendable {
    /// The kind of server.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        /// A meter of a pipeline run.
        case weir
        /// A query that a Prometheus answers.
        case prometheus
        /// Something that is not read here, so that there is no data.
        case unread

        /// Those that are read.
        package static let read: [Kind] = [.weir, .prometheus]
    }

    /// What is asked for.
    package enum Measure: Hashable, Sendable {
        /// A meter of a pipeline run, by its name; with a threshold, the mean of what it says over
        /// a period is compared where one is given.
        case meter(String, averageOver: CalendarPeriod? = nil)
        /// A query that a Prometheus answers, and how its values are read where a document says so.
        case query(String, gives: QueryForm? = nil)
        /// Nothing that is read here.
        case unread

        /// What kind of thing answers.
        package var kind: Kind {
            switch self {
            case .meter: .weir
            case .query: .prometheus
            case .unread: .unread
            }
        }
    }

    /// The name of the data source.
    package var dataSource: String
    package var measure: Measure

    package init(dataSource: String, _ measure: Measure) {
        self.dataSource = dataSource
        self.measure = measure
    }

    package var kind: Kind { measure.kind }

    /// The expression of PromQL, where one is asked for.
    package var query: String? {
        if case .query(let query, _) = measure { query } else { nil }
    }

    /// Over how long measurements are averaged before there is one to judge.
    package var averageOver: Duration? {
        if case .meter(_, let period) = measure { period?.nominalLength } else { nil }
    }
}

/// How the values of a query are read.
package enum QueryForm: String, Hashable, Sendable, CaseIterable {
    /// Each series counts up; a slice has its increment, and the increments are added.
    case counter
    /// Per second: a slice has it times its length.
    case rate
    /// What the slice has counted.
    case count
}
