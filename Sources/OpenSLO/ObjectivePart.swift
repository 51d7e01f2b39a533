internal import Documents
internal import SLO

/// One entry of an SLO's `objectives`.
struct ObjectivePart {
    var displayName: String?
    /// From 0 to below 1, whether it was written as a ratio or in percent.
    var target: Located<ExactDecimal>?
    /// `op`: how a value relates to the limit where it is good.
    var comparison: Located<ThresholdComparison>?
    /// `value`: the limit.
    var limit: Located<ExactDecimal>?
    /// Above 0, at most 1: the share of good events that makes a slice good.
    var timeSliceTarget: Located<ExactDecimal>?
    var timeSliceWindow: Located<CalendarPeriod>?
    /// In a composite: what this part measures.
    var indicator: Use<IndicatorSpec>?
    /// Above 0.
    var compositeWeight: Located<ExactDecimal>?
    /// The keys that stand there, readable or not.
    var present: Set<String>
    var site: Site

    private static let keys = KeySet(
        "part",
        noun: "an objective",
        optional: [
            "displayName", "target", "targetPercent", "op", "value", "timeSliceTarget",
            "timeSliceWindow", "indicator", "indicatorRef", "compositeWeight",
        ]
    )

    // MARK: - Reading

    init?(_ reader: NodeReader) {
        guard let fields = reader.present(Self.keys) else { return nil }
        site = reader.site
        present = Set(Self.keys.keys.filter { fields[$0] != nil })
        displayName = fields["displayName"]?.prose(atMost: .max)
        target = Self.target(fields, reader)
        comparison = fields["op"]?.comparison()
        limit = fields["value"]?.decimal(expected: "a number") { _ in true }
        timeSliceTarget = fields["timeSliceTarget"]?.decimal(
            expected: "a number above 0, at most 1"
        ) { $0 > .zero && $0 <= .one }
        timeSliceWindow = fields["timeSliceWindow"]?.shorthandOrMinutes()
        indicator = Use(fields)
        compositeWeight = fields["compositeWeight"]?.decimal(
            expected: "a number above 0, at most \(ObjectiveComponent.largestWeight)"
        ) { $0 > .zero && $0 <= ObjectiveComponent.largestWeight }
    }

    private static func target(
        _ fields: FieldReader,
        _ reader: NodeReader
    ) -> Located<ExactDecimal>? {
        let ratio = fields["target"]?.decimal(
            expected: "a number from 0 to below 1, such as 0.999; at 1 there is no budget to spend"
                + percentHint(fields["target"])
        ) { Objective.isTarget($0) }
        let percent = fields["targetPercent"]?.decimal(
            expected: "a number from 0 to below 100, such as 99.9; at 100 there is no budget to "
                + "spend"
        ) { $0 >= .zero && $0 < ExactDecimal(100) }
        let key = reader.exactlyOne(
            of: ["target", "targetPercent"],
            in: fields,
            noun: "an objective"
        )
        guard key == "targetPercent" else { return ratio }
        guard let percent else { return nil }
        guard let share = percent.value.fromPercent else {
            fields["targetPercent"]?.mistake("'targetPercent' has more digits than are kept")
            return nil
        }
        return Located(share, at: percent.site)
    }

    private static func percentHint(_ reader: NodeReader?) -> String {
        guard case .scalar(let text, true)? = reader?.node.content,
            let value = ExactDecimal(text), value > .one, value < ExactDecimal(100)
        else { return "" }
        return "; did you mean 'targetPercent: \(value)'?"
    }

    // MARK: - Resolving

    /// How the budget is counted; nil where a key for that is missing.
    func budgeting(by method: ObjectiveSpec.MethodName, in set: DocumentSet) -> BudgetingMethod? {
        let window = timeSliceWindow
        let needed: [String]
        var idle: [(key: String, site: Site?)] = []
        switch method {
        case .occurrences:
            needed = []
            idle = [
                ("timeSliceTarget", timeSliceTarget?.site), ("timeSliceWindow", window?.site),
            ]
        case .timeslices: needed = ["timeSliceTarget", "timeSliceWindow"]
        case .ratioTimeslices:
            needed = ["timeSliceWindow"]
            idle = [("timeSliceTarget", timeSliceTarget?.site)]
        }
        for key in needed where !present.contains(key) {
            set.mistake("an objective of \(method.rawValue) needs the key '\(key)'", at: site)
        }
        for case (let key, let site?) in idle {
            set.warn("'\(key)' has no effect with \(method.rawValue)", at: site)
        }
        switch method {
        case .occurrences: return .occurrences
        case .timeslices:
            guard let window, let target = timeSliceTarget else { return nil }
            return .timeslices(window: window.value.nominalLength, target: target.value)
        case .ratioTimeslices:
            return window.map { .ratioTimeslices(window: $0.value.nominalLength) }
        }
    }

