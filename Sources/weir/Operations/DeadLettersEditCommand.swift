internal import ArgumentParser
internal import Commerce
internal import Operations
internal import Pipeline
internal import Storage
internal import Timekeeping

/// `weir dead-letters edit`.
struct DeadLettersEditCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "edit",
        abstract: "Mend the event of a letter, and replay what that makes of it.",
        discussion: """
            The edited event is another one: it has an id of its own, and the old one as its \
            causationid; the same edit of the event at another subscription is the same event. It \
            goes to the one subscription that gave the letter up, whose rules it has to meet. \
            First the changes are shown, and what a replay of them would do; then it asks, or \
            needs --yes. The original is closed once its successor is stored or counted, not \
            before.
            """
    )

    @Argument(help: "The id of a letter, or <key>=<value>; they must name one.")
    var selector: [String]

    @Option(
        parsing: .unconditionalSingleValue,
        help: """
            <path>=<value> (repeatable), such as data.items.0.price=12.50. A value is JSON, or \
            else a text; null is like leaving it out.
            """
    )
    var set: [String] = []

    @Flag(help: "Only say what would happen.")
    var dryRun = false

    @OptionGroup var options: ReplayOptions

    @OptionGroup var output: DocumentOutput

    func validate() throws {
        guard !(try LetterSelector(typed: selector)).isEmpty else {
            throw ValidationError("Name the letter: an id, or <key>=<value>.")
        }
        guard !set.isEmpty else {
            throw ValidationError("Say what changes: --set <path>=<value>.")
        }
        for text in selector { try ReplayOptions.validate(text) }
    }

    func perform() async throws {
        let isRehearsed = dryRun || options.isUndecided
        let report = try await options.open(for: isRehearsed ? .reading : .changing) {
            try await perform($0, on: $1, isRehearsed: isRehearsed)
        }
        guard let report else { return }
        try output.print(report)
        if isRehearsed, !dryRun { Terminal.message("nothing was changed: --yes does it") }
        if report.replay.isInterrupted { throw ExitStatus.interrupted.code }
    }

    /// Nil where somebody was asked and did not want it.
    private func perform(
        _ document: PipelineDocument,
        on stores: RunStores,
        isRehearsed: Bool
    ) async throws -> LetterEditReport? {
        guard let warehouse = stores.warehouses.first, let letters = warehouse.store.letters else {
            throw StoreError(.wrongURL, "there is no warehouse that keeps dead letters")
        }
        let timeline = RealTimeline()
        let rules = document.validation.rules
        let judge = LetterJudge(rules, at: timeline.now)
        let stages = try await ReplayStage.all(of: document, on: stores)
        let letter = try await letter(in: letters, by: judge)
        guard stages.contains(where: { $0.subscription == letter.name.subscription }) else {
            throw InputError(
                .notFound,
                "no stage of the pipeline reads \(letter.name.subscription), which gave "
                    + "\(letter.name.id) up; name another pipeline with --pipeline"
            )
        }
        let editing = try LetterEditing(
            of: letter,
            set,
            options.decision("edit", at: timeline.now),
            by: judge,
            besides: try await others(of: letter, in: warehouse.store)
        )
        let rehearsal = LetterEditReport(
            editing,
            stores.labelled(
                try await Replay(
                    rehearsing: editing.successor,
                    in: warehouse.store,
                    called: warehouse.label,
                    to: stages,
                    by: rules,
                    timeline: timeline
                ).rehearse()
            )
        )
        if isRehearsed { return rehearsal }
        guard options.isConfirmed(rehearsal, "Put what it has become", stores) else {
            Terminal.message("nothing was changed")
            return nil
        }
        // Kept first: who goes on after a crash finds it, and makes no second one.
        try await letters.keepSuccessor(editing.successor, editing.edit)
        return try await execute(editing, to: stages, by: rules, on: stores)
    }

    /// Replays the successor, which is kept.
    private func execute(
        _ editing: LetterEditing,
        to stages: [ReplayStage],
        by rules: EventRules,
        on stores: RunStores
    ) async throws -> LetterEditReport? {
        guard let warehouse = stores.warehouses.first else { return nil }
        let name = editing.successor.name
        let terms = ["subscription=\(name.subscription)", "id=\(name.id)"]
        let replay = try await Replay(
            try LetterSelector(typed: terms),
            until: editing.edit.time,
            in: warehouse.store,
            called: warehouse.label,
            to: stages,
            by: rules,
            timeline: RealTimeline()
        )
        let record = LetterReplay(
            name: "edit-\(editing.edit.time)",
            selector: terms,
            began: editing.edit.time,
            who: editing.edit.who,
            why: editing.edit.why
        )
        return LetterEditReport(
            editing,
            try await options.execute(replay, as: record, on: stores)
        )
    }

    /// The letters of the same event, at any subscription.
    private func others(
        of letter: KeptLetter,
        in warehouse: any Warehouse
    ) async throws -> [KeptLetter] {
        let name = letter.name
        let found = try await warehouse.journeys?.exceptions(of: name.source, id: name.id)
        return (found ?? []).compactMap {
            if case .deadLetter(let other) = $0 { other } else { nil }
        }
    }

    /// The one open letter that is named.
    private func letter(
        in letters: any DeadLetterStore,
        by judge: LetterJudge
    ) async throws -> KeptLetter {
        let selector = try LetterSelector(typed: selector)
        var found: [KeptLetter] = []
        try await selector.forEachPage(in: letters, judge) { found += $0 }
        guard let letter = found.first else {
            throw InputError(.notFound, "no open letter with \(selector.text)")
        }
        guard found.count == 1 else {
            let names = found.prefix(5).map {
                "subscription=\($0.name.subscription) message-id=\($0.name.position) \($0.name.id)"
            }
            throw ValidationError(
                "\(selector.text) names \(found.count) letters, and an edit is of one: "
                    + names.joined(separator: "; ") + (found.count > 5 ? "; …" : "")
            )
        }
        return letter
    }
}
