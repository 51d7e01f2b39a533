internal import ArgumentParser

/// `weir slo`: objectives checked against a history.
struct SLOCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "slo",
        abstract: "Judge objectives by the history that a run or a file has.",
        subcommands: [
            SLOReportCommand.self, SLOStatusCommand.self, SLOExplainCommand.self,
            SLOExportCommand.self, SLOReplayCommand.self, SLOLintCommand.self,
            SLORulesCommand.self,
        ]
    )
}
