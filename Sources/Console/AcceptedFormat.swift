package import SLO

/// What a scraper wants to read: RFC 9110, section 12.5.1.
package enum AcceptedFormat {
    /// The format with the highest weight in the `Accept` header fields of a request.
    ///
    /// OpenMetrics has to be named, for whoever says that anything will do may know nothing of it;
    /// where neither format is wanted it is text 0.0.4 as well.
    package static func choose(_ fields: [String]) -> ExpositionText.Format {
        var weights: [ExpositionText.Format: Double] = [:]
        for range in fields.flatMap({ $0.split(separator: ",") }) {
            let parts = range.split(separator: ";").map { part in
                part.filter { $0 != " " && $0 != "\t" && $0 != "\"" }.lowercased()
            }
            guard let type = parts.first, let format = format(of: type, parts.dropFirst()) else {
                continue
            }
            weights[format] = max(weights[format] ?? 0, weight(parts.dropFirst()))
        }
        let openMetrics = weights[.openMetrics] ?? 0
        return openMetrics > 0 && openMetrics >= weights[.prometheus] ?? 0
            ? .openMetrics : .prometheus
    }

    private static func format(
        of type: String,
        _ parameters: ArraySlice<String>
    ) -> ExpositionText.Format? {
        let version = parameters.first { $0.hasPrefix("version=") }?.dropFirst(8)
        switch type {
        case "application/openmetrics-text":
            // What 0.0.1 asks for is what became 1.0.
            return version.map { ["0.0.1", "1.0.0"].contains($0) } ?? true ? .openMetrics : nil
        case "text/plain":
            return version.map { $0 == "0.0.4" } ?? true ? .prometheus : nil
        case "text/*", "*/*":
            return .prometheus
        default:
            return nil
        }
    }

    private static func weight(_ parameters: ArraySlice<String>) -> Double {
        guard let text = parameters.first(where: { $0.hasPrefix("q=") }) else { return 1 }
        // One that cannot be read wants nothing.
        return Double(text.dropFirst(2)).map { min(max($0, 0), 1) } ?? 0
    }
}
