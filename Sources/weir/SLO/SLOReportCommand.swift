internal import ArgumentParser
internal import Reports
internal import SLO

/// `weir slo report`: how each objective stands, with all its figures.
struct SLOReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "How each objective stands: SLI, budget, burn rates, alerts, worst days."
    )

    @OptionGroup var options: SLOOptions

    @Option(help: "How it is printed: text, json, markdown, html or openmetrics.")
    var format: SLOReportFormat = .text

    @Flag(help: "\(Gate.help)")
    var gate = false

    func run() async throws {
        try await SLOCommand.reporting {
            let points = format == .html || format == .json ? 480 : 0
            let evaluation = try await SLOEvaluation(options, points: points)
            let report = evaluation.report
            try Terminal.document(try text(of: evaluation, report))
            try evaluation.expectAnswers()
            if gate { try evaluation.gate.hold() }
        }
    }

    private func text(of evaluation: SLOEvaluation, _ report: SLOReport) throws -> String {
        switch format {
        case .text: return report.document.text(colour: Terminal.usesColour)
        case .json: return try report.json()
        case .markdown: return report.document.markdown()
        case .html: return report.document.html()
        case .openmetrics:
            let readings = evaluation.reviews.map {
                ObjectiveMetrics.Reading($0.status, $0.tracker.count)
            }
            return ExpositionText.write(ObjectiveMetrics(readings).families, as: .openMetrics)
        }
    }
}

/// `weir slo status`: one line for each objective.
struct SLOStatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "One line for each objective."
    )

    @OptionGroup var options: SLOOptions

    @Option(help: "How it is printed: text or json.")
    var format: SummaryFormat = .text

    @Flag(help: "\(Gate.help)")
    var gate = false

    func run() async throws {
        try await SLOCommand.reporting {
            let evaluation = try await SLOEvaluation(options)
            let report = evaluation.report
            switch format {
            case .text: try Terminal.result(report.lines.joined(separator: "\n"))
            case .json: try Terminal.document(try report.statusJSON())
            }
            try evaluation.expectAnswers()
            if gate { try evaluation.gate.hold() }
        }
    }
}

/// `weir slo explain`: every sum behind every figure of an objective.
struct SLOExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Every sum behind every figure of an objective, to be redone by hand."
    )

    @Argument(help: "The objective's name.")
    var slo: String

    @OptionGroup var options: SLOOptions

    @Option(help: "How it is printed: text, json, markdown or html.")
    var format: SLOTextFormat = .text

    func run() async throws {
        try await SLOCommand.reporting {
            let evaluation = try await SLOEvaluation(options, only: [slo])
            let report = evaluation.report
            for objective in report.objectives {
                let explanation = SLOExplanation(objective, in: report)
                try Terminal.document(try format.write(explanation.document, json: report.json))
            }
            try evaluation.expectAnswers()
        }
    }
}
