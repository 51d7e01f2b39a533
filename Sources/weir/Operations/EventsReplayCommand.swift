internal import ArgumentParser
internal import Commerce
internal import Documents
internal import Operations
internal import Pipeline
internal import Reports
internal import Storage
internal import Timekeeping

/// `weir events replay`.
struct EventsReplayCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Give stored events to the stage that reads one subscription once more.",
        discussion: """
            For what was stored and is not where it belongs: a warehouse that was lost, a filter \
            that takes more than before, messages that a subscription shed or let expire. First it \
            says what would happen, by the stage's own code, rules and filter: --dry-run ends \
            there. Then it asks, or needs --yes.

            Nothing is counted or stored twice: what is there already stays as it is. A window \
            that has closed stays closed: an event that comes too late for it counts in the longer \
            ones, as in a run. To count all of it anew, name a warehouse that is not there yet: it \
            is made. What the subscription gave up is left to 'weir dead-letters replay'. Only \
            what was stored can be replayed.

            No run and no other replay may use the stores meanwhile. Where it was interrupted or \
            killed, --resume goes on. The outcome of each event is kept by its position, in \
            replayed_events of the warehouse.
            """
    )

    @Argument(help: "<key>=<value>, such as order=o42 (several: an event must have them all).")
    var keys: [String] = []

    @Option(help: "The subscription whose stage takes the events.")
    var subscription: String?

    @Option(help: "Only what happened since then: an instant, or a time ago such as 1h.")
    var since: SinceArgument?

    @Option(help: "Only what happened before then: an instant, or a time ago such as 1h.")
    var until: SinceArgument?

    @Flag(help: "Every event there is.")
    var all = false

    @Option(
        help: """
            The raw store that has the events, if it is not that of the pipeline: sqlite:<path> or \
            mongodb://…
            """
    )
    var fromRaw: String?

    @Flag(help: "Only say what would happen.")
    var dryRun = false

    @Option(help: "What the replay is called (default: events- and the time).")
    var name: String?

    @Option(help: "Go on with the replay of this name, which was interrupted.")
    var resume: String?

    @Option(
        parsing: .unconditional,
        help: "How many events a second (default: as many as there are).",
        transform: ArgumentValue.whole(1...1_000_000)
    )
    var rate: Int?

    @Option(help: "Override a value of the pipeline file, as for 'weir run' (repeatable).")
    var set: [DocumentSetting] = []

    @OptionGroup var options: ReplayOptions

    @OptionGroup var output: DocumentOutput

    func validate() throws {
        let isNamed = !keys.isEmpty || since != nil || until != nil || all
        guard isNamed != (resume != nil) else {
            throw ValidationError(
                "Name the events: <key>=<value>, --since, --until or --all; or a replay with "
                    + "--resume."
            )
        }
        guard !all || keys.isEmpty && since == nil && until == nil else {
            throw ValidationError("--all is every event; leave the keys, --since and --until.")
        }
        guard (subscription != nil) != (resume != nil) else {
            throw ValidationError(
                resume == nil
                    ? "Name the subscription whose stage takes the events: --subscription."
                    : "--resume goes on with the subscription that the replay has; leave "
                        + "--subscription."
            )
        }
        try options.validate(dryRun: dryRun, name: name, resume: resume)
        for text in keys + [name, subscription].compactMap(\.self) {
            try ReplayOptions.validate(text)
        }
        _ = try EventSelector(typed: terms(at: RealTimeline().now))
        guard dryRun || !options.isUndecided else {
            throw ValidationError("Without a terminal to ask on, replay needs --yes or --dry-run.")
        }
    }

    /// What names the events, with times as instants, so that it names the same ones later.
    private func terms(at now: Timestamp) -> [String] {
        keys + [since.map { "since=\($0.instant(at: now))" }].compactMap(\.self)
            + [until.map { "until=\($0.instant(at: now))" }].compactMap(\.self)
    }

    func perform() async throws {
        guard let report = try await replayed() else { return }
        try output.print(report)
        if report.isInterrupted { throw ExitStatus.interrupted.code }
    }

    /// Nil where somebody was asked and did not want it, or there was nothing to do.
    private func replayed() async throws -> ReplayReport? {
        let timeline = RealTimeline()
        let before = try await interrupted()
        if let before, before.ended != nil { return nil }
        let access: StoreAccess = dryRun ? .reading : .changing
        let places = try await EventReplayStores(
            options,
            to: before?.target ?? subscription ?? "",
            from: fromRaw,
            with: set,
            for: access
        )
        do {
            if access != .reading { try await places.stores.hold() }
            let report = try await perform(places, resuming: before, timeline)
            try await places.close()
            return report
        } catch {
            try? await places.close()
            throw error
        }
    }

    /// The replay that is to be resumed; nil where none is.
    ///
    /// Of one that has ended, it says so.
    private func interrupted() async throws -> LetterReplay? {
        guard let resume else { return nil }
        let document = try PipelineDocument.read(path: options.options.pipeline ?? "", with: set)
        // Any of the pipeline's warehouses may have it.
        let own = document.stores.filter { $0.role == .warehouse }.map(\.url)
        var failure: (any Error)?
        for url in StorePlaces.warehouse(options.options.store.warehouse).map({ [$0] }) ?? own {
            do {
                return try await options.options.store.open(standard: url) { opened in
                    let replay = try await ReplayName.interrupted(
                        resume,
                        ofEvents: true,
                        in: opened.warehouse
                    )
                    if let ended = replay.ended {
                        try await ReplayName.tellEnd(of: replay, at: ended, in: opened.warehouse)
                    }
                    return replay
                }
            } catch { failure = failure ?? error }
        }
        throw failure ?? ValidationError("the pipeline has no warehouse")
    }

    private func perform(
        _ places: EventReplayStores,
        resuming before: LetterReplay?,
        _ timeline: RealTimeline
    ) async throws -> ReplayReport? {
        guard let warehouse = places.stores.warehouses.first else { return nil }
        if let name { try await ReplayName.check(name, in: warehouse.store) }
        let source = places.isOwnSource ? nil : places.sourceLabel
        if let events = before?.events, events.source != source {
            throw ValidationError(
                "\(before?.name ?? "") reads "
                    + (events.source.map { "\($0): name it with --from-raw" }
                        ?? "the raw store of the pipeline: leave --from-raw")
            )
        }
        let began = before?.began ?? timeline.now
        let terms = before?.selector ?? terms(at: began)
        let selector = try EventSelector(typed: terms)
        let last = try await places.source.nextPosition() - 1
        let through = before?.events?.through ?? last
        func replay() async throws -> EventReplay {
            try await EventReplay(
                selector,
                through: through,
                of: places.source,
                in: warehouse.store,
                called: warehouse.label,
                to: try await places.replayStage(),
                filter: places.filter?.filter,
                by: places.document.validation.rules,
                timeline: timeline
            )
        }
        if dryRun || !options.yes {
            var rehearsal = try await replay().rehearse(resuming: before?.name)
            rehearsal.rawStores = [places.sourceLabel]
            if dryRun || rehearsal.count == 0 && before == nil { return rehearsal }
            let count = ReportNumbers.count(rehearsal.count)
            let events = rehearsal.count == 1 ? "event" : "events"
            let what = "Replay \(count) \(events) to \(places.subscription),"
            guard options.isConfirmed(rehearsal, what, places.stores) else {
                Terminal.message("nothing was replayed")
                return nil
            }
        }
        try await places.claim(timeline)
        let decision = options.decision("replay", at: began)
        let record =
            before
            ?? LetterReplay(
                name: name ?? "events-\(began)",
                selector: terms,
                began: began,
                who: decision.who,
                why: decision.why,
                target: places.subscription,
                events: .init(through: through, source: source)
            )
        return try await execute(try await replay(), as: record, isResumed: before != nil, places)
    }

    private func execute(
        _ replay: EventReplay,
        as record: LetterReplay,
        isResumed: Bool,
        _ places: EventReplayStores
    ) async throws -> ReplayReport {
        let last = ReportNumbers.count(record.events?.through ?? 0)
        var report = try await options.execute(record, on: places.stores) { stop, line in
            try await replay.execute(
                record,
                isResumed: isResumed,
                rate: rate,
                stop: stop
            ) { count, position in
                let reached = ReportNumbers.count(position)
                line.show([
                    "\(ReportNumbers.count(Int64(count))) events, at position \(reached) of \(last)"
                ])
            }
        }
        report.rawStores = [places.sourceLabel]
        return report
    }
}

extension EventSelector: TermArguments {}
