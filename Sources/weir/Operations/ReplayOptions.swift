internal import ArgumentParser
internal import Broker
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
        Terminal.message("\(record.name): if it is interrupted, --resume \(record.name) goes on")
        let line = LiveLine()
        let report = try await Interruption.stopping(
            saying: "\nstopping after the letters at hand (again to quit now)"
        ) { stop in
            try await stores.held(RealTimeline()) {
                try await replay.execute(record, isResumed: isResumed, rate: rate, stop: stop) {
                    line.show(["\($0) of \(replay.count) letters"])
                }
            }
        }
        line.clear()
        return stores.labelled(report)
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
            case .producer, .relay, .collector: return nil
            }
            return ReplayStage(
                subscription: subscription?.name ?? "",
                kind: kind,
                isOrdered: subscription?.policy.isOrdered ?? false
            )
        }
    }
}

/// What a replay is called.
enum ReplayName {
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
