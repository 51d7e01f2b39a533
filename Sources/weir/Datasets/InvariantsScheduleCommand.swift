internal import ArgumentParser
internal import Datasets
internal import Documents
internal import Reports
internal import Storage
internal import Timekeeping

/// `weir invariants schedule`.
struct InvariantsScheduleCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "schedule",
        abstract: "Have the database refresh the snapshot on a schedule; show, change or remove "
            + "it.",
        discussion: """
            In PostgreSQL with pg_cron. With --every the invariants are checked once now, and from \
            then on by the database, whether Weir runs or not. Without \
            --every or --remove the schedule is shown.
            """
    )

    @OptionGroup var options: InvariantRunOptions

    @Option(
        help: "How often: from 1m to 1d, a divisor of an hour or a day.",
        transform: ArgumentValue.duration()
    )
    var every: Duration?

    @Flag(help: "Remove the schedule.")
    var remove = false

    @OptionGroup var output: ListingOutput

    func validate() throws {
        if every != nil, remove {
            throw ValidationError("--every and --remove exclude each other.")
        }
    }

    func perform() async throws {
        let set = every == nil ? nil : try options.files.read()
        let (listing, holds) = try await options.store.open(for: .changing) { opened in
            guard let scheduler = opened.warehouse.scheduler else {
                throw NoScheduler("\(opened.label) is a file")
            }
            var holds = true
            if remove {
                _ = try await scheduler.unscheduleRefresh()
            } else if let every, let set {
                try await scheduler.scheduleRefresh(every: every)
                let (_, after) = try await opened.invariants.refresh(
                    try await opened.invariants.judgeable(set),
                    timeout: options.timeout,
                    timeline: RealTimeline()
                )
                for failure in after.standings.compactMap(\.failure) {
                    Terminal.message(failure)
                    holds = false
                }
            }
            let schedule = try await scheduler.refreshSchedule()
            return (ScheduleListing(schedule, in: opened.label), holds)
        }
        try output.print(listing)
        if !holds || set.map({ !$0.mistakes.isEmpty }) == true {
            throw ExitStatus.wrongDocument.code
        }
    }
}

/// A schedule, as a person or a program reads it.
private struct ScheduleListing: WrittenListing {
    var schemaVersion = 1
    var warehouse: String
    /// Whether there is one, and it is not paused.
    var scheduled: Bool
    /// Such as 30m; nil if there is none, or one that no other than this program has made.
    var every: String?
    var expression: String?
    var lastRun: Run?

    struct Run: Encodable {
        /// RFC 3339.
        var ended: String?
        var succeeded: Bool
        var message: String
    }

    init(_ schedule: RefreshSchedule?, in warehouse: String) {
        self.warehouse = warehouse
        scheduled = schedule?.isActive ?? false
        every = schedule?.interval.map(DurationText.write)
        expression = schedule?.expression
        lastRun = schedule?.lastRun.map {
            Run(ended: $0.ended?.description, succeeded: $0.hasSucceeded, message: $0.message)
        }
    }

    func text(colour: Bool) -> String { ReportText.printableLines(line) + "\n" }

    private var line: String {
        guard let expression else {
            return "\(warehouse): no schedule; 'weir invariants schedule --every 30m' makes one"
        }
        var text = "\(warehouse): every \(every ?? "\"\(expression)\"") by pg_cron"
        if !scheduled { text += ", paused" }
        if let lastRun {
            text += lastRun.succeeded ? "; the last refresh succeeded" : "; the last refresh failed"
            if let ended = lastRun.ended { text += " at \(ended)" }
            if !lastRun.succeeded { text += ": \(lastRun.message)" }
        } else {
            text += "; not run yet"
        }
        return text
    }
}
