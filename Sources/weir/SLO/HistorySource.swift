internal import Commerce
internal import Documents
internal import Foundation
internal import SLO
internal import SQLiteStores
internal import Stages
internal import Timekeeping

/// Where the history of objectives is read from.
enum HistorySource {
    case file(HistoryFile, path: String)
    case store(OpenHistory, extents: [SliceSeriesExtent])

    static let defaultWarehouse = "sqlite:.weir/warehouse.sqlite"

    /// What it is called in a report.
    var label: String {
        switch self {
        case .file(_, let path): path
        case .store(let store, _): store.label
        }
    }

    /// The end of all that it has; nil where it has nothing.
    var end: Timestamp? {
        switch self {
        case .file(let file, _):
            file.series.compactMap { series in series.slices.last.map { $0.start + series.slice } }
                .max()
        case .store(_, let extents):
            extents.map(\.range.upperBound).max()
        }
    }

    /// Reads the file at `path`, and tells on standard error what of it is not taken.
    ///
    /// - Throws: `InputError` where it cannot be read, `DocumentError` where it is no history.
    static func file(at path: String) throws -> HistorySource {
        let reader = try LineReader(path: path)
        let file = try HistoryFileReader(path).read(reader)
        for warning in file.warnings {
            Terminal.message("warning: \(warning)")
        }
        for mistake in file.mistakes {
            Terminal.message("\(mistake)")
        }
        if !file.mistakes.isEmpty {
            Terminal.message("\(path): \(file.mistakes.count) rows not counted")
        }
        return .file(file, path: path)
    }

    /// Opens the warehouse that `url` names, which has to be there: reading makes none.
    static func warehouse(_ url: String?) async throws -> HistorySource {
        let url =
            url ?? ProcessInfo.processInfo.environment["WEIR_WAREHOUSE_URL"] ?? defaultWarehouse
        guard url != "memory:" else {
            throw StoreURLError(
                description: "a warehouse in memory is gone with its run; expected sqlite:<path>"
            )
        }
        if let location = SQLiteLocation(url: url),
            !FileManager.default.fileExists(atPath: location.path)
        {
            throw InputError(
                .notFound,
                "there is no warehouse at \(location.path); expected one that 'weir run' has "
                    + "made, or --history <file>"
            )
        }
        let opened = try await OpenHistory(url)
        return .store(opened, extents: try await opened.history.extents())
    }

    /// Lets go of it.
    func close() async throws {
        if case .store(let store, _) = self {
            try await store.warehouse.close()
        }
    }

    /// What it has of `objective` in `range`.
    ///
    /// `slice` is how wide the slices of a file are, where that is told.
    func read(
        _ objective: Objective,
        in range: Range<Timestamp>,
        slice: Duration?
    ) async throws -> RecordedHistory {
        switch self {
        case .file(let file, _):
            let series =
                file.series.first { $0.objective == objective.name }
                ?? file.series.first { $0.objective == nil }
            return series?.history(slice: slice) ?? RecordedHistory(emptyFor: objective)
        case .store(let store, let extents):
            return try await RecordedHistory.read(
                objective,
                from: store.history,
                extents: extents,
                in: range
            )
        }
    }
}

/// Reads a file of counts, whatever form it has.
struct HistoryFileReader {
    private let path: String

    init(_ path: String) {
        self.path = path
    }

    /// The history, as the first line that says something tells: an exposition, or a table.
    func read(_ reader: LineReader) throws -> HistoryFile {
        var counters: CounterSeriesReader?
        var table = SliceTableReader(file: path)
        while let line = try reader.next() {
            if let flaw = line.flaw {
                table.refuse("\(flaw)", number: line.number)
                continue
            }
            let text = String(decoding: line.bytes, as: UTF8.self)
            if counters == nil, !table.hasColumns, CounterSeriesReader.isExposition(text) {
                counters = CounterSeriesReader(file: path)
            }
            if counters == nil {
                try table.take(text, number: line.number)
            } else {
                counters?.take(text, number: line.number)
            }
        }
        return try counters?.finish() ?? table.finish()
    }
}
