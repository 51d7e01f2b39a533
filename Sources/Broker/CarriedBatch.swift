internal import Timekeeping

/// A batch of any kind, as the queues of the in-process broker carry it.
///
/// Code that is generic over the batch is not specialised outside the module that knows the kind,
/// and then runs many times slower; with this, the broker's own module knows it.
final class CarriedBatch: MessageBatch {
    let batch: any MessageBatch
    let count: Int
    let byteCount: Int

    init(_ batch: any MessageBatch) {
        self.batch = batch
        count = batch.count
        byteCount = batch.byteCount
    }

    func attribute(_ name: String, of place: Int) -> String? {
        batch.attribute(name, of: place)
    }

    func orderingKey(of place: Int) -> OrderingKey? {
        batch.orderingKey(of: place)
    }

    func firstDue(in selection: Selection) -> Timestamp? {
        batch.firstDue(in: selection)
    }

    func countDue(before instant: Timestamp, in selection: Selection) -> Int {
        batch.countDue(before: instant, in: selection)
    }
}

extension Publication<CarriedBatch> {
    /// The same publication of a batch that is known to be a `Known`.
    fileprivate func carrying<Known: MessageBatch>(_: Known.Type) -> Publication<Known> {
        guard let known = batch.batch as? Known else {
            preconditionFailure("a broker of one kind of batches carries no other")
        }
        return Publication<Known>(
            batch: known,
            firstPosition: firstPosition,
            publishTime: publishTime
        )
    }
}

extension Delivery<CarriedBatch> {
    /// The same delivery of a batch that is known to be a `Known`.
    func carrying<Known: MessageBatch>(_ kind: Known.Type) -> Delivery<Known> {
        Delivery<Known>(
            id: id,
            publication: publication.carrying(kind),
            selection: selection,
            attempt: attempt,
            deadline: deadline
        )
    }
}

extension DeadLetter<CarriedBatch> {
    /// The same dead letter of a batch that is known to be a `Known`.
    func carrying<Known: MessageBatch>(_ kind: Known.Type) -> DeadLetter<Known> {
        DeadLetter<Known>(
            subscription: subscription,
            publication: publication.carrying(kind),
            place: place,
            attempts: attempts,
            reason: reason,
            firstFailure: firstFailure,
            lastFailure: lastFailure
        )
    }
}

extension SubscriptionStanding<CarriedBatch> {
    /// The same standing of batches that are known to be a `Known`.
    func carrying<Known: MessageBatch>(_ kind: Known.Type) -> SubscriptionStanding<Known> {
        SubscriptionStanding<Known>(
            name: name,
            policy: policy,
            taken: taken,
            counts: counts,
            unsettledBytes: unsettledBytes,
            runs: runs.map { run in
                SubscriptionStanding<Known>.Run(
                    publication: run.publication.carrying(kind),
                    selection: run.selection,
                    place: run.place,
                    failures: run.failures,
                    failure: run.failure
                )
            },
            exceptions: exceptions
        )
    }
}

extension WaitingBatch<CarriedBatch> {
    /// The same of a batch that is known to be a `Known`.
    func carrying<Known: MessageBatch>(_: Known.Type) -> WaitingBatch<Known> {
        guard let known = batch.batch as? Known else {
            preconditionFailure("a broker of one kind of batches carries no other")
        }
        return WaitingBatch<Known>(batch: known, subscription: subscription, since: since)
    }
}
