internal import Documents

extension OpenSLOResolver {
    /// The entries of `objectives` in their order; nil for one that a mistake keeps from being
    /// made.
    mutating func measuredParts(of spec: OpenSLO.ObjectiveSpec) -> [MeasuredPart?] {
        let shared = spec.indicator.flatMap { follow($0) }
        if case .threshold = shared?.spec.metric, spec.parts.count > 1 {
            warn(
                "OpenSLO has one objective on a threshold metric, and this is the second; other "
                    + "tools may refuse it",
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
            // Whatever the sources are: what they lack hides nothing here.
            let isInline = if case .inline = spec.indicator { true } else { false }
            checkLimit(of: part, metric, isInline: isInline)
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
            checkSlices(of: spec.parts, spec.budgetingMethod?.value)
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
    ///
    /// Of an indicator that stands elsewhere, or on an objective, the reference does not ask
    /// whether they are there in vain.
    private mutating func checkLimit(
        of part: OpenSLO.Part,
        _ metric: OpenSLO.Metric,
        isInline: Bool
    ) {
        if case .threshold = metric {
            for key in ["op", "value"] where !part.keys.contains(key) {
                mistake(
                    "an objective on a threshold metric needs the key '\(key)', to tell which "
                        + "values are good",
                    at: part.site
                )
            }
            return
        }
        let extra = [("op", part.comparison?.site), ("value", part.limit?.site)]
        for case (let key, let site?) in extra {
            let message =
                "'\(key)' belongs to a threshold metric, and this indicator is a ratio; expected "
                + "no '\(key)' here"
            if isInline { mistake(message, at: site) } else { warn(message, at: site) }
        }
    }

    private func engineIndicator(
        _ metric: OpenSLO.Metric,
        _ sources: [OpenSLO.Located<MetricSource>],
        _ part: OpenSLO.Part
    ) -> Indicator? {
        let values = sources.map(\.value)
        if case .threshold = metric {
            guard let comparison = part.comparison, let limit = part.limit else { return nil }
            return .threshold(
                ThresholdIndicator(
                    metric: values[0],
                    comparison: comparison.value,
                    value: limit.value
                )
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

    /// A slice of a composite is bad as soon as one component's is, so that they have to begin and
    /// end together.
    private mutating func checkSlices(
        of parts: [OpenSLO.Part],
        _ method: OpenSLO.MethodName?
    ) {
        guard let first = parts.first?.timeSliceWindow, method != .occurrences else { return }
        for window in parts.dropFirst().compactMap(\.timeSliceWindow)
        where window.value.nominalLength != first.value.nominalLength {
            mistake(
                "a composite has slices of one length; expected \(first.value) as at "
                    + "\(first.site)",
                at: window.site
            )
        }
    }
}
