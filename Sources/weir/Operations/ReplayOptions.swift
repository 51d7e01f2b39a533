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

/// What the commands have in common that give letters to the stages of a pipeline.
struct ReplayOptions: ParsableArguments {
    @Option(help: "Why, for those who look later.")
    var why: String?

    @Option(help: "Who decides (default: the name of the user).")
    var by: String?

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

    func validate() throws {
        guard options.pipeline != nil else {
            throw ValidationError("Name the pipeline whose stages take the letters: --pipeline.")
        }
        for text in [why, by].compactMap(\.self) { try Self.validate(text) }
    }

    /// What is kept or shown must not steer a terminal.
    static func validate(_ text: String) throws {
        guard !text.isEmpty, text.utf8.count <= 1000, ReportText.printable(text) == text else {
            throw ValidationError(
                "Selectors, --why, --by and --name must have from 1 to 1000 bytes, without "
                    + "control characters."
            )
        }
    }

    /// A replay that goes on is what it was when it began, and has no rehearsal.
    func validate(dryRun: Bool, name: String?, resume: String?) throws {
        guard !(dryRun && resume != nil) else {
            throw ValidationError("--dry-run and --resume exclude each other.")
        }
        guard resume == nil || (why == nil && by == nil && name == nil) else {
            throw ValidationError(
                "--resume goes on under the name, for the reason and by the person that the replay "
                    + "has; --name, --why and --by have no effect with it."
            )
        }
    }

    /// Whether there is nobody to be asked, and nobody has decided.
    var isUndecided: Bool { !yes && isatty(0) != 1 }

    /// Who wants `what` now, and why.
    func decision(_ what: String, at now: Timestamp) -> LetterDecision {
        let environment = ProcessInfo.processInfo.environment
        return LetterDecision(
            time: now,
            who: by ?? environment["USER"] ?? environment["LOGNAME"] ?? "unknown",
            why: why ?? what
        )
    }

    /// Opens the stores of the pipeline for `access`, holds them where that changes something, and
    /// lets `body` use them.
    func open<Value>(
        for access: StoreAccess,
        _ body: (PipelineDocument, RunStores) async throws -> Value
    ) async throws -> Value {
        let document = try PipelineDocument.read(path: options.pipeline ?? "")
        // Both stores are those of the pipeline, unless others are named.
        let own = document.stores.first { $0.role == .warehouse }?.url
        return try await options.store.open(for: access, standard: own) { opened in
            let raws = try await openedRaws(document, for: access)
            do {
                let stores = RunStores(
                    raw: raws,
                    warehouses: [
                        .init(name: "warehouse", label: opened.label, store: opened.warehouse)
                    ]
                )
                if access != .reading { try await stores.hold() }
                let value = try await body(document, stores)
                for raw in raws where raw.twin == nil { try await raw.store.close() }
                return value
            } catch {
                for raw in raws where raw.twin == nil { try? await raw.store.close() }
                throw error
            }
        }
    }

    /// Executes `replay` as `record`, with a live line; a signal ends it after the page at hand.
    func execute(
        _ replay: Replay,
        as record: LetterReplay,
        isResumed: Bool = false,
        rate: Int? = nil,
        on stores: RunStores
    ) async throws -> ReplayReport {
        let report = try await execute(record, on: stores) { stop, line in
            try await replay.execute(record, isResumed: isResumed, rate: rate, stop: stop) {
                line.show(["\($0) of \(replay.count) letters"])
            }
        }
        return stores.labelled(report)
    }

    /// Has `body` execute `record` with a live line; a signal raises what it is to stop at.
    func execute(
        _ record: LetterReplay,
        on stores: RunStores,
        _ body: @Sendable @escaping (Signal, LiveLine) async throws -> ReplayReport
    ) async throws -> ReplayReport {
        Terminal.message("\(record.name): if it is interrupted, --resume \(record.name) goes on")
        let line = LiveLine()
        let things = record.events == nil ? "letters" : "events"
        let report = try await Interruption.stopping(
            saying: "\nstopping after the \(things) at hand (again to quit now)"
        ) { stop in
            try await stores.held(RealTimeline()) { try await body(stop, line) }
        }
        line.clear()
        return report
    }

    /// Shows `report` and asks whether `what` is to be done to the stores.
    func isConfirmed(
        _ report: some WrittenReport,
        _ what: String,
        _ stores: RunStores
    ) -> Bool {
        if yes { return true }
        let places = stores.warehouses.map(\.label) + stores.rawLabels
        Terminal.message(report.text(colour: false))
        Terminal.message("\(what) into \(places.joined(separator: " and "))? Type yes to go on.")
        return readLine() == "yes"
    }

