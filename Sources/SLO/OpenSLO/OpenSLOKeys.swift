internal import Documents

/// The keys of OpenSLO documents, mapping by mapping.
enum OpenSLOKeys {
    static let document = KeySet(
        "document",
        noun: "a document",
        required: ["apiVersion", "kind", "metadata", "spec"]
    )
    /// A Service may have nothing to say but its name.
    static let serviceDocument = KeySet(
        "serviceDocument",
        noun: "a document",
        required: ["apiVersion", "kind", "metadata"],
        optional: ["spec"]
    )
    static let metadata = KeySet(
        "metadata",
        noun: "the metadata",
        required: ["name"],
        optional: ["displayName", "labels", "annotations"]
    )
    static let service = KeySet("service", noun: "a Service's spec", optional: ["description"])
    static let dataSource = KeySet(
        "dataSource",
        noun: "a DataSource's spec",
        required: ["type"],
        optional: ["connectionDetails", "description"]
    )

    static let indicator = KeySet(
        "indicator",
        noun: "an SLI's spec",
        optional: ["description", "thresholdMetric", "ratioMetric"]
    )
    static let inlineIndicator = KeySet(
        "inlineIndicator",
        noun: "an inline indicator",
        required: ["metadata", "spec"]
    )
    static let ratioMetric = KeySet(
        "ratioMetric",
        noun: "a ratio metric",
        optional: ["counter", "good", "bad", "total", "raw", "rawType"]
    )
    static let metric = KeySet("metric", noun: "a metric", required: ["metricSource"])
    static let metricSource = KeySet(
        "metricSource",
        noun: "a metric source",
        required: ["spec"],
        optional: ["metricSourceRef", "type"]
    )

    static let objective = KeySet(
        "objective",
        noun: "an SLO's spec",
        required: ["service", "timeWindow", "budgetingMethod", "objectives"],
        optional: ["description", "indicator", "indicatorRef", "alertPolicies"]
    )
    static let timeWindow = KeySet(
        "timeWindow",
        noun: "a time window",
        required: ["duration"],
        optional: ["isRolling", "calendar"]
    )
    static let calendar = KeySet(
        "calendar",
        noun: "a calendar",
        required: ["startTime", "timeZone"]
    )
    static let part = KeySet(
        "part",
        noun: "an objective",
        optional: [
            "displayName", "target", "targetPercent", "op", "value", "timeSliceTarget",
            "timeSliceWindow", "indicator", "indicatorRef", "compositeWeight",
        ]
    )

    static let alertPolicy = KeySet(
        "alertPolicy",
        noun: "an AlertPolicy's spec",
        required: ["conditions", "notificationTargets"],
        optional: [
            "description", "alertWhenNoData", "alertWhenResolved", "alertWhenBreaching",
        ]
    )
    static let alertCondition = KeySet(
        "alertCondition",
        noun: "an AlertCondition's spec",
        required: ["severity", "condition"],
        optional: ["description"]
    )
    static let condition = KeySet(
        "condition",
        noun: "a condition",
        required: ["kind", "op", "threshold", "lookbackWindow"],
        optional: ["alertAfter"]
    )
    static let alertNotificationTarget = KeySet(
        "alertNotificationTarget",
        noun: "an AlertNotificationTarget's spec",
        required: ["target"],
        optional: ["description"]
    )

    /// Something in a list that is inline or a reference under the key `reference`.
    static func use(_ kind: OpenSLO.Kind, reference: String) -> KeySet {
        KeySet(
            reference,
            noun: "\(kind.noun) in place, or a reference to one,",
            optional: [reference, "kind", "metadata", "spec"]
        )
    }
}
