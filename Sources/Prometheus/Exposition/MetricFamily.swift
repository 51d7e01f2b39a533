package import SLO
package import Timekeeping

/// The samples of one metric, with what is said of them: Prometheus's and OpenMetrics' family.
package struct MetricFamily: Sendable {
    /// What kind of metric it is.
    package enum Kind: String, Sendable {
        /// Only ever grows, but for a restart; the name of its samples ends in `_total`.
        case counter
        case gauge
        /// Always 1; what it says is in its labels. The name of its samples ends in `_info`.
        case info
        /// How many values there were up to each bound, all together, and their sum.
        case histogram
    }

    /// Which number of a histogram a sample is; of any other kind there is one.
    package enum Part: String, Sendable {
        case value = ""
        case bucket = "_bucket"
        case count = "_count"
        case sum = "_sum"
    }

    /// A name and its value.
    package struct Label: Hashable, Sendable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) {
            precondition(MetricFamily.isName(name), "a label name has letters, digits and _")
            self.name = name
            self.value = value
        }
    }

    /// A value at an instant.
    package struct Sample: Sendable {
        package var labels: [Label]
        package var part: Part
        package var value: MetricValue
        /// Nil for the instant at which it is read.
        package var timestamp: Timestamp?

        package init(
            _ labels: [Label],
            _ value: MetricValue,
            part: Part = .value,
            at timestamp: Timestamp? = nil
        ) {
            self.labels = labels
            self.part = part
            self.value = value
            self.timestamp = timestamp
        }
    }

    /// Without the ending that the samples of its kind have.
    package var name: String
    package var kind: Kind
    /// What ``name`` ends in; nil for a plain number.
    package var unit: String?
    package var help: String
    package var samples: [Sample]

    /// A family; its name has letters, digits and `_`, for colons are for recording rules.
    package init(
        _ name: String,
        _ kind: Kind,
        unit: String? = nil,
        help: String,
        samples: [Sample] = []
    ) {
        precondition(MetricFamily.isName(name), "a metric name has letters, digits and _")
        precondition(unit.map { name.hasSuffix("_" + $0) } ?? true, "a name ends in its unit")
        self.name = name
        self.kind = kind
        self.unit = unit
        self.help = help
        self.samples = samples
    }

    /// The name of its samples.
    package var sampleName: String {
        switch kind {
        case .counter: name + "_total"
        case .info: name + "_info"
        case .gauge, .histogram: name
        }
    }

    private static func isName(_ text: String) -> Bool {
        let isLetter = { (byte: UInt8) in
            (65...90).contains(byte) || (97...122).contains(byte) || byte == 95
        }
        guard let first = text.utf8.first, isLetter(first) else { return false }
        return text.utf8.allSatisfy { isLetter($0) || (48...57).contains($0) }
    }
}

/// A number as an exposition has it.
package enum MetricValue: Sendable {
    case integer(Int64)
    case number(Double)
    /// Written with all its digits where it is a decimal, else as the nearest binary number.
    case ratio(ExactRatio)
    /// Nothing was measured, and a ratio of nothing is no number.
    case absent

    /// A ratio, or that there is none.
    package init(_ ratio: ExactRatio?) {
        self = ratio.map { .ratio($0) } ?? .absent
    }

    /// As both formats write it.
    package var text: String {
        switch self {
        case .integer(let value): String(value)
        case .absent: "NaN"
        case .number(let value): MetricValue.text(value)
        case .ratio(let ratio):
            ratio.numerator % ratio.denominator == 0
                ? String(ratio.numerator / ratio.denominator)
                : ratio.measured?.description ?? MetricValue.text(ratio.approximation)
        }
    }

    private static func text(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        if let whole = Int64(exactly: value), abs(value) < 1e15 { return String(whole) }
        // As short as reads back the same.
        return value.description
    }
}

/// The samples that one set of labels has in a family of kind `histogram`.
package struct HistogramSamples: Sendable {
    /// In the order of the bounds: the bound, and how many values were at most that.
    package var buckets: [(bound: Double, count: Int64)]
    /// How many values there were.
    package var count: Int64
    /// Of all values.
    package var sum: Double

    package init(buckets: [(bound: Double, count: Int64)], count: Int64, sum: Double) {
        self.buckets = buckets
        self.count = count
        self.sum = sum
    }

    /// The buckets, the one without a bound last, then the count and the sum.
    package func samples(_ labels: [MetricFamily.Label]) -> [MetricFamily.Sample] {
        var samples = buckets.map { bound, count in
            // A float in both formats, so that negotiating another one makes no other series.
            MetricFamily.Sample(
                labels + [MetricFamily.Label("le", bound.description)],
                .integer(count),
                part: .bucket
            )
        }
        let all = labels + [MetricFamily.Label("le", "+Inf")]
        samples.append(MetricFamily.Sample(all, .integer(count), part: .bucket))
        samples.append(MetricFamily.Sample(labels, .integer(count), part: .count))
        samples.append(MetricFamily.Sample(labels, .number(sum), part: .sum))
        return samples
    }
}