    /// The raw stores of the ingest stages of `document` that are among `names`, each place once.
    func openedRaws(
        _ document: PipelineDocument,
        for access: StoreAccess,
        _ names: (String) -> Bool = { _ in true }
    ) async throws -> [RunStores.Named<any RawStore>] {
        var opened: [RunStores.Named<any RawStore>] = []
        var first: [String: RunStores.Named<any RawStore>] = [:]
        for store in document.stores where store.role == .raw && names(store.name) {
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

extension RunStores {
    /// The raw stores, each place once, without secrets.
    var rawLabels: [String] { raw.filter { $0.twin == nil }.map(\.label) }

    /// `report` with the raw stores that letters of ingest go to.
    func labelled(_ report: ReplayReport) -> ReplayReport {
        var report = report
        report.rawStores = rawLabels
        return report
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
            if case .analytics(let plan) = stage.kind,
                // Who has never counted here counts in another warehouse.
                !map.owners.contains(where: { $0.subscription == plan.subscription })
            {
                return nil
            }
            return ReplayStage(stage, of: document, on: stores, map)
        }
    }

    /// `stage` of `document`, which writes to one of `stores`, as `map` knows them; nil where it
    /// does not.
    init?(
        _ stage: PipelineDocument.Stage,
        of document: PipelineDocument,
        on stores: RunStores,
        _ map: JourneyMap
    ) {
        let subscription = document.subscriptions.first { $0.name == stage.subscription }
        let kind: Kind
        switch stage.kind {
        case .ingest(_, let name):
            guard let raw = stores.raw.first(where: { $0.name == name }) else { return nil }
            kind = .ingest(raw.store, map.root(of: raw.twin ?? name))
        case .analytics(let plan):
            kind = .analytics(plan.options, map.derivative(of: plan.subscription))
        case .producer, .relay, .collector, .external: return nil
        }
        self.init(
            subscription: subscription?.name ?? "",
            kind: kind,
            isOrdered: subscription?.policy.isOrdered ?? false
        )
    }
}

/// What a replay is called.
enum ReplayName {
    /// The replay that is to be resumed, of stored events or of letters.
    static func interrupted(
        _ name: String,
        ofEvents: Bool,
        in warehouse: any Warehouse
    ) async throws -> LetterReplay {
        let known = try await warehouse.letters?.replays() ?? []
        let own = known.filter { ($0.events != nil) == ofEvents }
        if let replay = own.first(where: { $0.name.utf8.elementsEqual(name.utf8) }) {
            return replay
        }
        if known.contains(where: { $0.name.utf8.elementsEqual(name.utf8) }) {
            throw ValidationError(
                ofEvents
                    ? "\(name) is a replay of dead letters: 'weir dead-letters replay --resume' "
                        + "goes on with it"
                    : "\(name) is a replay of stored events: 'weir events replay --resume' goes on "
                        + "with it"
            )
        }
        let open = own.filter { $0.ended == nil }.map(\.name)
        throw InputError(
            .notFound,
            "there is no replay \"\(name)\""
                + (open.isEmpty
                    ? "; none was interrupted" : "; interrupted: \(open.joined(separator: ", "))")
        )
    }

    /// Says that `replay` has nothing left to do, and what it has done.
    static func tellEnd(
        of replay: LetterReplay,
        at ended: Timestamp,
        in warehouse: any Warehouse
    ) async throws {
        let outcomes = try await warehouse.letters?.outcomes(ofReplay: replay.name) ?? [:]
        let told = outcomes.sorted { $0.key < $1.key }.map {
            "\(ReportNumbers.count($0.value)) \($0.key.rawValue)"
        }
        let thing = replay.events == nil ? "letter" : "event"
        let sum =
            told.isEmpty ? "no \(thing) has an outcome of it" : told.joined(separator: ", ")
        let rest =
            replay.events == nil
            ? "; a letter that failed again is open, and another replay takes it" : ""
        try Terminal.result(
            "\(replay.name) has ended at \(ended), by \(replay.who) (\(replay.why)): \(sum). "
                + "There is nothing to go on with\(rest)."
        )
    }

    /// Refuses a name that another replay has.
    static func check(_ name: String, in warehouse: any Warehouse) async throws {
        let known = try await warehouse.letters?.replays() ?? []
        guard let replay = known.first(where: { $0.name.utf8.elementsEqual(name.utf8) }) else {
            return
        }
        throw ValidationError(
            "there is a replay \"\(name)\" already, which "
                + (replay.ended.map { "ended at \($0): choose another name" }
                    ?? "was interrupted: --resume \(name) goes on, or choose another name")
        )
    }
}
