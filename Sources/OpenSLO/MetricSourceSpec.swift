internal import Documents
internal import Prometheus
internal import SLO

/// Where a number comes from: a `metricSource` of an SLI.
///
/// OpenSLO leaves it to each type of source what stands in its `spec`:
///
/// - Type `weir`, key `meter`: the name of a meter of the pipeline.
/// - Type `weir`, key `averageOver`: a duration. With a threshold, the mean of the measurements
///   over it is compared, not each one of them.
/// - Type `prometheus`, key `query`: an expression of PromQL.
/// - Type `prometheus`, key `gives`: how its values are read, where the query does not show it; see
///   ``QueryForm``.
///
/// This program's own type is held to its keys; of another tool's document what is not understood
/// is doubted, and no more.
struct MetricSourceSpec {
    /// The DataSource's name, where there is one.
    var reference: Located<String>?
    /// Such as `weir`; the DataSource's own where it is absent.
    var type: Located<String>?
    /// What to ask for; how it is read depends on the type, which a DataSource may tell.
    var spec: DocumentNode
    var site: Site

    private static let metricKeys = KeySet(
        "metric",
        noun: "a metric",
        required: ["metricSource"]
    )
    private static let keys = KeySet(
        "metricSource",
        noun: "a metric source",
        required: ["spec"],
        optional: ["metricSourceRef", "type"]
    )
    private static let weirKeys = KeySet(
        "weirSource",
        noun: "the spec of a weir source",
        required: ["meter"],
        optional: ["averageOver"]
    )

    init?(_ reader: NodeReader) {
        guard let source = reader.present(Self.metricKeys)?["metricSource"],
            let fields = source.present(Self.keys)
        else { return nil }
        reference = fields["metricSourceRef"]?.dnsLabel()
        type = fields["type"]?.locatedText(expected: "a type such as weir")
        if fields["metricSourceRef"] == nil, fields["type"] == nil {
            source.warn(
                "no source is given, so there is no data; expected "
                    + "'metricSourceRef' (the name of a DataSource) or 'type'"
            )
        }
        guard let spec = fields["spec"], let entries = spec.entries(expected: "what to ask for")
        else { return nil }
        if entries.isEmpty {
            spec.mistake("'spec' is empty; expected at least one key, which says what to ask for")
        }
        self.spec = spec.node
        site = source.site
    }

    /// The source in the engine's terms; nil where it makes no sense.
    func resolved(in set: DocumentSet) -> MetricSource? {
        var declared: Located<String>?
        if let reference, set.dataSources.documents.isEmpty {
            // They lie elsewhere, as in many a file that shows how an SLO is written.
            set.warn(
                "there is no DataSource '\(reference.value)' in these files, so there is no data; "
                    + "expected it in one of them",
                at: reference.site
            )
        } else if let reference {
            guard let document = set.dataSources.find(reference, in: set) else { return nil }
            declared = document.spec.type
        }
        if let type, let declared, type.value.lowercased() != declared.value.lowercased() {
            set.mistake(
                "the type is '\(shortened(type.value))', that of the DataSource "
                    + "'\(reference?.value ?? "")' is '\(shortened(declared.value))' "
                    + "(\(declared.site)); expected the same, or none here",
                at: type.site
            )
            return nil
        }
        // What is doubtful about a DataSource's type is reported there.
        let kind =
            declared.map { DataSourceSpec.kind(of: $0, doubtedIn: nil) }
            ?? type.map { DataSourceSpec.kind(of: $0, doubtedIn: set) } ?? .unread
        let log = MistakeLog(file: site.file)
        let measure = Self.measure(NodeReader(spec, label: "'spec'", log: log), kind)
        set.note(log)
        guard log.isClean else { return nil }
        return MetricSource(dataSource: reference?.value ?? measure.kind.rawValue, measure)
    }

    /// What `spec` asks for; ``MetricSource/Measure/unread`` where nothing can be asked.
    private static func measure(
        _ spec: NodeReader,
        _ kind: MetricSource.Kind
    ) -> MetricSource.Measure {
        // An empty one was reported before.
        guard spec.hasKeys else { return .unread }
        switch kind {
        case .weir:
            guard let fields = spec.fields(weirKeys) else { return .unread }
            let name = fields["meter"]?.text(expected: "a meter's name")
            if let name, !isMeterName(name) {
                fields["meter"]?.mismatch(
                    expected: "a meter's name of lower-case letters, digits, '-' and '.'"
                )
            }
            let average = fields["averageOver"]?.shorthand()?.value
            guard let name else { return .unread }
            return .meter(name, averageOver: average)
        case .prometheus:
            guard let query = spec.peek("query") else {
                spec.warn(
                    "a prometheus source is asked by its 'query', and there is none, so there "
                        + "is no data; expected 'query: <an expression of PromQL>'"
                )
                return .unread
            }
            for (key, _) in spec.entries(expected: "query") ?? [] {
                guard case .scalar(let name, _) = key.node.content,
                    name != "query", name != QueryReading.key
                else { continue }
                key.warn("'\(shortened(name))' is ignored in a prometheus source")
            }
            let form = spec.peek(QueryReading.key)?.choice(of: QueryForm.self)
            guard let text = query.textIfAny else {
                query.warn("\(query.label) is not a PromQL expression, so there is no data")
                return .unread
            }
            return .query(text, gives: form)
        case .unread: return .unread
        }
    }

    private static func isMeterName(_ name: String) -> Bool {
        name.split(separator: ".", omittingEmptySubsequences: false)
            .allSatisfy { NodeReader.isDNSLabel(String($0)) }
    }
}
