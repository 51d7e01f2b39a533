internal import ArgumentParser
internal import Commerce
internal import Documents
internal import OpenSLO
internal import OpeningStores
internal import Prometheus
internal import PrometheusStores
internal import SLO
internal import Storage
internal import Timekeeping

/// An objective as its documents have it, and each way in which it is followed.
struct FollowedObjective: Sendable {
    var objective: Objective
    var variants: [Objective]
    /// How far back anything is asked for.
    var reach: Duration { variants.map(\.historyReach).max() ?? objective.historyReach }
}

/// Where the history of objectives is read from.
struct HistorySource {
    /// Where that is which is not asked of a Prometheus.
    enum Place {
        case file(HistoryFile, path: String)
        case store(StoreOpening.Opened<any Warehouse>, any SLIHistory, [SliceSeriesExtent])
        /// Every objective is asked of a Prometheus, or measured by what is not read here.
        case nowhere
    }

    let place: Place
    /// Nil where a file takes its place.
    var queries: PrometheusSources?

    /// What it is called in a report.
    var label: String {
        let servers = queries?.labels ?? []
        switch place {
        case .file(_, let path): return path
        case .store(let opened, _, _): return ([opened.label] + servers).joined(separator: ", ")
        case .nowhere: return servers.joined(separator: ", ")
        }
    }

    /// The end of all that it has; nil where it has nothing.
    var end: Timestamp? {
        switch place {
        case .nowhere:
            nil
        case .file(let file, _):
            file.series.compactMap { series in series.slices.last.map { $0.start + series.slice } }
                .max()
        case .store(_, _, let extents):
            extents.map(\.range.upperBound).max()
        }
    }

    /// Reads of the file at `path` what `extent` asks for, and tells on standard error what of it
    /// is not taken.
    ///
    /// - Throws: `InputError` where it cannot be read, `DocumentError` where it is not a history.
    static func file(at path: String, keeping extent: HistoryExtent) throws -> HistorySource {
        let reader = try RecordReader(path: path, waits: true)
        let file = try HistoryFileReader(path, keeping: extent).read(reader)
        for warning in file.warnings {
            Terminal.message("warning: \(warning)")
        }
        for mistake in file.mistakes {
            Terminal.message("\(mistake)")
        }
        if file.refusedRows > 0 {
            let (count, listed) = (file.refusedRows, file.mistakes.count)
            Terminal.message(
                "\(path): \(count) \(count == 1 ? "row" : "rows") not counted"
                    + (listed < count ? ", the first \(listed) of which are listed above" : "")
            )
        }
        return HistorySource(place: .file(file, path: path))
    }

    /// Ends with the exit code for it where the history is a file that was cut off: what it lacks,
    /// is not known.
    func expectWhole() throws {
        if case .file(let file, _) = place, file.isTruncated {
            throw ExitStatus.wrongDocument.code
        }
    }

    /// The warehouse that `url` names for objectives that a run has the history of, and the servers
    /// that `dataSources` name for the others.
    ///
    /// The warehouse has to be there, reading makes none; and it is opened only where an objective
    /// of `entries` needs it.
    static func stores(
        _ url: String?,
        for entries: [ObjectiveSet.Entry],
        _ dataSources: [ObjectiveSet.DataSource]
    ) async throws -> HistorySource {
        let queried = entries.filter(\.objective.isQueried)
        let queries =
            queried.isEmpty ? nil : try PrometheusSources(of: queried, dataSources)
        let needsRun =
            entries.isEmpty
            || entries.contains { !$0.objective.isQueried && !$0.objective.isUnread }
        guard needsRun else {
            return HistorySource(place: .nowhere, queries: queries)
        }
        return HistorySource(place: try await warehouse(url), queries: queries)
    }

    private static func warehouse(_ url: String?) async throws -> Place {
        let opened = try await StorePlaces.opening.warehouse(
            at: StorePlaces.warehouse(url) ?? StorePlaces.standardWarehouse,
            for: .reading
        )
        guard let history = opened.store.history else {
            throw StoreError(.wrongURL, "\(opened.label) keeps no history; name another one")
        }
        return .store(opened, history, try await history.extents())
    }

