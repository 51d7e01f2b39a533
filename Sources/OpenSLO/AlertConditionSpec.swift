internal import Documents
internal import SLO

/// The spec of an AlertCondition: a burn rate over a window.
struct AlertConditionSpec: DocumentSpec {
    static let kind = DocumentKind.alertCondition
    static var catalog: KeyPath<DocumentSet, Catalog<AlertConditionSpec>> { \.alertConditions }

    var severity: Located<String>?
    var comparison: Located<ThresholdComparison>?
    var threshold: Located<ExactDecimal>?
    var lookbackWindow: Located<CalendarPeriod>?
    /// How long the condition has to hold; absent for at once.
    var alertAfter: Located<CalendarPeriod>?

    private static let keys = KeySet(
        "alertCondition",
        noun: "an AlertCondition's spec",
        required: ["severity", "condition"],
        optional: ["description"]
    )
    private static let conditionKeys = KeySet(
        "condition",
        noun: "a condition",
        required: ["kind", "op", "threshold", "lookbackWindow"],
        optional: ["alertAfter"]
    )

    init(_ reader: NodeReader?) {
        guard let fields = reader?.present(Self.keys) else { return }
        _ = fields.description
        severity = fields["severity"]?.locatedText(expected: "a severity such as page")
        guard let condition = fields["condition"]?.present(Self.conditionKeys) else { return }
        _ = condition["kind"]?.choice(from: [("burnrate", ())])
        comparison = condition["op"]?.comparison()
        threshold = condition["threshold"]?.decimal(expected: "a burn rate, from 0 on") {
            $0 >= .zero
        }
        lookbackWindow = condition["lookbackWindow"]?.shorthand()
        if let after = condition["alertAfter"], !after.isZeroShorthand {
            alertAfter = after.shorthand()
        }
    }

    /// Holds a condition's annotations to its fields.
    static func check(_ document: Document<AlertConditionSpec>, in set: DocumentSet) {
        if let short = document.metadata.annotations.shortWindow,
            let long = document.spec.lookbackWindow,
            short.value.nominalLength >= long.value.nominalLength
        {
            set.mistake(
                "the short window, \(short.value), is not shorter than the lookback window, "
                    + "\(long.value); expected about a twelfth of it",
                at: short.site
            )
        }
    }

    /// The alert that a condition describes, at its threshold; nil where a part of it is missing.
    static func alert(of document: Document<AlertConditionSpec>) -> Located<BurnRateAlert>? {
        let spec = document.spec
        guard let severity = spec.severity, let threshold = spec.threshold,
            let lookback = spec.lookbackWindow, let comparison = spec.comparison
        else { return nil }
        let annotations = document.metadata.annotations
        let alert = BurnRateAlert(
            longWindow: lookback.value.nominalLength,
            shortWindow: annotations.shortWindow?.value.nominalLength,
            factor: threshold.value,
            comparison: comparison.value,
            alertAfter: spec.alertAfter?.value.nominalLength ?? .zero,
            tier: annotations.tier?.value,
            severity: severity.value,
            minimumEvents: annotations.minimumEvents?.value ?? 0
        )
        return Located(alert, at: threshold.site)
    }
}
