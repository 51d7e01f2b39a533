internal import ArgumentParser
internal import Operations
internal import Reports

/// `weir subscriptions`: where the messages of each subscription are.
struct SubscriptionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "subscriptions",
        abstract: "How far each subscription is, and what holds its messages up.",
        subcommands: [SubscriptionsListCommand.self]
    )
}

/// `weir subscriptions list`.
struct SubscriptionsListCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Where the messages of each subscription are, and what holds them up.",
        discussion: """
            Asks a run that is under way. Each thing that messages wait for is told with since \
            when, and what lets them go on: their next attempt, an earlier message of their \
            ordering key, room in a full subscription, a worker that does not acknowledge.
            """
    )

    @OptionGroup var live: LiveRunOptions

    @OptionGroup var output: DocumentOutput

    func validate() throws {
        guard live.at != nil else {
            throw ValidationError("Name the run: --at http://127.0.0.1:8080.")
        }
    }

    func perform() async throws {
        let listing = try await live.ask("subscriptions", []) {
            try SubscriptionListing(json: $0)
        }
        if let listing { try output.print(listing) }
    }
}
