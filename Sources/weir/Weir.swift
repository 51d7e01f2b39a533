internal import ArgumentParser
internal import Foundation
internal import Storage

/// The command line: each verb is a file of its own.
@main
struct Weir: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "weir",
        abstract: "A flight simulator for streaming analytics pipelines.",
        discussion: "'weir --version' shows the version.",
        subcommands: [
            RunCommand.self, SimulateCommand.self, CapacityCommand.self, SLOCommand.self,
            InvariantsCommand.self, DatasetsCommand.self, TraceCommand.self, EventsCommand.self,
            SubscriptionsCommand.self, DeadLettersCommand.self, LogsCommand.self,
            DeployCommand.self, ServeCommand.self, TrackCommand.self, InspectCommand.self,
            TemplateCommand.self,
        ]
    )

    static let version = "0.1.0"

    static func main() async {
        SecretArguments.hide()
        do {
            try Surroundings.prepare()
            // The parser's own would be an option of every command, and one has a --version itself.
            if CommandLine.arguments.dropFirst().elementsEqual(["--version"]) {
                return try Terminal.result(version)
            }
            var command = try await asyncParseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let error as Surroundings.Unfit {
            end(error)
        } catch let error as StoreError {
            end(error)
        } catch {
            say(fullMessage(for: error), isResult: exitCode(for: error).isSuccess)
            Foundation.exit(exitCode(for: error).rawValue)
        }
    }

    /// Says what the parser has to say, which may be the help that was asked for.
    private static func say(_ text: String, isResult: Bool) {
        guard !text.isEmpty else { return }
        guard isResult else { return Terminal.message(text) }
        do {
            try Terminal.document(text + "\n")
        } catch let code as ExitCode {
            Foundation.exit(code.rawValue)
        } catch {
            end(error)
        }
    }

    private static func end(_ error: any Error) -> Never {
        Terminal.message("weir: \(error)")
        Foundation.exit(ExitStatus(error).rawValue)
    }
}

/// The command line within a process of its caller's, for tests that ask it thousands of times.
package enum CommandRun {
    /// Runs the command that `arguments` name, and gives its exit code.
    package static func exitCode(of arguments: [String]) async -> Int32 {
        do {
            var command = try Weir.parseAsRoot(arguments)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            return 0
        } catch {
            return Weir.exitCode(for: error).rawValue
        }
    }

    /// Whether `arguments` name a command that is as it should be; it is not run.
    package static func isCommand(_ arguments: [String]) -> Bool {
        (try? Weir.parseAsRoot(arguments)) != nil
    }
}
