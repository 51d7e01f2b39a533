internal import ArgumentParser
internal import OpenSLO
internal import Prometheus
internal import SLO
internal import Timekeeping

/// `weir slo export`: the whole history for another program.
struct SLOExportCommand: Verb {
    /// `--format` of an export.
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case openmetrics
    }

    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Export the history as counters with timestamps, to fill a Prometheus.",
        discussion: """
            weir slo export > history.om
            promtool tsdb create-blocks-from openmetrics history.om <data directory>
            """
    )

    @OptionGroup var options: SLOOptions

    @Option(help: "The output format: openmetrics.")
    var format: Format = .openmetrics

    func validate() throws {
        if options.window != nil {
            throw ValidationError("--window is for reports; an export has the whole history.")
        }
    }

    func perform() async throws {
        let set = try options.objectives.read()
        let source = try await SLOEvaluation.source(options, options.objective, of: set)
        let chosen = try SLOEvaluation.choose(
            options.objective,
            from: set.objectives,
            for: source
        )
        var end = Timestamp.distantFuture
        if case .instant(let instant) = options.asOf { end = instant }
        var histories: [(objective: Objective, history: RecordedHistory)] = []
        for objective in chosen {
            let history = try await source.read(
                objective,
                in: .distantPast..<end,
                slice: options.slice
            )
            histories.append((objective, history))
        }
        try await source.close()
        try HistoryExport(following: histories).write { piece in
            try Terminal.document(piece)
        }
        try source.expectWhole()
    }
}
