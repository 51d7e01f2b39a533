internal import ArgumentParser
internal import Stages

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
        } catch is StoreError {
            return ExitStatus.storeUnavailable.rawValue
        } catch {
            return Weir.exitCode(for: error).rawValue
        }
    }

    /// Whether `arguments` name a command as it is to be, which is not run.
    package static func isCommand(_ arguments: [String]) -> Bool {
        (try? Weir.parseAsRoot(arguments)) != nil
    }
}
