package import Broker
package import Commerce
package import Logging
package import Storage
internal import Synchronization
package import Timekeeping

/// Keeps in the warehouse what the subscriptions gave up: what failed, with its original bytes,
/// and which positions they dropped.
package struct DeadLetterStage: Sendable {
    private let broker: any PubSub<Batch>
    private let warehouse: any Warehouse
    private let meter: DeadLetterMeter
    private let retry: StoreRetry
    private let logger: Logger

    package init(
        broker: any PubSub<Batch>,
        warehouse: any Warehouse,
        timeline: any Timeline,
        meter: DeadLetterMeter,
        logger: Logger,
        patience: StorePatience = StorePatience()
    ) {
        self.broker = broker
        self.warehouse = warehouse
        self.meter = meter
        self.logger = logger
        retry = StoreRetry(
            timeline: timeline,
            patience: patience,
            meter: StageMeter(name: "dead-letters"),
            logger: logger
        )
    }

    /// Runs until the broker says that nothing more will be given up.
    ///
    /// - Throws: ``StoreError`` once the warehouse has failed for longer than the patience;
    ///   `CancellationError` when the task is cancelled.
    package func run() async throws {
        while let givenUp = try await broker.givenUp(atMost: 512) {
            let letters = givenUp.letters
            if !letters.isEmpty {
                try await retry.run { () async throws(StoreError) in
                    try await warehouse.storeDeadLetters(letters)
                }
                meter.count(letters)
                for letter in letters { logger.info("dead letter", metadata: letter.metadata) }
            }
            if !givenUp.dropped.isEmpty {
                try await retry.run { () async throws(StoreError) in
                    try await warehouse.storeDropped(givenUp.dropped)
                }
            }
        }
    }
}

extension DeadLetter<Batch> {
    /// What a log says of it, with the keys that its event is found by.
    fileprivate var metadata: Logger.Metadata {
        let event = FoundEvent(publication, place)
        let keys: [(key: EventKey, value: String?)] = [
            (.order, event.order), (.user, event.user), (.session, event.session),
            (.id, event.id), (.message, "\(event.position)"), (.trace, event.trace),
        ]
        var metadata: Logger.Metadata = [
            "stage": "dead-letters",
            "subscription": "\(subscription)",
            "source": "\(event.source)",
            "reason": "\(reason.label)",
            "detail": "\(reason.detail)",
            "attempts": "\(attempts)",
        ]
        for case (let key, let value?) in keys { metadata[key.rawValue] = "\(value)" }
        return metadata
    }
}

/// How many dead letters each subscription has, by the class of the reason.
package final class DeadLetterMeter: Sendable {
    private let counts = Mutex<[String: [String: Int64]]>([:])
    private let purchases = Mutex<[String: OrderTally]>([:])
    private let first = Mutex<[String: [String: String]]>([:])

    /// A meter at zero.
    package init() {}

    /// Counts by subscription, then by reason.
    package var total: [String: [String: Int64]] { counts.withLock { $0 } }

    /// The purchases among them, by subscription.
    package var orders: [String: OrderTally] { purchases.withLock { $0 } }

    /// The first by subscription, then by reason: its id, and what was wrong with it.
    package var samples: [String: [String: String]] { first.withLock { $0 } }

    func count(_ letters: [DeadLetter<Batch>]) {
        first.withLock { first in
            for letter in letters
            where first[letter.subscription]?[letter.reason.label] == nil {
                let id = letter.publication.batch.idText(of: letter.place)
                first[letter.subscription, default: [:]][letter.reason.label] =
                    "\(id): \(letter.reason.detail)"
            }
        }
        purchases.withLock { orders in
            for letter in letters {
                orders[letter.subscription, default: OrderTally()].add(
                    letter.publication.batch,
                    letter.place
                )
            }
        }
        counts.withLock { counts in
            for letter in letters {
                counts[letter.subscription, default: [:]][letter.reason.label, default: 0] += 1
            }
        }
    }
}
