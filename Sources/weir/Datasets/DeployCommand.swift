internal import ArgumentParser
internal import Datasets
internal import Documents
internal import Reports
internal import Storage
internal import Timekeeping

/// `weir deploy`: when what runs has changed.
struct DeployCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deploy",
        abstract: "Mark deployments, so that new anomalies are attributed to them.",
        subcommands: [DeployMarkCommand.self, DeployListCommand.self]
    )
}

/// `weir deploy mark`.
struct DeployMarkCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "mark",
        abstract: "Record that a version is deployed, now or at an instant before.",
        discussion: """
            Once the pipeline has been stable for --settle, 'weir run --serve' or \
            'weir serve' on the warehouse refreshes the invariants; what has appeared since the \
            mark is attributed to the version. Stable means: no store fails, no alert fires \
            that pages someone, and the backlog has not grown for a whole minute; a \
            restart begins anew. With --settle 0s the invariants are refreshed here and now, \
            after a census of the raw events (--raw).
            """
    )

    @Option(help: "What is deployed, such as 1.4.0 or a commit.")
    var version: String

    @Option(help: "When it was deployed, if not now: RFC 3339, and not in the future.")
    var at: MarkArgument?

    @Option(
        help: "How long the pipeline must be stable before it is judged (default: 10m).",
        transform: ArgumentValue.duration(from: .zero)
    )
    var settle: Duration?

    @OptionGroup var options: InvariantRunOptions

    func validate() throws {
        guard !version.isEmpty, version.utf8.count <= 200 else {
            throw ValidationError("--version must have from 1 to 200 bytes.")
        }
        guard ReportText.printable(version) == version else {
            throw ValidationError("--version must have no control characters.")
        }
        guard at.map({ $0.instant <= RealTimeline().now }) ?? true else {
            throw ValidationError("--at must not be in the future.")
        }
    }

    func perform() async throws {
        let timeline = RealTimeline()
        let settle = self.settle ?? .seconds(600)
        let set = settle == .zero ? try options.files.read() : nil
        let line = try await options.store.open(for: .changing) { opened in
            var deployment = Deployment(
                version: version,
                marked: at?.instant ?? timeline.now,
                settle: settle
            )
            try await opened.deployments.mark(deployment)
            guard let set else {
                return "marked \(version) at \(deployment.marked); 'weir run --serve' or 'weir "
                    + "serve' on this warehouse judges it once the pipeline has been stable for "
                    + "\(DurationText.write(settle)), and 'weir deploy list' shows it"
            }
            let (_, after) = try await options.refresh(set, in: opened, timeline)
            let judged = after.standings.compactMap(\.refreshed).max() ?? timeline.now
            try await opened.deployments.judge(
                deploymentMarkedAt: deployment.marked,
                at: judged
            )
            deployment.judged = judged
            let appeared = after.anomalies.count { $0.firstSeen >= deployment.marked }
            return "marked \(version) at \(deployment.marked); \(appeared) anomalies have "
                + "appeared since the snapshot before"
        }
        try Terminal.result(line)
    }
}

/// `--at`: an instant of which there may be a history.
struct MarkArgument: ExpressibleByArgument {
    var instant: Timestamp

    init?(argument: String) {
        guard case .instant(let instant)? = InstantArgument(argument: argument) else { return nil }
        self.instant = instant
    }
}

/// `weir deploy list`.
struct DeployListCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the deployments of a warehouse, and the anomalies attributed to each."
    )

    @OptionGroup var store: WarehouseOptions

    @OptionGroup var output: ListingOutput

    func perform() async throws {
        let listing = try await store.open { opened in
            DeploymentListing(
                try await opened.deployments.deployments(),
                try await opened.invariants.snapshot()
            )
        }
        try output.print(listing)
    }
}
