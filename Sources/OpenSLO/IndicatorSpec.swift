internal import Documents
internal import SLO

/// The spec of an SLI.
struct IndicatorSpec: DocumentSpec {
    static let kind = DocumentKind.indicator
    static var catalog: KeyPath<DocumentSet, Catalog<IndicatorSpec>> { \.indicators }

    var metric: Metric?

    /// What an SLI measures.
    struct Metric {
        enum Shape {
            /// Values that an objective's `op` and `value` hold good or bad.
            case threshold
            /// Counts of good events among all.
            case good
            /// Counts of bad events among all.
            case bad
            /// A ratio that the source has already divided.
            case raw(RatioIndicator.RawType)
        }

        var shape: Shape
        var isCounter = false
        /// The one source, or good or bad before total.
        var sources: [MetricSourceSpec]

        var isThreshold: Bool { if case .threshold = shape { true } else { false } }
    }

    private static let keys = KeySet(
        "indicator",
        noun: "an SLI's spec",
        optional: ["description", "thresholdMetric", "ratioMetric"]
    )
    private static let ratioKeys = KeySet(
        "ratioMetric",
        noun: "a ratio metric",
        optional: ["counter", "good", "bad", "total", "raw", "rawType"]
    )

    init(_ reader: NodeReader?) {
        guard let reader, let fields = reader.present(Self.keys) else { return }
        _ = fields.description
        let threshold = fields["thresholdMetric"].flatMap { MetricSourceSpec($0) }
        let ratio = fields["ratioMetric"].flatMap { Self.ratio($0) }
        switch reader.exactlyOne(
            of: ["thresholdMetric", "ratioMetric"],
            in: fields,
            noun: "an SLI"
        ) {
        case "thresholdMetric":
            metric = threshold.map { Metric(shape: .threshold, sources: [$0]) }
        case "ratioMetric": metric = ratio
        default: break
        }
    }

    private static func ratio(_ reader: NodeReader) -> Metric? {
        guard let fields = reader.present(ratioKeys) else { return nil }
        let isCounter = fields["counter"]?.flag() ?? false
        var sources: [String: MetricSourceSpec] = [:]
        for key in ["good", "bad", "total", "raw"] {
            sources[key] = fields[key].flatMap { MetricSourceSpec($0) }
        }
        let rawType = fields["rawType"]?.choice(of: RatioIndicator.RawType.self)
        let form = reader.exactlyOne(of: ["total", "raw"], in: fields, noun: "a ratio metric")
        if form == "raw" {
            checkRaw(fields, reader)
            guard let source = sources["raw"], let rawType else { return nil }
            return Metric(shape: .raw(rawType), isCounter: isCounter, sources: [source])
        }
        if fields["raw"] == nil {
            fields["rawType"]?.warn("'rawType' describes 'raw', which is not there; remove it")
        }
        guard form == "total" else { return nil }
        let part: String?
        if fields["good"] != nil, let bad = fields["bad"] {
            bad.warn("'good' and 'bad' are both given, and 'good' is used; remove one")
            part = "good"
        } else {
            part = reader.exactlyOne(
                of: ["good", "bad"],
                in: fields,
                noun: "a ratio metric with 'total'"
            )
        }
        guard let part, let source = sources[part], let total = sources["total"] else { return nil }
        return Metric(
            shape: part == "good" ? .good : .bad,
            isCounter: isCounter,
            sources: [source, total]
        )
    }

    private static func checkRaw(_ fields: FieldReader, _ reader: NodeReader) {
        for key in ["good", "bad"] {
            fields.exclude("raw", key)
        }
        if fields["rawType"] == nil {
            reader.mistake(
                "a ratio metric with 'raw' needs the key 'rawType'; expected success or failure"
            )
        }
    }
}

extension IndicatorSpec.Metric {
    /// Its sources in the engine's terms; nil where one of them makes no sense.
    func resolvedSources(in set: DocumentSet) -> [Located<MetricSource>]? {
        let resolved = sources.map { source in
            source.resolved(in: set).map { Located($0, at: source.site) }
        }
        return resolved.contains { $0 == nil } ? nil : resolved.compactMap { $0 }
    }

    /// The engine's indicator; nil where a threshold has no limit.
    func indicator(
        _ sources: [MetricSource],
        op: ThresholdComparison?,
        value: ExactDecimal?
    ) -> Indicator? {
        let terms: RatioIndicator.Terms
        switch shape {
        case .threshold:
            guard let op, let value else { return nil }
            return .threshold(
                ThresholdIndicator(metric: sources[0], comparison: op, value: value)
            )
        case .good: terms = .goodTotal(good: sources[0], total: sources[1])
        case .bad: terms = .badTotal(bad: sources[0], total: sources[1])
        case .raw(let type): terms = .raw(sources[0], type)
        }
        return .ratio(RatioIndicator(isCounter: isCounter, terms: terms))
    }
}

extension Use<IndicatorSpec> {
    private static var keys: KeySet {
        KeySet("inlineIndicator", noun: "an inline indicator", required: ["metadata", "spec"])
    }

    /// `indicator` or `indicatorRef` of an SLO or of one of its objectives.
    init?(_ fields: FieldReader) {
        guard fields.exclude("indicator", "indicatorRef") else { return nil }
        if let inline = fields["indicator"]?.present(Self.keys) {
            self = .inline(Document(inline))
        } else if let name = fields["indicatorRef"]?.dnsLabel() {
            self = .reference(name)
        } else {
            return nil
        }
    }
}