    /// `op` and `value` go with a threshold metric, and with no other.
    ///
    /// Of an indicator that stands elsewhere, or on an objective, the reference does not ask
    /// whether they are there in vain.
    func checkLimit(of metric: IndicatorSpec.Metric, isInline: Bool, in set: DocumentSet) {
        if metric.isThreshold {
            for key in ["op", "value"] where !present.contains(key) {
                set.mistake(
                    "an objective on a threshold metric needs the key '\(key)', which tells "
                        + "good values from bad ones",
                    at: site
                )
            }
            return
        }
        for case (let key, let site?) in [("op", comparison?.site), ("value", limit?.site)] {
            let message =
                "'\(key)' belongs to a threshold metric, and this indicator is a ratio; expected "
                + "no '\(key)' here"
            if isInline { set.mistake(message, at: site) } else { set.warn(message, at: site) }
        }
    }
}

/// One entry of `objectives` with its indicator, in the engine's terms.
struct MeasuredPart {
    var displayName: String?
    /// The indicator's name.
    var name: String
    var target: Located<ExactDecimal>
    var budgeting: BudgetingMethod
    var indicator: Indicator
    var weight: ExactDecimal
    var sources: [Located<MetricSource>]

    /// Gives the objective of this part what only the part says; `number`, from 1, where the SLO
    /// has several.
    func complete(_ objective: inout Objective, number: Int?) {
        guard let number else { return }
        let words = (displayName ?? "").lowercased()
            .split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
        objective.name += "-" + (words.isEmpty ? "\(number)" : words.joined(separator: "-"))
        let names = [objective.displayName, displayName].compactMap { $0 }
        objective.displayName = names.isEmpty ? nil : names.joined(separator: ", ")
    }

    /// The entries of `objectives` in their order; nil for one that a mistake keeps from being
    /// made.
    static func all(of spec: ObjectiveSpec, in set: DocumentSet) -> [MeasuredPart?] {
        let shared = spec.indicator.flatMap { set.follow($0) }
        if shared?.spec.metric?.isThreshold == true, spec.parts.count > 1 {
            set.warn(
                "OpenSLO has one objective on a threshold metric, and this is the second; other "
                    + "tools may refuse it",
                at: spec.parts[1].site
            )
        }
        // Measured once, so that what is wrong with a source is reported once.
        let sharedSources = shared?.spec.metric?.resolvedSources(in: set)
        let parts = spec.parts.map { part -> MeasuredPart? in
            let method = spec.method.flatMap { part.budgeting(by: $0, in: set) }
            let document = shared ?? part.indicator.flatMap { set.follow($0) }
            guard let document, let metric = document.spec.metric else { return nil }
            let sources = shared == nil ? metric.resolvedSources(in: set) : sharedSources
            // Whatever the sources are: what they lack hides nothing here.
            part.checkLimit(of: metric, isInline: spec.indicator?.isInline ?? false, in: set)
            guard let method, let target = part.target, let sources,
                let indicator = metric.indicator(
                    sources.map(\.value),
                    op: part.comparison?.value,
                    value: part.limit?.value
                )
            else { return nil }
            return MeasuredPart(
                displayName: part.displayName,
                name: document.metadata.name?.value ?? "indicator",
                target: target,
                budgeting: method,
                indicator: indicator,
                weight: part.compositeWeight?.value ?? .one,
                sources: sources
            )
        }
        if spec.indicator == nil {
            checkSlices(of: spec, in: set)
        } else {
            for weight in spec.parts.compactMap(\.compositeWeight) {
                set.warn(
                    "'compositeWeight' counts only where every objective has an indicator of its "
                        + "own; this SLO is not a composite",
                    at: weight.site
                )
            }
        }
        return parts
    }

    /// A slice of a composite is bad as soon as one component's is, so that they have to begin and
    /// end together.
    private static func checkSlices(of spec: ObjectiveSpec, in set: DocumentSet) {
        guard let first = spec.parts.first?.timeSliceWindow, spec.method != .occurrences else {
            return
        }
        for window in spec.parts.dropFirst().compactMap(\.timeSliceWindow)
        where window.value.nominalLength != first.value.nominalLength {
            set.mistake(
                "a composite has slices of one length; expected \(first.value) as at "
                    + "\(first.site)",
                at: window.site
            )
        }
    }

    /// What `parts`, at least one, come to together: its target is the strictest of theirs.
    static func composite(
        of parts: [MeasuredPart]
    ) -> (whole: MeasuredPart, components: [ObjectiveComponent]) {
        var whole = parts[0]
        whole.target = parts.map(\.target).max { $0.value < $1.value } ?? whole.target
        whole.sources = parts.flatMap(\.sources)
        var taken: [String: Int] = [:]
        let components = parts.map { part in
            let count = (taken[part.name] ?? 0) + 1
            taken[part.name] = count
            var component = ObjectiveComponent(
                name: count == 1 ? part.name : "\(part.name)-\(count)",
                indicator: part.indicator,
                weight: part.weight,
                target: part.target.value == whole.target.value ? nil : part.target.value
            )
            if case .timeslices(_, let target) = part.budgeting,
                case .timeslices(_, let first) = whole.budgeting, target != first
            {
                component.sliceTarget = target
            }
            return component
        }
        return (whole, components)
    }
}
