internal import ArgumentParser
internal import Broker
internal import Commerce
internal import Foundation
internal import OpeningStores
internal import Operations
internal import Pipeline
internal import Reports
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
            may use the stores meanwhile. Where it was killed, --resume goes on. Letters of ingest \
            come before those of analytics: what is counted is to be stored as well.
            """
    )

    @Argument(help: "The id of a letter, or <key>=<value> (several: a letter must have them all).")
    var selector: [String] = []

    @Flag(help: "Only say what would happen.")
    var dryRun = false

    @Option(help: "Why, for those who look later (default: replay).")
    var why: String?

    @Option(help: "Who decides (default: the name of the user).")
    var by: String?

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

    @Flag(help: "Do not ask.")
    var yes = false

    @Option(
        help: """
            The raw store: sqlite:<path> or mongodb://… (also WEIR_RAW_URL; default: that of the \
            pipeline).
            """
    )
    var raw: String?

    @OptionGroup var options: DeadLetterOptions

    @OptionGroup var output: DocumentOutput

    func validate() throws {
        guard options.pipeline != nil else {
            throw ValidationError("Name the pipeline whose stages take the letters: --pipeline.")
        }
        let isNamed = !(try LetterSelector(typed: selector)).isEmpty
        guard isNamed != (resume != nil) else {
            throw ValidationError(
                "Name the letters: an id, or <key>=<value>; or a replay with --resume."
            )
        }
        guard !(dryRun && resume != nil) else {
            throw ValidationError("--dry-run and --resume exclude each other.")
        }
        guard resume == nil || (why == nil && by == nil && name == nil) else {
            throw ValidationError(
                "--resume goes on under the name, for the reason and by the person that the replay "
                    + "has; --name, --why and --by have no effect with it."
            )
        }
        for text in selector + [why, by, name].compactMap(\.self) {
            guard !text.isEmpty, text.utf8.count <= 1000, ReportText.printable(text) == text else {
                throw ValidationError(
                    "Selectors, --why, --by and --name must have from 1 to 1000 bytes, without "
                        + "control characters."
                )
            }
        }
        guard dryRun || yes || isatty(0) == 1 else {
            throw ValidationError("Without a terminal to ask on, replay needs --yes or --dry-run.")
        }
    }

    func perform() async throws {
        let document = try PipelineDocument.read(path: options.pipeline ?? "")
        let access: StoreAccess = dryRun ? .reading : .changing
        // Both stores are those of the pipeline, unless others are named.
        let own = document.stores.first { $0.role == .warehouse }?.url
        let report = try await options.store.open(for: access, standard: own) { opened in
            let raws = try await openedRaws(document, for: access)
            do {
                let stores = RunStores(
                    raw: raws,
                    warehouses: [
                        .init(name: "warehouse", label: opened.label, store: opened.warehouse)
                    ]
                )
                let report = try await perform(document, on: stores)
                for raw in raws where raw.twin == nil { try await raw.store.close() }
                return report
            } catch {
                for raw in raws where raw.twin == nil { try? await raw.store.close() }
                throw error
            }
        }
        guard let report else { return }
        try output.print(report)
        if report.isInterrupted { throw ExitStatus.interrupted.code }
    }

    /// Refuses the name of a replay that there is.
    private func checkName(in warehouse: any Warehouse) async throws {
        guard let name, let known = try await warehouse.letters?.replays() else { return }
        guard let replay = known.first(where: { $0.name.utf8.elementsEqual(name.utf8) }) else {
            return
        }
        throw ValidationError(
            "there is a replay \"\(name)\" already, which "
                + (replay.ended.map { "ended at \($0): choose another name" }
                    ?? "was interrupted: --resume \(name) goes on, or choose another name")
        )
    }

    /// Says that `replay` has nothing left to do, and what it has done.
    private func tellEnd(
        of replay: LetterReplay,
        at ended: Timestamp,
        in warehouse: any Warehouse
    ) async throws {
        let outcomes = try await warehouse.letters?.outcomes(ofReplay: replay.name) ?? [:]
        let told = outcomes.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key.rawValue)" }
        let sum = told.isEmpty ? "no letter has an outcome of it" : told.joined(separator: ", ")
        try Terminal.result(
            "\(replay.name) has ended at \(ended), by \(replay.who) (\(replay.why)): \(sum). "
                + "There is nothing to go on with; a letter that failed again is open, and another "
                + "replay takes it."
        )
    }

    private func labelled(_ report: ReplayReport, _ stores: RunStores) -> ReplayReport {
        var report = report
        report.rawStores = labels(of: stores)
        return report
    }

    private func labels(of stores: RunStores) -> [String] {
        stores.raw.filter { $0.twin == nil }.map(\.label)
    }

    /// Rehearses the replay and, where that is wanted, executes it; nil where it is not.
    private func perform(
        _ document: PipelineDocument,
        on stores: RunStores
    ) async throws -> ReplayReport? {
        guard let warehouse = stores.warehouses.first else { return nil }
        let timeline = RealTimeline()
        if !dryRun { try await stores.hold() }
        try await checkName(in: warehouse.store)
        let before = try await interrupted(in: warehouse.store)
        if let before, let ended = before.ended {
            try await tellEnd(of: before, at: ended, in: warehouse.store)
            return nil
        }
        let began = before?.began ?? timeline.now
        let replay = try await Replay(
            try LetterSelector(typed: before?.selector ?? selector),
            until: began,
            in: warehouse.store,
            called: warehouse.label,
            to: try await ReplayStage.all(of: document, on: stores),
            by: document.validation.rules,
            timeline: timeline
        )
        guard !dryRun, replay.count > 0 || before != nil else {
            return labelled(try await replay.rehearse(), stores)
        }
        if !yes {
            let rehearsal = labelled(try await replay.rehearse(), stores)
            Terminal.message(rehearsal.text(colour: false))
            let letters = "\(replay.count) \(replay.count == 1 ? "letter" : "letters")"
            let places = [warehouse.label] + labels(of: stores)
            Terminal.message(
                "Replay \(letters) into \(places.joined(separator: " and "))? "
                    + "Type yes to go on."
            )
            guard readLine() == "yes" else {
                Terminal.message("nothing was replayed")
                return nil
            }
        }
        let environment = ProcessInfo.processInfo.environment
        let record =
            before
            ?? LetterReplay(
                name: name ?? "replay-\(began)",
                selector: selector,
                began: began,
                who: by ?? environment["USER"] ?? environment["LOGNAME"] ?? "unknown",
                why: why ?? "replay"
            )
        Terminal.message("\(record.name): if it is interrupted, --resume \(record.name) goes on")
        let (line, rate) = (LiveLine(), rate)
        let report = try await Interruption.stopping(
            saying: "\nstopping after the letters at hand (again to quit now)"
        ) { stop in
            try await stores.held(timeline) {
                try await replay.execute(
                    record,
                    isResumed: before != nil,
                    rate: rate,
                    stop: stop
                ) { done in
                    line.show(["\(done) of \(replay.count) letters"])
                }
            }
        }
        line.clear()
        return labelled(report, stores)
    }

    /// The replay that is to be resumed; nil where none is.
    private func interrupted(in warehouse: any Warehouse) async throws -> LetterReplay? {
        guard let resume else { return nil }
        let known = try await warehouse.letters?.replays() ?? []
        guard let replay = known.first(where: { $0.name == resume }) else {
            let open = known.filter { $0.ended == nil }.map(\.name)
            throw InputError(
                .notFound,
                "there is no replay \"\(resume)\""
                    + (open.isEmpty
                        ? "; none was interrupted"
                        : "; interrupted: \(open.joined(separator: ", "))")
            )
        }
        return replay
    }

    /// The raw stores of the ingest stages of `document`, each place once.
    private func openedRaws(
        _ document: PipelineDocument,
        for access: StoreAccess
    ) async throws -> [RunStores.Named<any RawStore>] {
        var opened: [RunStores.Named<any RawStore>] = []
        var first: [String: RunStores.Named<any RawStore>] = [:]
        for store in document.stores where store.role == .raw {
            let url = StorePlaces.raw(raw) ?? store.url
            let place = StoreOpening.place(of: url) ?? url
            if let twin = first[place] {
                opened.append(
                    .init(name: store.name, label: twin.label, store: twin.store, twin: twin.name)
                )
                continue
            }
            let found = try await StorePlaces.opening.rawStore(at: url, for: access)
            let named = RunStores.Named(name: store.name, label: found.label, store: found.store)
            opened.append(named)
            first[place] = named
        }
        return opened
    }
}

extension ReplayStage {
    /// The stages of `document` that read a subscription and write to one of `stores`, as the
    /// warehouse knows them.
    static func all(
        of document: PipelineDocument,
        on stores: RunStores
    ) async throws -> [ReplayStage] {
        guard let warehouse = stores.warehouses.first?.store, let journeys = warehouse.journeys
        else { return [] }
        let map = try await journeys.journeyMap()
        return document.stages.compactMap { stage in
            let subscription = document.subscriptions.first { $0.name == stage.subscription }
            let kind: Kind
            switch stage.kind {
            case .ingest(_, let name):
                guard let raw = stores.raw.first(where: { $0.name == name }) else { return nil }
                kind = .ingest(raw.store, map.root(of: raw.twin ?? name))
            case .analytics(let plan):
                // Who has never counted here counts in another warehouse.
                guard map.owners.contains(where: { $0.subscription == plan.subscription }) else {
                    return nil
                }
                kind = .analytics(plan.options, map.derivative(of: plan.subscription))
            case .producer, .relay: return nil
            }
            return ReplayStage(
                subscription: subscription?.name ?? "",
                kind: kind,
                isOrdered: subscription?.policy.isOrdered ?? false
            )
        }
    }
}
