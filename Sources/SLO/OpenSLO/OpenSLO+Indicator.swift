package import Documents

extension OpenSLO {
    /// The spec of an SLI.
    package struct IndicatorSpec: Sendable {
        package var description: String?
        package var metric: Metric?
    }

    /// What an SLI measures.
    package enum Metric: Sendable {
        /// Values that an objective's `op` and `value` hold good or bad.
        case threshold(MetricSource)
        /// Counts of good events among all.
        case good(MetricSource, total: MetricSource, isCounter: Bool)
        /// Counts of bad events among all.
        case bad(MetricSource, total: MetricSource, isCounter: Bool)
        /// A ratio that the source has already divided.
        case raw(MetricSource, RatioIndicator.RawType, isCounter: Bool)

        /// The sources: good or bad before total.
        var sources: [MetricSource] {
            switch self {
            case .threshold(let source), .raw(let source, _, _): [source]
            case .good(let part, let total, _), .bad(let part, let total, _): [part, total]
            }
        }
    }

    /// Where a number comes from.
    package struct MetricSource: Sendable {
        /// The DataSource's name, where there is one.
        package var reference: Located<String>?
        /// Such as `weir`; the DataSource's own where it is absent.
        package var type: Located<String>?
        /// What to ask for, which only the reader of that type understands.
        package var spec: DocumentNode
        package var site: Site
    }
}
