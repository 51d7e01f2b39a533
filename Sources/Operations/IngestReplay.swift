internal import Broker
internal import Commerce
internal import Datasets
internal import Logging
internal import Stages
internal import Storage
internal import Timekeeping

/// Stores messages as ingest does.
struct IngestReplay {
    let store: any RawStore
    let rules: EventRules
    private let letters: (any DeadLetterStore)?
    private let ledger = IngestLedger()
    /// What was stored by this replay, of which the store knows nothing while it is rehearsed.
    private var own: [LetterName: FoundEvent] = [:]
    /// Whether no two messages have one identity, so that nothing is remembered.
    private let isDistinct: Bool

    init(
        _ store: any RawStore,
        _ rules: EventRules,
        _ letters: (any DeadLetterStore)?,
        isDistinct: Bool
    ) {
        self.isDistinct = isDistinct
        self.store = store
        self.rules = rules
        self.letters = letters
    }

    /// Stores the events of `attempts` and then notes their outcomes, or only says what would
    /// become of them.
    mutating func take(
        _ attempts: [ReplayAttempt],
        of replay: LetterReplay,
        isRehearsed: Bool,
        at now: Timestamp
    ) async throws -> [ReplayedLetter] {
        var replayed: [ReplayedLetter] = []
        for attempt in attempts where !attempt.isDone {
            let name = attempt.name
            guard let delivery = attempt.delivery else {
                let reason = attempt.failure ?? .deadlineExpired
                replayed.append(.init(name, .failed, .nack(reason), of: replay, at: now))
                continue
            }
            let (sound, failures) = delivery.validated(by: rules, at: now)
            guard !sound.isEmpty else {
                replayed.append(.init(name, .failed, .ackExcept(failures), of: replay, at: now))
                continue
            }
            var identity = name
            identity.position = 0
            let event = FoundEvent(delivery.publication, 0)
            var there = own[identity]
            if there == nil { there = try await stored(name) }
            if let there, !there.isSame(as: event) {
                let reason = FailureReason(
                    label: "id-conflict",
                    detail: "the raw store has another event of this id and source, of "
                        + "\(there.time)"
                )
                replayed.append(.init(name, .failed, .nack(reason), of: replay, at: now))
                continue
            }
            if !isRehearsed, there == nil {
                let write = RawWrite(
                    publication: try await placed(delivery.publication, name),
                    selection: sound
                )
                let outcome = try await store.store([write])
                ledger.note([write], outcome)
            }
            if !isDistinct { own[identity] = there ?? event }
            let outcome = there == nil ? ReplayedLetter.Outcome.stored : .present
            replayed.append(.init(name, outcome, .ack, of: replay, at: now))
        }
        if !isRehearsed, !replayed.isEmpty { try await letters?.note(replayed, of: replay) }
        return replayed
    }

    private func lookup() throws -> any RawEventLookup {
        guard let lookup = store.lookup else {
            throw StoreError(.wrongURL, "the raw store keeps no events that could be looked for")
        }
        return lookup
    }

    /// The event of the raw store that has the id and the source of a letter.
    private func stored(_ name: LetterName) async throws -> FoundEvent? {
        guard let condition = EventCondition(.id, name.id), !store.isVolatile else { return nil }
        return try await lookup().find(EventSearch([condition], limit: 1000)).events.first {
            $0.source.utf8.elementsEqual(name.source.utf8)
        }
    }

    /// The store may have given the position to another event, as a later run does where a letter
    /// was the last message of its own: then it gets the next one.
    private func placed(
        _ publication: Publication<Batch>,
        _ name: LetterName
    ) async throws -> Publication<Batch> {
        guard let condition = EventCondition(.message, "\(name.position)"),
            try await lookup().find(EventSearch([condition], limit: 1)).events.isEmpty
        else {
            return Publication(
                batch: publication.batch,
                firstPosition: try await store.nextPosition(),
                publishTime: publication.publishTime
            )
        }
        return publication
    }

    /// Records in the catalogue what was stored, as the end of a run does.
    func finish(_ dataset: DatasetID?, in warehouse: any Warehouse, _ timeline: any Timeline) async
    {
        guard let dataset, let catalogue = warehouse.catalogue else { return }
        await CatalogueStage(
            dataset: dataset,
            ledger: ledger,
            store: store,
            catalogue: catalogue,
            interval: .zero,
            timeline: timeline,
            logger: Logger(label: "replay")
        ).reconcile()
    }
}

extension FoundEvent {
    /// Whether both are one event, wherever they lie.
    fileprivate func isSame(as other: FoundEvent) -> Bool {
        var other = other
        (other.position, other.trace) = (position, trace)
        return self == other
    }
}
