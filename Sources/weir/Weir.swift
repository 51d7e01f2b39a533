internal import ArgumentParser

/// The command line: each verb is a file of its own.
@main
struct Weir: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "weir",
        abstract: "A flight simulator for streaming analytics pipelines.",
        version: version,
        subcommands: [
            RunCommand.self, SimulateCommand.self, CapacityCommand.self, SLOCommand.self,
            InvariantsCommand.self, DatasetsCommand.self, DeployCommand.self, ServeCommand.self,
            TemplateCommand.self,
        ]
    )

    static let version = "0.1.0"

    static func main() async {
        SecretArguments.hide()
        await main(nil)
    }
}
