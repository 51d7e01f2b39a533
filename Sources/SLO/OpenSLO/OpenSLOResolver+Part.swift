internal import Documents

extension OpenSLOResolver {
    /// The entries of `objectives` in their order; nil for one that a mistake keeps from being
    /// made.
    mutating func measuredParts(of spec: OpenSLO.ObjectiveSpec) -> [MeasuredPart?] {
        let shared = spec.indicator.flatMap { follow($0) }
        if case .threshold = shared?.spec.metric, spec.parts.count > 1 {
            mistake(
                "a threshold metric has room for one objective, and this is the second; expected "
                    + "an SLO for each",
                at: spec.parts[1].site
            )
        }
        // Measured once, so that what is wrong with a source is told once.
        let sharedSources = shared?.spec.metric.flatMap { sources(of: $0) }
        let parts = spec.parts.map { part -> MeasuredPart? in
            let method = spec.budgetingMethod.flatMap { budgeting(of: part, by: $0.value) }
            let object = shared ?? part.indicator.flatMap { follow($0) }
            guard let object, let metric = object.spec.metric else { return nil }
            let sources = shared == nil ? sources(of: metric) : sharedSources
            let indicator = sources.flatMap { engineIndicator(metric, $0, part) }
            guard let method, let target = part.target, let sources, let indicator else {
                return nil
            }
            return MeasuredPart(
                displayName: part.displayName,
                name: object.metadata.name?.value ?? "indicator",
                target: target,
                budgeting: method,
                indicator: indicator,
                weight: part.compositeWeight?.value ?? .one,
                sources: sources
            )
        }
        if spec.indicator == nil {
            checkAgreement(of: spec.parts, spec.budgetingMethod?.value)
        } else {
            for weight in spec.parts.compactMap(\.compositeWeight) {
                warn(
                    "'compositeWeight' counts only where every objective has an indicator of its "
                        + "own; this SLO is no composite",
                    at: weight.site
                )
            }
        }
        return parts
    }

    /// `op` and `value` go with a threshold metric, and with no other.
    private mutating func engineIndicator(
        _ metric: OpenSLO.Metric,
        _ sources: [OpenSLO.Located<MetricSource>],
        _ part: OpenSLO.Part
    ) -> Indicator? {
        let values = sources.map(\.value)
        if case .threshold = metric {
            for key in ["op", "value"] where !part.keys.contains(key) {
                mistake(
                    "an objective on a threshold metric needs the key '\(key)', to tell which "
                        + "values are good",
                    at: part.site
                )
            }
            guard let comparison = part.comparison, let limit = part.limit else { return nil }
            return .threshold(
                ThresholdIndicator(
                    metric: values[0],
                    comparison: comparison.value,
                    value: limit.value
                )
            )
        }
        let extra = [("op", part.comparison?.site), ("value", part.limit?.site)]
        for case (let key, let site?) in extra {
            mistake(
                "'\(key)' belongs to a threshold metric, and this indicator is a ratio; expected "
                    + "no '\(key)' here",
                at: site
            )
        }
        switch metric {
        case .threshold: return nil
        case .good(_, _, let isCounter):
            return .ratio(
                RatioIndicator(
                    isCounter: isCounter,
                    terms: .goodTotal(good: values[0], total: values[1])
                )
            )
        case .bad(_, _, let isCounter):
            return .ratio(
                RatioIndicator(
                    isCounter: isCounter,
                    terms: .badTotal(bad: values[0], total: values[1])
                )
            )
        case .raw(_, let type, let isCounter):
            return .ratio(
                RatioIndicator(isCounter: isCounter, terms: .raw(values[0], type))
            )
        }
    }

    private mutating func budgeting(
        of part: OpenSLO.Part,
        by method: OpenSLO.MethodName
    ) -> BudgetingMethod? {
        let window = part.timeSliceWindow
        let target = part.timeSliceTarget
        let needed: [String]
        let idle: [(key: String, site: OpenSLO.Site?)]
        switch method {
        case .occurrences:
            needed = []
            idle = [("timeSliceTarget", target?.site), ("timeSliceWindow", window?.site)]
        case .timeslices:
            needed = ["timeSliceTarget", "timeSliceWindow"]
            idle = []
        case .ratioTimeslices:
            needed = ["timeSliceWindow"]
            idle = [("timeSliceTarget", target?.site)]
        }
        for key in needed where !part.keys.contains(key) {
            mistake("an objective of \(method.rawValue) needs the key '\(key)'", at: part.site)
        }
        for case (let key, let site?) in idle {
            warn("'\(key)' means nothing with \(method.rawValue)", at: site)
        }
        switch method {
        case .occurrences: return .occurrences
        case .timeslices:
            guard let window, let target else { return nil }
            return .timeslices(window: window.value.nominalLength, target: target.value)
        case .ratioTimeslices:
            return window.map { .ratioTimeslices(window: $0.value.nominalLength) }
        }
    }

    /// OpenSLO leaves open what a composite with several targets or slices would be.
    private mutating func checkAgreement(
        of parts: [OpenSLO.Part],
        _ method: OpenSLO.MethodName?
    ) {
        guard let first = parts.first else { return }
        for part in parts.dropFirst() {
            if let target = part.target, let expected = first.target,
                target.value != expected.value
            {
                mistake(
                    "a composite has one target for all its objectives; expected "
                        + "\(expected.value) as at \(expected.site)",
                    at: target.site
                )
            }
            if method != .occurrences, let window = part.timeSliceWindow,
                let expected = first.timeSliceWindow,
                window.value.nominalLength != expected.value.nominalLength
            {
                mistake(
                    "a composite has slices of one length; expected \(expected.value) as at "
                        + "\(expected.site)",
                    at: window.site
                )
            }
        }
    }
}
