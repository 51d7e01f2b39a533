package import Broker
package import Commerce
package import Logging
package import Storage
package import Timekeeping

/// Stores every sound event of a subscription in a raw store, and acknowledges it then.
package struct IngestStage: Sendable {
    private let subscription: any Subscription<Batch>
    private let store: any RawStore
    private let rules: EventRules
    private let timeline: any Timeline
    private let meter: StageMeter
    private let retry: StoreRetry
    private let batchLimit: Int
    private let logger: Logger
    private let ledger: IngestLedger?

    /// A stage that notes what is stored in `ledger`, where a catalogue is to have it.
    package init(
        subscription: any Subscription<Batch>,
        store: any RawStore,
        rules: EventRules,
        timeline: any Timeline,
        meter: StageMeter,
        logger: Logger,
        ledger: IngestLedger? = nil,
        patience: StorePatience = StorePatience(),
        batchLimit: Int = 4096
    ) {
        self.subscription = subscription
        self.store = store
        self.rules = rules
        self.timeline = timeline
        self.meter = meter
        self.logger = logger
        self.ledger = ledger
        self.batchLimit = batchLimit
        retry = StoreRetry(
            timeline: timeline,
            patience: patience,
            meter: meter,
            logger: logger
        )
    }

    /// Runs until the topic is closed and every message is settled.
    ///
    /// - Throws: ``StoreError`` once the store has failed for longer than the patience, with the
    ///   deliveries in hand nacked; `CancellationError` when the task is cancelled.
    package func run() async throws {
        while let deliveries = try await subscription.receive(atMost: batchLimit, until: nil) {
            let began = timeline.now
            var writes: [RawWrite] = []
            var settlements: [Settlement] = []
            for delivery in deliveries {
                let (sound, failures) = delivery.validated(by: rules, at: began)
                writes.append(RawWrite(publication: delivery.publication, selection: sound))
                settlements.append(failures.isEmpty ? .ack : .ackExcept(failures))
            }
            do {
                let outcome = try await retry.run(
                    holdOn: { deliveries.forEach(subscription.extendDeadline) },
                    { () async throws(StoreError) in try await store.store(writes) }
                )
                ledger?.note(writes, outcome)
                meter.update { counts in
                    counts.processed += Int64(outcome.stored)
                    counts.duplicates += Int64(outcome.duplicates)
                }
            } catch {
                nack(deliveries, error)
                throw error
            }
            settle(deliveries, writes, settlements, since: began)
            await Task.yield()
        }
    }

    private func settle(
        _ deliveries: [Delivery<Batch>],
        _ writes: [RawWrite],
        _ settlements: [Settlement],
        since began: Timestamp
    ) {
        let now = timeline.now
        for index in deliveries.indices {
            // What is another delivery's now is measured when that is acknowledged.
            guard subscription.settle(deliveries[index], settlements[index]) else { continue }
            meter.recordLatency(deliveries[index].batch, writes[index].selection, at: now)
            logAcknowledged(deliveries[index], by: meter.name, to: logger)
        }
        meter.update { counts in
            counts.received += deliveries.reduce(0) { $0 + Int64($1.count) }
            counts.recordJob(now - began)
            for settlement in settlements {
                counts.countFailures(of: settlement)
            }
        }
    }

    private func nack(_ deliveries: [Delivery<Batch>], _ error: any Error) {
        let reason = FailureReason(
            label: (error as? StoreError)?.label ?? "stopped",
            detail: "\(error)"
        )
        for delivery in deliveries {
            subscription.settle(delivery, .nack(reason))
        }
    }
}

/// At debug level, one line for each delivery that was acknowledged: what a store must hold from
/// here on, whatever happens to the process.
func logAcknowledged(_ delivery: Delivery<Batch>, by stage: String, to logger: Logger) {
    guard logger.logLevel <= .debug else { return }
    let batch = delivery.batch
    logger.debug(
        "acknowledged",
        metadata: [
            "stage": "\(stage)",
            "stream": "\(batch.symbols.text(of: batch.origin.stream, in: .text))",
            "first": "\(batch.origin.offset(at: 0))",
            "last": "\(batch.origin.offset(at: batch.count - 1))",
            "count": "\(delivery.count)",
        ]
    )
}

extension Delivery<Batch> {
    /// Splits the messages into those that satisfy `rules` and the failures of the others.
    package func validated(
        by rules: EventRules,
        at now: Timestamp
    ) -> (sound: Selection, failures: [Settlement.Failure]) {
        let latest = now + rules.aheadLimit
        let violations: [(place: Int, violation: RuleViolation)]
        switch selection {
        case .range(let range): violations = rules.violations(in: batch, range, latest: latest)
        case .places(let places):
            violations = rules.violations(in: batch, places.lazy.map(Int.init), latest: latest)
        }
        var failures = violations.map { place, violation in
            Settlement.Failure(
                place: place,
                reason: batch.flaws[place]
                    ?? FailureReason(label: violation.label, detail: violation.explanation),
                isPermanent: true
            )
        }
        if !batch.flaws.isEmpty {
            let named = Set(failures.map(\.place))
            selection.forEach { place in
                guard let flaw = batch.flaws[place], !named.contains(place) else { return }
                failures.append(.init(place: place, reason: flaw, isPermanent: true))
            }
            failures.sort { $0.place < $1.place }
        }
        guard !failures.isEmpty else { return (selection, []) }
        let refused = Set(failures.map(\.place))
        return (selection.partitioned { !refused.contains($0) }.included, failures)
    }
}
