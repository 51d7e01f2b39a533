internal import ArgumentParser
internal import Foundation
internal import Stages

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
        do {
            try Surroundings.prepare()
            var command = try await asyncParseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let error as StoreError {
            end(.storeUnavailable, error.message)
        } catch let error as Surroundings.Unfit {
            end(.storeUnavailable, error.description)
        } catch {
            end(error)
        }
    }

    /// Says what the parser says of `error`, which may be the help that was asked for.
    private static func end(_ error: any Error) -> Never {
        let code = exitCode(for: error)
        let text = fullMessage(for: error)
        if !code.isSuccess {
            if !text.isEmpty { Terminal.message(text) }
        } else if !text.isEmpty {
            do {
                try Terminal.document(text + "\n")
            } catch {
                end(.storeUnavailable, "\(error)")
            }
        }
        Foundation.exit(code.rawValue)
    }

    private static func end(_ status: ExitStatus, _ message: String) -> Never {
        Terminal.message("weir: \(message)")
        Foundation.exit(status.rawValue)
    }
}
