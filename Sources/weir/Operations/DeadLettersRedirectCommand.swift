internal import ArgumentParser
internal import Documents
internal import Operations
internal import Pipeline
internal import Storage
internal import Timekeeping

/// `weir dead-letters redirect`.
struct DeadLettersRedirectCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "redirect",
        abstract: "Give letters to another subscription than the one that gave them up.",
        discussion: """
            As a replay, but to the stage that reads --to: letters of ingest are counted, those of \
            analytics stored. A letter that is taken is closed, and its own subscription never \
            gets it. First it says what would happen; then it asks, or needs --yes. 'replay \
            --resume' goes on with one that was interrupted.
            """
    )

    @Argument(help: "The id of a letter, or <key>=<value> (several: a letter must have them all).")
    var selector: [String]

    @Option(help: "The subscription whose stage takes them.")
    var to: String

    @Flag(help: "Only say what would happen.")
    var dryRun = false

    @Option(help: "What it is called (default: redirect- and the time).")
    var name: String?

    @Option(
        parsing: .unconditional,
        help: "How many letters a second (default: as many as there are).",
        transform: ArgumentValue.whole(1...1_000_000)
    )
    var rate: Int?

    @OptionGroup var options: ReplayOptions

    @OptionGroup var output: DocumentOutput

    func validate() throws {
        guard !(try LetterSelector(typed: selector)).isEmpty else {
            throw ValidationError("Name the letters: an id, or <key>=<value>.")
        }
        for text in selector + [name].compactMap(\.self) { try ReplayOptions.validate(text) }
    }

    func perform() async throws {
        let isRehearsed = dryRun || options.isUndecided
        let report = try await options.open(for: isRehearsed ? .reading : .changing) {
            try await perform($0, on: $1, isRehearsed: isRehearsed)
        }
        guard let report else { return }
        try output.print(report)
        if isRehearsed, !dryRun, report.count > 0 {
            Terminal.message("nothing was changed: --yes does it")
        }
        if report.isInterrupted { throw ExitStatus.interrupted.code }
    }

    /// Nil where somebody was asked and did not want it.
    private func perform(
        _ document: PipelineDocument,
        on stores: RunStores,
        isRehearsed: Bool
    ) async throws -> ReplayReport? {
        guard let warehouse = stores.warehouses.first else { return nil }
        let stages = try await ReplayStage.all(of: document, on: stores)
        try check(document, stages)
        if let name { try await ReplayName.check(name, in: warehouse.store) }
        let timeline = RealTimeline()
        let began = timeline.now
        let replay = try await Replay(
            try LetterSelector(typed: selector),
            until: began,
            in: warehouse.store,
            called: warehouse.label,
            to: stages,
            redirectedTo: to,
            by: document.validation.rules,
            timeline: timeline
        )
        try check(replay.givers, document)
        let rehearsal = stores.labelled(try await replay.rehearse())
        guard !isRehearsed, replay.count > 0 else { return rehearsal }
        let letters = "\(replay.count) \(replay.count == 1 ? "letter" : "letters")"
        guard options.isConfirmed(rehearsal, "Redirect \(letters) to \(to),", stores) else {
            Terminal.message("nothing was redirected")
            return nil
        }
        let decision = options.decision("redirect", at: began)
        let record = LetterReplay(
            name: name ?? "redirect-\(began)",
            selector: selector,
            began: began,
            who: decision.who,
            why: decision.why,
            target: to
        )
        return try await options.execute(replay, as: record, rate: rate, on: stores)
    }

    /// Refuses letters of another topic, whose positions say nothing in this one.
    private func check(_ givers: [String], _ document: PipelineDocument) throws {
        func topic(_ name: String) -> String? {
            document.subscriptions.first { $0.name == name }?.topic
        }
        for giver in givers {
            guard let other = topic(giver), let own = topic(to), other != own else { continue }
            throw ValidationError(
                "\(giver) has letters of the topic \(other), and \(to) reads \(own); redirect to a "
                    + "subscription of \(other), or name other letters with subscription="
            )
        }
    }

    /// Refuses a subscription that no stage reads which could take letters.
    private func check(_ document: PipelineDocument, _ stages: [ReplayStage]) throws {
        guard !stages.contains(where: { $0.subscription == to }) else { return }
        let known = stages.map(\.subscription).sorted()
        let list = known.isEmpty ? "none" : known.joined(separator: ", ")
        guard document.subscriptions.contains(where: { $0.name == to }) else {
            throw ValidationError(
                "there is no subscription \"\(to)\"; letters can go to: \(list)"
                    + suggestion(for: to, in: known)
            )
        }
        throw ValidationError(
            "the stage that reads \(to) neither stores nor counts events here; letters can go to: "
                + list
        )
    }
}
