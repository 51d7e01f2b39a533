internal import ArgumentParser
internal import Documents
internal import OpenSLO
internal import Pipeline
internal import SLO

/// `weir slo lint`: what is wrong with OpenSLO documents, and what is doubtful.
struct SLOLintCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "lint",
        abstract: "Check OpenSLO documents: all mistakes at once, and warnings.",
        discussion: "With mistakes it ends with 65, with warnings alone with 0."
    )

    @Argument(help: "Files or directories (default: slo/storefront).")
    var paths: [String] = []

    @OptionGroup var output: ListingOutput

    func perform() async throws {
        let paths = paths.isEmpty ? ObjectiveFiles.standard : paths
        let reading = OpenSLO.read(try OpenSLO.files(at: paths))
        let world = ObjectiveLint.World(meters: PipelineMeter.names)
        let doubts = reading.warnings + ObjectiveLint.warnings(for: reading.set, in: world)
        let finding = LintReport(
            mistakes: reading.mistakes,
            warnings: doubts.sorted(),
            objectives: reading.set.objectives.map(\.name)
        )
        try output.print(finding)
        if !reading.mistakes.isEmpty { throw ExitStatus.wrongDocument.code }
    }
}
