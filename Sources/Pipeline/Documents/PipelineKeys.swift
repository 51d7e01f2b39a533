package import Documents

/// The keys of a pipeline document, mapping by mapping: its readers and the published JSON
/// Schema both follow them, which a test compares.
package enum PipelineKeys {
    static let spec = KeySet(
        "spec",
        noun: "the spec",
        required: ["topics", "stages"],
        optional: [
            "owners", "subscriptions", "stores", "services", "events", "load", "traffic", "input",
            "validation", "objectives",
        ]
    )
    static let owner = KeySet("owner", noun: "an owner", required: ["name"], optional: ["contact"])
    static let topic = KeySet(
        "topic",
        noun: "a topic",
        required: ["name"],
        optional: ["owner", "messageRetentionDuration"]
    )
    static let subscription = KeySet(
        "subscription",
        noun: "a subscription",
        required: ["name", "topic"],
        optional: [
            "owner", "ackDeadlineSeconds", "enableMessageOrdering", "filter",
            "messageRetentionDuration", "retainAckedMessages", "retryPolicy",
            "deadLetterPolicy", "flowControl",
        ]
    )
    static let retryPolicy = KeySet(
        "retryPolicy",
        noun: "a retry policy",
        optional: ["minimumBackoff", "maximumBackoff"]
    )
    static let deadLetterPolicy = KeySet(
        "deadLetterPolicy",
        noun: "a dead-letter policy",
        optional: ["maxDeliveryAttempts"]
    )
    static let flowControl = KeySet(
        "flowControl",
        noun: "the flow control",
        optional: ["maxOutstandingMessages", "maxOutstandingBytes", "whenFull"]
    )
    static let store = KeySet(
        "store",
        noun: "a store",
        required: ["name", "role"],
        optional: ["url", "owner", "indexes", "logRetention", "serviceTime"]
    )
    static let service = KeySet(
        "service",
        noun: "a service",
        required: ["name"],
        optional: ["owner", "calls"]
    )

    static let serviceTime = KeySet(
        "serviceTime",
        noun: "a service time",
        required: ["distribution"],
        optional: ["time", "mean", "median", "sigma", "quantiles", "perEvent", "servers"]
    )
    static let quantile = KeySet("quantile", noun: "a quantile", required: ["share", "time"])

    private static let ofEveryStage = ["owner", "calls", "workers", "batch"]
    private static let ofEverySubscriber = ofEveryStage + ["serviceTime"]
    static let producer = KeySet(
        "producer",
        noun: "a producer",
        required: ["name", "kind", "publishes"],
        optional: ofEveryStage
    )
    static let ingest = KeySet(
        "ingest",
        noun: "an ingest stage",
        required: ["name", "kind", "subscription", "store"],
        optional: ofEverySubscriber
    )
    static let analytics = KeySet(
        "analytics",
        noun: "an analytics stage",
        required: ["name", "kind", "subscription", "store", "windows"],
        optional: ["allowedLateness", "commitInterval", "distinctCounts", "productSales"]
            + ofEverySubscriber
    )
    static let distinctCounts = KeySet(
        "distinctCounts",
        noun: "the distinct counts",
        optional: ["windows", "categories"]
    )
    static let relay = KeySet(
        "relay",
        noun: "a relay",
        required: ["name", "kind", "subscription", "publishes"],
        optional: ofEverySubscriber
    )

    static let external = KeySet(
        "external",
        noun: "an external stage",
        required: ["name", "kind", "subscription"],
        optional: ["owner", "calls", "publishes", "command"]
    )
    static let collector = KeySet(
        "collector",
        noun: "a collector",
        required: ["name", "kind", "publishes"],
        optional: [
            "owner", "batch", "sources", "allowedOrigins", "publishTimeout", "journal",
            "ga4Dedupe", "conform",
        ]
    )
    static let conform = KeySet(
        "conform",
        noun: "what is done to events",
        optional: ["currency", "rename", "bots", "internal", "personalData", "secret"]
    )
    static let internalTraffic = KeySet(
        "internalTraffic",
        noun: "the shop's own traffic",
        optional: ["users", "sources"]
    )
    static let personalData = KeySet(
        "personalData",
        noun: "a rule for personal data",
        required: ["field", "rule"],
        optional: ["keep"]
    )
    static let source = KeySet("source", noun: "a source", required: ["name", "key"])
    static let sourceKey = KeySet("sourceKey", noun: "a key", optional: ["env", "file"])

    static let constantLoad = KeySet(
        "constantLoad",
        noun: "a constant load",
        required: ["shape", "rate"],
        optional: ["arrivals"]
    )
    static let rampLoad = KeySet(
        "rampLoad",
        noun: "a load ramp",
        required: ["shape", "from", "to", "over"],
        optional: ["arrivals"]
    )
    static let stepLoad = KeySet(
        "stepLoad",
        noun: "a load in steps",
        required: ["shape", "steps"],
        optional: ["arrivals"]
    )
    static let loadStep = KeySet("loadStep", noun: "a step", required: ["at", "rate"])
    static let spikeLoad = KeySet(
        "spikeLoad",
        noun: "a load spike",
        required: ["shape", "base", "peak", "at", "for"],
        optional: ["arrivals"]
    )
    static let diurnalLoad = KeySet(
        "diurnalLoad",
        noun: "a diurnal load",
        required: ["shape", "mean", "amplitude", "period"],
        optional: ["peakAt", "arrivals"]
    )

    private static let ofEveryShop = [
        "users", "products", "categories", "userExponent", "productExponent", "currency", "prices",
    ]
    static let sessionTraffic = KeySet(
        "sessionTraffic",
        noun: "traffic of sessions",
        optional: ["model"] + ofEveryShop + [
            "landing", "transitions", "refundProbability", "cartLimit", "concurrentSessions",
        ]
    )
    static let mixTraffic = KeySet(
        "mixTraffic",
        noun: "a traffic mix",
        required: ["model"],
        optional: ofEveryShop + ["shares"]
    )
    static let prices = KeySet("prices", noun: "the prices", required: ["from", "to"])

    static let input = KeySet(
        "input",
        noun: "the input",
        optional: ["csv", "json", "preset"] + ofPresets
    )
    /// What may be said beside a preset, of files that differ in it.
    static let ofPresets = [
        "delimiter", "timeFormat", "timeZone", "currencyCode", "lastRowIsWhole",
    ]
    static let csv = KeySet(
        "csv",
        noun: "a CSV input",
        required: ["columns"],
        optional: ["delimiter", "lastRowIsWhole"]
    )
    static let json = KeySet("json", noun: "an input in JSON", required: ["fields"])
    static let fields = KeySet(
        "fields",
        noun: "a mapping of fields",
        required: ["time", "user"],
        optional: [
            "id", "timeFormat", "timeZone", "session", "event", "events", "eventName",
            "transaction", "currency", "currencyCode", "value", "items", "product", "category",
            "quantity", "price",
        ]
    )
    static let columns = KeySet(
        "columns",
        noun: "a column mapping",
        required: ["time", "user"],
        optional: [
            "id", "timeFormat", "timeZone", "session", "event", "events", "eventName",
            "transaction", "fillDown", "returnPrefix", "product", "category", "quantity", "price",
            "value",
            "decimal", "thousands", "currency", "currencyCode",
        ]
    )
    static let validation = KeySet(
        "validation",
        noun: "the validation",
        optional: [
            "earliest", "aheadLimit", "zeroQuantity", "unknownEvents", "unknownParameters",
        ]
    )
    static let event = KeySet(
        "event",
        noun: "an event",
        required: ["name"],
        optional: ["parameters"]
    )

    /// Every mapping whose keys are fixed.
    package static let all = [
        .document, .metadata, spec, owner, topic, subscription, retryPolicy, deadLetterPolicy,
        flowControl, store, serviceTime, quantile, service, producer, ingest, analytics,
        distinctCounts, relay, external, collector, source, sourceKey, conform,
        internalTraffic, personalData, constantLoad, rampLoad, stepLoad,
        loadStep, spikeLoad, diurnalLoad,
        sessionTraffic, mixTraffic, prices, input, csv, json, fields,
        columns, validation, event,
    ]
}
