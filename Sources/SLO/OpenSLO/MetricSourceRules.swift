internal import Documents

/// What the `spec` of a metric source has to say, for each type of source that is read.
///
/// - Type `weir`, key `meter`: the name of a meter of the pipeline.
/// - Type `weir`, key `averageOver`: a duration. With a threshold, the mean of the measurements
///   over it is compared, not each one of them.
/// - Type `prometheus`, key `query`: an expression of PromQL.
/// - Type `prometheus`, key `gives`: how its values are read, where the query does not show it; see
///   ``QueryForm``.
///
/// OpenSLO leaves it to each type what stands there. This program's own type is held to its keys;
/// of another tool's document what is not understood is doubted, and no more.
enum MetricSourceRules {
    private static let weir = KeySet(
        "weirSource",
        noun: "the spec of a weir source",
        required: ["meter"],
        optional: ["averageOver"]
    )

    /// Notes what is wrong with `spec`, and whether the source can be read.
    static func check(_ spec: NodeReader, _ kind: MetricSource.Kind) -> Bool {
        switch kind {
        case .weir:
            guard let fields = spec.fields(weir) else { return false }
            if let meter = fields["meter"], let name = meter.text(expected: "a meter's name"),
                !isMeterName(name)
            {
                meter.mismatch(
                    expected: "a meter's name of lower-case letters, digits, '-' and '.'"
                )
            }
            _ = fields["averageOver"]?.shorthand()
            return true
        case .prometheus:
            guard let query = spec.peek("query") else {
                spec.warn(
                    "a prometheus source is asked by its 'query', and there is none, so that it "
                        + "has no data; expected 'query: <an expression of PromQL>'"
                )
                return false
            }
            for (key, _) in spec.entries(expected: "query") ?? [] {
                guard case .scalar(let name, _) = key.node.content,
                    name != "query", name != QueryReading.key
                else { continue }
                key.warn("'\(shortened(name))' is not looked at in a prometheus source")
            }
            _ = spec.peek(QueryReading.key)?.choice(of: QueryForm.self)
            guard query.textIfAny != nil else {
                query.warn("\(query.label) is no expression of PromQL, so that there is no data")
                return false
            }
            return true
        case .unread: return false
        }
    }

    private static func isMeterName(_ name: String) -> Bool {
        name.split(separator: ".", omittingEmptySubsequences: false)
            .allSatisfy { NodeReader.isDNSLabel(String($0)) }
    }
}
