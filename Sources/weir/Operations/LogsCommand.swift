internal import ArgumentParser
internal import Operations
internal import Reports
internal import Storage
internal import Timekeeping

/// `weir logs`.
struct LogsCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "What the stages of runs have logged, by business keys.",
        discussion: """
            Runs keep their logs from level info on beside the raw events, for as long as the \
            store's logRetention says (30 days). Keys are those of events (order, user, session, \
            id, message-id, trace) and any other name that a log has, such as stage, \
            subscription, reason or service.
            """
    )

    @Argument(help: "<key>=<value>, such as order=o42 (several: a log must have them all).")
    var keys: [String] = []

    @OptionGroup var places: RawStoreOptions

    @Option(help: "The least level: debug, info, warning or error.")
    var level: LogLevelArgument = .debug

    @Option(help: "Only what was logged since then: an instant, or a time ago such as 1h.")
    var since: SinceArgument?

    @Option(
        help: "How many logs are shown, the last ones unless --after is given (default: 50).",
        transform: ArgumentValue.whole(1...10_000)
    )
    var limit: Int?

    @Option(
        help: "Only logs behind this sequence: the next page.",
        transform: ArgumentValue.whole(0...Int.max)
    )
    var after: Int?

    @Flag(help: "Go on showing what is logged, a line each, until it is interrupted.")
    var follow = false

    @OptionGroup var output: DocumentOutput

    mutating func validate() throws {
        _ = try LogQuery(typed: keys)
        if follow, output.format != .text, output.format != .json {
            throw ValidationError("--follow prints lines: --format text or json.")
        }
    }

    func perform() async throws {
        let timeline = RealTimeline()
        let query = try LogQuery(typed: keys)
        let start = since?.instant(at: timeline.now).nanoseconds
        var search = LogSearch(
            query.fields,
            level: LogLevel(rawValue: level.rawValue) ?? .debug,
            after: max(after.map(Int64.init) ?? .min, start.map { $0 - 1 } ?? .min),
            limit: limit ?? 50,
            prefersLast: after == nil
        )
        guard !follow else { return try await show(&search, timeline) }
        var listing = LogListing(query, showsLast: search.prefersLast)
        let failures = try await places.forEach(\.logs, "logs") { label, store in
            listing.add(try await store.find(search), in: label)
        } otherwise: { label, error in
            listing.add(failure: "\(error)", in: label)
        }
        try output.print(listing)
        if let first = failures.first { throw ExitStatus(first).code }
    }

    /// Shows what `search` finds now and from now on, until an interrupt.
    private func show(_ search: inout LogSearch, _ timeline: RealTimeline) async throws {
        let first = search
        try await Interruption.stopping(saying: nil) { stop in
            _ = try await places.forEach(\.logs, "logs") { _, store in
                var search = first
                while stop.version == 0 {
                    let found = try await store.find(search)
                    for record in found.records { try show(record) }
                    search.after = found.records.last?.sequence ?? search.after
                    // The first time shows the last ones; then all that follow.
                    search.prefersLast = false
                    guard !found.hasMore || found.records.isEmpty else { continue }
                    try await timeline.wait(
                        for: stop,
                        since: 0,
                        until: timeline.now + .milliseconds(500)
                    )
                }
            } otherwise: { _, _ in
            }
        }
    }

    private func show(_ record: LogRecord) throws {
        let line = LogListing.Line(record)
        try Terminal.result(output.format == .json ? try JSONText.line(line) : line.text)
    }
}

/// `--since`: an instant in RFC 3339, or how long ago.
enum SinceArgument: ExpressibleByArgument {
    case instant(Timestamp)
    case ago(Duration)

    init?(argument: String) {
        if let instant = Timestamp(rfc3339: argument) {
            self = .instant(instant)
        } else if let length = DurationText.parse(argument), length <= DurationText.longest {
            self = .ago(length)
        } else {
            return nil
        }
    }

    func instant(at now: Timestamp) -> Timestamp {
        switch self {
        case .instant(let instant): instant
        case .ago(let length): now - length
        }
    }
}
