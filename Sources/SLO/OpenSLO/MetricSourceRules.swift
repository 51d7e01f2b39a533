internal import Documents

/// What the `spec` of a metric source has to say, for each type of source that is read.
///
/// - Type `weir`, key `meter`: the name of a meter of the pipeline.
/// - Type `weir`, key `averageOver`: a duration. With a threshold, the mean of the measurements
///   over it is compared, not each one of them.
/// - Type `prometheus`, key `query`: an expression of PromQL.
enum MetricSourceRules {
    private static let weir = KeySet(
        "weirSource",
        noun: "the spec of a weir source",
        required: ["meter"],
        optional: ["averageOver"]
    )
    private static let prometheus = KeySet(
        "prometheusSource",
        noun: "the spec of a prometheus source",
        required: ["query"]
    )

    /// Notes what is wrong with `spec`.
    static func check(_ spec: NodeReader, _ kind: MetricSource.Kind) {
        switch kind {
        case .weir:
            guard let fields = spec.fields(weir) else { return }
            if let meter = fields["meter"], let name = meter.text(expected: "a meter's name"),
                !isMeterName(name)
            {
                meter.mismatch(
                    expected: "a meter's name of lower-case letters, digits, '-' and '.'"
                )
            }
            _ = fields["averageOver"]?.shorthand()
        case .prometheus:
            _ = spec.fields(prometheus)?["query"]?.text(expected: "an expression of PromQL")
        }
    }

    private static func isMeterName(_ name: String) -> Bool {
        name.split(separator: ".", omittingEmptySubsequences: false)
            .allSatisfy { NodeReader.isDNSLabel(String($0)) }
    }
}
