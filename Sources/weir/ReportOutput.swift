internal import ArgumentParser
internal import Reports
internal import Stages

/// Where a report goes: to standard output, and to files.
struct ReportOutput: ParsableArguments {
    @Option(help: "Also write the report here: .json, .md, .html or .txt (repeatable).")
    var report: [String] = []

    @Option(help: "How the summary is printed: text or json.")
    var format: SummaryFormat = .text

    mutating func validate() throws {
        for path in report where ReportFormat(path: path) == nil {
            throw ValidationError(
                "--report \(path): the name must end in .json, .md, .html or .txt."
            )
        }
    }

    /// Writes the files, and prints `finding`.
    func show(_ finding: some WrittenReport) throws {
        for path in report {
            guard let format = ReportFormat(path: path) else { continue }
            try ReportFile.write(try finding.rendered(as: format), to: path)
        }
        switch format {
        case .text: try Terminal.document(finding.document.text(colour: Terminal.usesColour) + "\n")
        case .json: try Terminal.document(try finding.json())
        }
        for path in report { Terminal.message("report: \(path)") }
    }
}