    /// Refuses a width of slices that does not suit what is there.
    ///
    /// - Throws: `ValidationError` where the rows of a file are wider, or would lie across two
    ///   slices, and where nothing is cut into slices on being read.
    func check(slice: Duration) throws {
        switch place {
        case .store where queries == nil:
            throw ValidationError(
                "--slice is for --history and for what a Prometheus is asked; a warehouse has "
                    + "slices of its own."
            )
        case .store, .nowhere: return
        case .file(let file, let path):
            for series in file.series where series.slices.count > 1 {
                let (width, remainder) = slice.inNanoseconds.quotientAndRemainder(
                    dividingBy: series.slice.inNanoseconds
                )
                guard width < 1 || remainder != 0 else { continue }
                throw ValidationError(
                    "--slice \(DurationText.write(slice)): the rows of \(path) are "
                        + "\(DurationText.write(series.slice)) wide; expected that, or a multiple "
                        + "of it."
                )
            }
        }
    }

    /// Lets go of it.
    func close() async throws {
        if case .store(let opened, _, _) = place {
            try await opened.store.close()
        }
    }

    /// What it has of `objective` in `range`.
    ///
    /// `slice` is how wide the slices of a file are, or those a query is cut into, where that is
    /// given. Throws `PrometheusError` where a Prometheus does not answer.
    func read(
        _ objective: Objective,
        in range: Range<Timestamp>,
        slice: Duration?
    ) async throws -> RecordedHistory {
        if objective.isUnread { return RecordedHistory(emptyFor: objective) }
        if let queries, objective.isQueried {
            return try await queries.read(objective, in: range, slice: slice)
        }
        switch place {
        case .nowhere:
            return RecordedHistory(emptyFor: objective)
        case .file(let file, _):
            let series =
                file.series.first { $0.objective == objective.name }
                ?? file.series.first { $0.objective == nil }
            return series?.history(slice: slice) ?? RecordedHistory(emptyFor: objective)
        case .store(_, let history, let extents):
            return try await RecordedHistory.read(
                objective,
                from: history,
                extents: extents,
                in: range
            )
        }
    }

    /// Reads the histories one after the other, and follows each while the next ones are read.
    ///
    /// An objective is read as its documents have it, once, and followed as each of its variants;
    /// the burn-down of the one at a place has about as many steps as `points` says there. One
    /// that a server would have the history of, and does not give, has none: `unanswered` says
    /// why.
    func reviews(
        of objectives: [FollowedObjective],
        asOf: Timestamp,
        slice: Duration? = nil,
        points: [Int]
    ) async throws -> (reviews: [[ObjectiveReview]], unanswered: [String]) {
        try await withThrowingTaskGroup { group in
            for (number, followed) in objectives.enumerated() {
                group.addTask {
                    let objective = followed.objective
                    var history = RecordedHistory(emptyFor: objective)
                    var unanswered: String?
                    do {
                        history = try await read(
                            objective,
                            in: (asOf - followed.reach)..<asOf,
                            slice: slice
                        )
                    } catch let error as PrometheusError where error.code == .unavailable {
                        unanswered = "\(objective.name): \(error)"
                    }
                    var reviews: [ObjectiveReview] = []
                    for (variant, points) in zip(followed.variants, points) {
                        reviews.append(
                            try ObjectiveReview(
                                variant,
                                history: history,
                                asOf: asOf,
                                points: points
                            )
                        )
                    }
                    return (number, reviews, unanswered)
                }
            }
            var all: [(number: Int, reviews: [ObjectiveReview], unanswered: String?)] = []
            for try await one in group { all.append(one) }
            all.sort { $0.number < $1.number }
            return (all.map(\.reviews), all.compactMap(\.unanswered))
        }
    }
}

/// Reads a file of counts, whatever form it has.
struct HistoryFileReader {
    private let path: String
    private let extent: HistoryExtent

    init(_ path: String, keeping extent: HistoryExtent) {
        self.path = path
        self.extent = extent
    }

    /// The history, as the first line that says something tells: an exposition, or a table.
    func read(_ reader: RecordReader) throws -> HistoryFile {
        var counters: CounterSeriesReader?
        var table = SliceTableReader(file: path, keeping: extent)
        while case .record(let line) = try reader.next() {
            if counters == nil, !table.hasColumns, line.rejection == nil,
                CounterSeriesReader.isExposition(String(decoding: line.bytes, as: UTF8.self))
            {
                counters = CounterSeriesReader(file: path, keeping: extent)
            }
            switch (line.rejection, counters == nil) {
            case (let rejection?, true): table.refuse("\(rejection)", number: line.line)
            case (let rejection?, false): counters?.refuse("\(rejection)", number: line.line)
            case (nil, true): try table.take(line.bytes, number: line.line)
            case (nil, false): counters?.take(line.bytes, number: line.line)
            }
        }
        return try counters?.finish() ?? table.finish()
    }
}
