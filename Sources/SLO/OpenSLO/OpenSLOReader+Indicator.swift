internal import Documents

extension OpenSLOReader {
    func readIndicator(_ reader: NodeReader?) -> OpenSLO.IndicatorSpec {
        guard let reader, let fields = reader.present(OpenSLOKeys.indicator) else {
            return OpenSLO.IndicatorSpec()
        }
        var spec = OpenSLO.IndicatorSpec(description: description(fields))
        let threshold = fields["thresholdMetric"].flatMap { readMetric($0) }
        let ratio = fields["ratioMetric"].flatMap { readRatio($0) }
        switch reader.exactlyOne(
            of: ["thresholdMetric", "ratioMetric"],
            in: fields,
            noun: "an SLI"
        ) {
        case "thresholdMetric": spec.metric = threshold.map { .threshold($0) }
        case "ratioMetric": spec.metric = ratio
        default: break
        }
        return spec
    }

    private func readRatio(_ reader: NodeReader) -> OpenSLO.Metric? {
        guard let fields = reader.present(OpenSLOKeys.ratioMetric) else { return nil }
        let isCounter = fields["counter"]?.flag() ?? false
        let sources = Dictionary(
            uniqueKeysWithValues: ["good", "bad", "total", "raw"].map { key in
                (key, fields[key].flatMap { readMetric($0) })
            }
        )
        let rawType = fields["rawType"]?.choice(of: RatioIndicator.RawType.self)
        let shape = reader.exactlyOne(of: ["total", "raw"], in: fields, noun: "a ratio metric")
        if shape == "raw" {
            return readRaw(fields, reader, sources, rawType, isCounter)
        }
        if fields["raw"] == nil {
            fields["rawType"]?.warn("'rawType' describes 'raw', which is not there; remove it")
        }
        guard shape == "total" else { return nil }
        let part: String?
        if fields["good"] != nil, let bad = fields["bad"] {
            bad.warn("'good' and 'bad' stand beside each other, and 'good' counts; remove one")
            part = "good"
        } else {
            part = reader.exactlyOne(
                of: ["good", "bad"],
                in: fields,
                noun: "a ratio metric with 'total'"
            )
        }
        guard let part, let source = sources[part].flatMap({ $0 }),
            let total = sources["total"].flatMap({ $0 })
        else { return nil }
        return part == "good"
            ? .good(source, total: total, isCounter: isCounter)
            : .bad(source, total: total, isCounter: isCounter)
    }

    private func readRaw(
        _ fields: FieldReader,
        _ reader: NodeReader,
        _ sources: [String: OpenSLO.MetricSource?],
        _ rawType: RatioIndicator.RawType?,
        _ isCounter: Bool
    ) -> OpenSLO.Metric? {
        for key in ["good", "bad"] {
            fields[key]?.mistake("'\(key)' and 'raw' exclude each other; expected one of them")
        }
        if fields["rawType"] == nil {
            reader.mistake(
                "a ratio metric with 'raw' needs the key 'rawType'; expected success or failure"
            )
        }
        guard let source = sources["raw"].flatMap({ $0 }), let rawType else { return nil }
        return .raw(source, rawType, isCounter: isCounter)
    }

    private func readMetric(_ reader: NodeReader) -> OpenSLO.MetricSource? {
        guard let source = reader.present(OpenSLOKeys.metric)?["metricSource"],
            let fields = source.present(OpenSLOKeys.metricSource)
        else { return nil }
        let reference = fields["metricSourceRef"].flatMap { $0.dnsLabel() }
        let type = fields["type"]?.locatedText(expected: "a type such as weir")
        if fields["metricSourceRef"] == nil, fields["type"] == nil {
            source.warn(
                "nothing says where this is measured, so that it has no data; expected "
                    + "'metricSourceRef' (the name of a DataSource) or 'type'"
            )
        }
        guard let spec = fields["spec"], let entries = spec.entries(expected: "what to ask for")
        else { return nil }
        if entries.isEmpty {
            spec.mistake("'spec' is empty; expected at least one key, which says what to ask for")
        }
        return OpenSLO.MetricSource(
            reference: reference,
            type: type,
            spec: spec.node,
            site: source.site
        )
    }
}
