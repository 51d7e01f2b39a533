internal import Reports
internal import Timekeeping

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
