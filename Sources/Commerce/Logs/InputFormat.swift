/// The formats of real logs that can be replayed.
package enum InputFormat: String, Sendable, CaseIterable {
    /// The purchases of CDNOW's customers, 1997 and 1998 (``CDNOWSource``).
    case cdnow
    /// CloudEvents, one JSON object a line (``NDJSONSource``).
    case ndjson
    /// Comma-separated values with a mapping of columns (``CSVSource``).
    case csv

    /// The format that the name of the file at `path` tells, or nil where it tells none.
    package static func guess(from path: String) -> InputFormat? {
        let name = (path.split(separator: "/").last ?? "").lowercased()
        if name.hasPrefix("cdnow"), name.hasSuffix(".txt") {
            return .cdnow
        }
        switch name.split(separator: ".", omittingEmptySubsequences: false).last {
        case "ndjson", "jsonl", "json": return .ndjson
        case "csv", "tsv": return .csv
        default: return nil
        }
    }
}

/// Opens the log at `path` (`-` is standard input) for replay.
///
/// Without a `format` the name of the file tells it; only a CSV file needs a `mapping`. The
/// texts of the log are kept in `symbols`.
package func openInput(
    path: String,
    format: InputFormat?,
    mapping: CSVMapping?,
    options: LogOptions = LogOptions(),
    symbols: SymbolTable
) throws(InputError) -> any EventSource {
    switch format ?? InputFormat.guess(from: path) {
    case .cdnow: return try CDNOWSource(path: path, options: options, symbols: symbols)
    case .ndjson: return try NDJSONSource(path: path, options: options, symbols: symbols)
    case .csv:
        guard let mapping else {
            try InputFile.find(path)
            throw InputError(
                .wrongFormat,
                "\(path): a CSV file needs a mapping of its columns; "
                    + "give one in the pipeline file"
            )
        }
        return try CSVSource(path: path, mapping: mapping, options: options, symbols: symbols)
    case nil:
        // A file that is not there is told first: its name may be what is wrong.
        try InputFile.find(path)
        let known = InputFormat.allCases.map(\.rawValue).joined(separator: ", ")
        throw InputError(
            .wrongFormat,
            "\(path): its name does not tell its format; say which one: \(known)"
        )
    }
}
