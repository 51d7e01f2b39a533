internal import ArgumentParser
internal import OpenSLO
internal import Prometheus
internal import Reports
internal import SLO

/// `weir slo report`: how each objective stands, with all its figures.
struct SLOReportCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "How each objective stands: SLI, budget, burn rates, alerts, worst days."
    )

    @OptionGroup var options: SLOOptions

    @Option(help: "How it is printed: text, json, markdown, html or openmetrics.")
    var format: SLOReportFormat = .text

    @Flag(help: "\(Gate.help)")
    var gate = false

    func perform() async throws {
        let points = format == .html || format == .json ? 480 : 0
        let evaluation = try await SLOEvaluation(options, points: points)
        if let format = ReportFormat(rawValue: format.rawValue) {
            let report = evaluation.report
            try Terminal.document(try report.rendered(as: format, colour: Terminal.usesColour))
        } else {
            let readings = evaluation.reviews.map {
                ObjectiveMetrics.Reading($0.status, $0.tracker.count)
            }
            let families = ObjectiveMetrics(readings).families
            try Terminal.document(ExpositionText.write(families, as: .openMetrics))
        }
        try evaluation.expectAnswers()
        if gate { try evaluation.gate.hold() }
    }
}

/// `--format` of a report.
enum SLOReportFormat: String, ExpressibleByArgument, CaseIterable {
    case text
    case json
    case markdown
    case html
    case openmetrics
}

/// `weir slo status`: one line for each objective.
struct SLOStatusCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "One line for each objective."
    )

    @OptionGroup var options: SLOOptions

    @OptionGroup var output: ListingOutput

    @Flag(help: "\(Gate.help)")
    var gate = false

    func perform() async throws {
        let evaluation = try await SLOEvaluation(options)
        try output.print(SLOStatus(evaluation.report))
        try evaluation.expectAnswers()
        if gate { try evaluation.gate.hold() }
    }
}

/// `weir slo explain`: every sum behind every figure of an objective.
struct SLOExplainCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Every sum behind every figure of an objective, to be redone by hand."
    )

    @Argument(help: "The objective's name; left out, they are listed.")
    var slo: String?

    @OptionGroup var options: SLOOptions

    @OptionGroup var output: DocumentOutput

    func perform() async throws {
        guard let slo else { return try list() }
        let evaluation = try await SLOEvaluation(options, only: [slo])
        let report = evaluation.report
        for (objective, review) in zip(report.objectives, evaluation.reviews) {
            let definition = review.status.objective
            try output.print(SLOExplanation(objective, of: definition, in: report))
        }
        try evaluation.expectAnswers()
    }

    /// Lists what can be explained.
    private func list() throws {
        let lines = try options.objectives.read().objectives.map { objective in
            "weir slo explain \(objective.name)"
                + (objective.displayName.map { "    # \($0)" } ?? "")
        }
        try Terminal.result(lines.joined(separator: "\n"))
    }
}
