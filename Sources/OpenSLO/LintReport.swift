package import Documents
internal import Reports

/// What is wrong with some documents, and what is doubtful (`schema_version` 1).
package struct LintReport: WrittenListing, Codable, Sendable {
    /// One thing and where it is.
    package struct Finding: Codable, Sendable {
        /// `mistake` or `warning`.
        package var severity: String
        package var file: String
        package var line: Int
        package var column: Int
        package var message: String

        fileprivate init(_ severity: String, _ mistake: Mistake) {
            self.severity = severity
            file = mistake.file
            line = mistake.line
            column = mistake.column
            message = mistake.message
        }

        fileprivate var text: String {
            "\(file):\(line):\(column): \(severity == "mistake" ? "" : "warning: ")\(message)"
        }
    }

    package var schemaVersion = 1
    /// The names of the objectives that could be made.
    package var objectives: [String]
    package var findings: [Finding]

    package init(mistakes: [Mistake], warnings: [Mistake], objectives: [String]) {
        self.objectives = objectives
        findings = mistakes.map { Finding("mistake", $0) }
        findings += warnings.map { Finding("warning", $0) }
    }

    /// A line for each finding, and one that counts them.
    package func text(colour: Bool) -> String {
        let mistakes = findings.count { $0.severity == "mistake" }
        let summary =
            "\(objectives.count) objectives, \(mistakes) mistakes, "
            + "\(findings.count - mistakes) warnings"
        let lines = findings.map(\.text) + [summary]
        return ReportText.printableLines(lines.joined(separator: "\n")) + "\n"
    }
}
