internal import Reports
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
    /// Nothing was measured, and a ratio of nothing is not a number.
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

/// Writes metrics as text for Prometheus, piece by piece.
///
/// Sources: the OpenMetrics 1.0 specification; Prometheus, "Exposition formats", text 0.0.4.
package struct ExpositionText: Sendable {
    /// The two text formats.
    package enum Format: String, CaseIterable, Sendable {
        /// OpenMetrics 1.0.
        case openMetrics
        /// Prometheus 0.0.4.
        case prometheus

        /// Its name in HTTP.
        package var contentType: String {
            switch self {
            case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
            case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
            }
        }
    }

    package let format: Format
    /// What was written and not yet taken.
    private var written = ""

    /// Nothing written yet.
    package init(_ format: Format) {
        self.format = format
    }

    /// All of `families`, from the first line to the last.
    package static func write(_ families: [MetricFamily], as format: Format) -> String {
        var text = ExpositionText(format)
        for family in families {
            text.begin(family)
            for sample in family.samples {
                text.append(sample, of: family)
            }
        }
        text.end()
        return text.take()
    }

    /// What was written since this was last called, so that much can be written in pieces.
    package mutating func take() -> String {
        defer { written = "" }
        return written
    }

    /// Writes what is said of a family, before its samples.
    package mutating func begin(_ family: MetricFamily) {
        let name: String
        let kind: String
        switch format {
        case .openMetrics:
            name = family.name
            kind = family.kind.rawValue
        case .prometheus:
            // It has no info, and names a counter as its samples.
            name = family.sampleName
            kind = family.kind == .info ? "gauge" : family.kind.rawValue
        }
        written += "# HELP \(name) \(escapedHelp(family.help))\n"
        written += "# TYPE \(name) \(kind)\n"
        if format == .openMetrics, let unit = family.unit {
            written += "# UNIT \(name) \(unit)\n"
        }
    }

    /// Writes a sample of the family that was begun last.
    ///
    /// The samples of one set of labels follow one another, in the order of their timestamps.
    package mutating func append(_ sample: MetricFamily.Sample, of family: MetricFamily) {
        written += family.sampleName
        written += sample.part.rawValue
        if !sample.labels.isEmpty {
            written += "{"
            for (index, label) in sample.labels.enumerated() {
                // Piece by piece: an interpolated text would be made and thrown away.
                if index > 0 { written += "," }
                written += label.name
                written += "=\""
                written += ExpositionText.escaped(label.value)
                written += "\""
            }
            written += "}"
        }
        written += " "
        written += sample.value.text
        if let timestamp = sample.timestamp {
            written += " " + text(of: timestamp)
        }
        written += "\n"
    }

    /// Ends the text.
    package mutating func end() {
        if format == .openMetrics {
            written += "# EOF\n"
        }
    }

    /// Seconds with as many decimals as it takes, or, before OpenMetrics, milliseconds.
    private func text(of timestamp: Timestamp) -> String {
        switch format {
        case .prometheus:
            return String(timestamp.nanoseconds.flooringQuotient(1_000_000))
        case .openMetrics:
            return timestamp.decimalSeconds
        }
    }

    /// A label's value between quotes.
    private static func escaped(_ text: String) -> String {
        escaped(text, quotes: true)
    }

    private func escapedHelp(_ text: String) -> String {
        ExpositionText.escaped(text, quotes: format == .openMetrics)
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            (32...126).contains(byte) && byte != 92 && (byte != 34 || !quotes)
        }
        if isPlain { return text }
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            // What is scraped is read on a terminal as well.
            default:
                escaped.unicodeScalars.append(ReportText.isShown(scalar) ? scalar : "\u{FFFD}")
            }
        }
        return escaped
    }
}
