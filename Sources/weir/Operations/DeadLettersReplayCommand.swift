internal import ArgumentParser
internal import Commerce
internal import Foundation
internal import Operations
internal import Pipeline
internal import Storage
internal import Timekeeping

/// `weir dead-letters replay`.
struct DeadLettersReplayCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Give letters to the stages that gave them up once more.",
        discussion: """
            First it says what would happen, by the stages' own code: --dry-run ends there. Then \
            it asks, or needs --yes. A letter goes to its own subscription only, in the order of \
            the topic, with its id; one that fails again stays open. No run and no other replay \
            may use the stores meanwhile. Where it was interrupted or killed, --resume goes on. \
            Letters of ingest come before those of analytics: what is counted is to be stored as \
            well.
            """
    )

    @Argument(help: "The id of a letter, or <key>=<value> (several: a letter must have them all).")
    var selector: [String] = []

    @Flag(help: "Only say what would happen.")
    var dryRun = false

    @Option(help: "What the replay is called (default: replay- and the time).")
    var name: String?

    @Option(help: "Go on with the replay of this name, which was interrupted.")
    var resume: String?

    @Option(
        parsing: .unconditional,
        help: "How many letters a second (default: as many as there are).",
        transform: ArgumentValue.whole(1...1_000_000)
    )
    var rate: Int?

    @OptionGroup var options: ReplayOptions

    @OptionGroup var output: DocumentOutput

    func validate() throws {
        let isNamed = !(try LetterSelector(typed: selector)).isEmpty
        guard isNamed != (resume != nil) else {
            throw ValidationError(
                "Name the letters: an id, or <key>=<value>; or a replay with --resume."
            )
        }
        try options.validate(dryRun: dryRun, name: name, resume: resume)
        for text in selector + [name].compactMap(\.self) { try ReplayOptions.validate(text) }
        guard dryRun || !options.isUndecided else {
            throw ValidationError("Without a terminal to ask on, replay needs --yes or --dry-run.")
        }
    }

    func perform() async throws {
        let report = try await options.open(for: dryRun ? .reading : .changing) {
            try await perform($0, on: $1)
        }
        guard let report else { return }
        try output.print(report)
        if report.isInterrupted { throw ExitStatus.interrupted.code }
    }

    /// Rehearses the replay and, where that is wanted, executes it; nil where it is not.
    private func perform(
        _ document: PipelineDocument,
        on stores: RunStores
    ) async throws -> ReplayReport? {
        guard let warehouse = stores.warehouses.first else { return nil }
        let timeline = RealTimeline()
        if let name { try await ReplayName.check(name, in: warehouse.store) }
        let before = try await interrupted(in: warehouse.store)
        if let before, let ended = before.ended {
            try await ReplayName.tellEnd(of: before, at: ended, in: warehouse.store)
            return nil
        }
        let began = before?.began ?? timeline.now
        let replay = try await Replay(
            try LetterSelector(typed: before?.selector ?? selector),
            until: began,
            in: warehouse.store,
            called: warehouse.label,
            to: try await ReplayStage.all(of: document, on: stores),
            redirectedTo: before?.target,
            by: document.validation.rules,
            timeline: timeline
        )
        guard !dryRun, replay.count > 0 || before != nil else {
            return stores.labelled(try await replay.rehearse())
        }
        if !options.yes {
            let rehearsal = stores.labelled(try await replay.rehearse())
            let letters = "\(replay.count) \(replay.count == 1 ? "letter" : "letters")"
            guard options.isConfirmed(rehearsal, "Replay \(letters)", stores) else {
                Terminal.message("nothing was replayed")
                return nil
            }
        }
        let decision = options.decision("replay", at: began)
        let record =
            before
            ?? LetterReplay(
                name: name ?? "replay-\(began)",
                selector: selector,
                began: began,
                who: decision.who,
                why: decision.why
            )
        return try await options.execute(
            replay,
            as: record,
            isResumed: before != nil,
            rate: rate,
            on: stores
        )
    }

    /// The replay that is to be resumed; nil where none is.
    private func interrupted(in warehouse: any Warehouse) async throws -> LetterReplay? {
        guard let resume else { return nil }
        return try await ReplayName.interrupted(resume, ofEvents: false, in: warehouse)
    }
}
