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

    /// The name of the data source.
    package var dataSource: String
    package var kind: Kind
    /// The keys of `spec` with their values as text; nested keys are joined by points.
    package var spec: [String: String]

    package init(dataSource: String, kind: Kind, spec: [String: String]) {
        self.dataSource = dataSource
        self.kind = kind
        self.spec = spec
    }
}
