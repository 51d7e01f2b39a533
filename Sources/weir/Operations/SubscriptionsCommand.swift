internal import ArgumentParser
internal import Operations
internal import Pipeline
internal import Reports
internal import Timekeeping

/// `weir subscriptions`: where the messages of each subscription are.
struct SubscriptionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "subscriptions",
        abstract: "How far each subscription is, and what holds its messages up.",
        subcommands: [
            SubscriptionsListCommand.self, SubscriptionsSeekCommand.self,
            SubscriptionsSnapshotCommand.self, SubscriptionsPurgeCommand.self,
        ]
    )
}

/// `weir subscriptions list`.
struct SubscriptionsListCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Where the messages of each subscription are, and what holds them up.",
        discussion: """
            With --at it asks a run that is under way. Each thing that messages wait for is told \
            with since when, and what lets them go on: their next attempt, an earlier message of \
            their ordering key, room in a full subscription, a worker that does not acknowledge.

            With --pipeline it asks the stores of that pipeline: how far each subscription has \
            come, how many stored events are still to be counted, what it gave up and has not \
            been decided about, and what it shed, let expire or skipped. What was published and \
            not stored is in no store: that is unknown, never 0.
            """
    )

    @OptionGroup var live: LiveRunOptions

    @Option(help: "The pipeline file whose stores are asked.")
    var pipeline: String?

    @OptionGroup var places: StorePlaces

    @OptionGroup var output: DocumentOutput

    func validate() throws {
        try live.exclude(
            ("--pipeline", pipeline != nil),
            ("--raw", places.raw != nil),
            ("--warehouse", places.warehouse != nil)
        )
        guard live.at != nil || pipeline != nil else {
            throw ValidationError(
                "Name the run, --at http://127.0.0.1:8080, or the pipeline whose stores are asked, "
                    + "--pipeline <file>."
            )
        }
    }

    func perform() async throws {
        let listing = try await live.ask("subscriptions", []) {
            try SubscriptionListing(json: $0)
        }
        if let listing { return try output.print(listing) }
        let document = try PipelineDocument.read(path: pipeline ?? "")
        let stores = await ReadStores(document, places)
        let stored = await SubscriptionListing(
            document.subscriptions.map { stores.standing(of: $0, in: document) },
            at: ReportText.printable(pipeline ?? ""),
            failures: stores.failures.map { "\($0)" }
        )
        await stores.close()
        try output.print(stored)
        if let first = stores.failures.first { throw ExitStatus(first).code }
        if !stored.failures.isEmpty { throw ExitStatus.storeUnavailable.code }
    }
}

/// `weir subscriptions seek`.
struct SubscriptionsSeekCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "seek",
        abstract: "Bring messages of a run back, or skip them, in bulk.",
        discussion: """
            As of Google Pub/Sub: what was published before the time, or was acked in the \
            snapshot, is taken for acked; all else is delivered, again where it was acked. Acked \
            messages can come again where the subscription keeps them (retainAckedMessages). It \
            first says what would change, and asks.
            """
    )

    @OptionGroup var options: SeekOptions

    @Option(help: "To when, such as 2026-01-31T12:00:00Z.")
    var time: String?

    @Option(help: "To a snapshot that 'weir subscriptions snapshot' made.")
    var snapshot: String?

    func validate() throws {
        guard (time == nil) != (snapshot == nil) else {
            throw ValidationError("Name either --time or --snapshot.")
        }
        if let time, Timestamp(rfc3339: time) == nil {
            throw ValidationError(
                "--time \(time) is no time; expected one such as 2026-01-31T12:00:00Z, before 2262."
            )
        }
    }

    func perform() async throws {
        if let time { try await options.seek(("time", time)) }
        if let snapshot { try await options.seek(("snapshot", snapshot)) }
    }
}

/// `weir subscriptions purge`.
struct SubscriptionsPurgeCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "purge",
        abstract: "Skip every message of a run that a subscription has not acked: a seek to now.",
        discussion: """
            What is skipped is processed by nobody; the report of the run counts and names it. It \
            first says how many that would be, and asks.
            """
    )

    @OptionGroup var options: SeekOptions

    func perform() async throws { try await options.seek(("purge", "true")) }
}

/// `weir subscriptions snapshot`.
struct SubscriptionsSnapshotCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "snapshot",
        abstract: "Note what a subscription of a run has acked, to seek to later.",
        discussion: "It lives as long as the run."
    )

    @Argument(help: "The subscription.")
    var subscription: String

    @Argument(help: "What the snapshot is called.")
    var name: String

    @OptionGroup var live: LiveRunOptions

    func validate() throws {
        guard live.at != nil else {
            throw ValidationError("Name the run: --at http://127.0.0.1:8080.")
        }
    }

    func perform() async throws {
        let fields = [("subscription", subscription), ("name", name)]
        let made = try await live.ask("subscriptions/snapshot", by: "POST", fields) {
            try JSONText.read($0) as SnapshotNote
        }
        guard let made else { return }
        let count = ReportNumbers.count(made.unsettled)
        try Terminal.result(
            ReportText.printable(
                "snapshot \(made.name) of \(made.subscription): \(count) messages not acked"
            )
        )
    }
}
