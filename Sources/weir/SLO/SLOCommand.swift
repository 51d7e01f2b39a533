internal import ArgumentParser

/// `weir slo`: objectives held to a history.
struct SLOCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "slo",
        abstract: "Hold objectives to what a run, or a file, has of their history.",
        subcommands: [
            SLOReportCommand.self, SLOStatusCommand.self, SLOExplainCommand.self,
            SLOExportCommand.self, SLOReplayCommand.self, SLOLintCommand.self,
            SLORulesCommand.self,
        ]
    )
}
