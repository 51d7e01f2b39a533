internal import ArgumentParser
internal import Foundation
internal import Operations
internal import Reports
internal import Timekeeping

/// What the commands that change where a subscription is have in common.
struct SeekOptions: ParsableArguments {
    @Argument(help: "The subscription.")
    var subscription: String

    @OptionGroup var live: LiveRunOptions

    @Flag(help: "Only say what it would change.")
    var dryRun = false

    @Flag(help: "Do not ask.")
    var yes = false

    @OptionGroup var output: DocumentOutput

    func validate() throws {
        guard live.at != nil else {
            throw ValidationError("Name the run: --at http://127.0.0.1:8080.")
        }
        guard yes || dryRun || isatty(0) == 1 else {
            throw ValidationError("Without a terminal to ask on, it needs --yes or --dry-run.")
        }
    }

    /// Says what a seek to where `target` says would change, asks, and does it.
    func seek(_ target: (name: String, value: String)) async throws {
        let fields = [("subscription", subscription), target]
        func ask(_ method: String) async throws -> SeekReport? {
            try await live.ask("subscriptions/seek", by: method, fields) {
                try SeekReport(json: $0)
            }
        }
        guard let plan = try await ask("GET") else { return }
        guard !dryRun, !plan.changesNothing else {
            var plan = plan
            // Where nothing was to be done, it is done.
            plan.isDone = !dryRun
            return try output.print(plan)
        }
        if !yes {
            let text = plan.document.text(colour: Terminal.usesColour)
            Terminal.message(text + "\nDo it? The run goes on meanwhile. Type yes to go on.")
            guard readLine() == "yes" else {
                return try Terminal.result("\(subscription): nothing was changed")
            }
        }
        if let report = try await ask("POST") { try output.print(report) }
    }
}
