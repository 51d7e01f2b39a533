internal import DequeModule
internal import HeapModule
package import Timekeeping

/// Where messages are that are not settled.
package enum MessagePlace: Hashable, Sendable {
    /// Not delivered yet.
    case backlog
    /// Delivered next: they failed before, or an earlier one of their key was settled.
    case ready
    /// Held back until an earlier message of their ordering key is settled.
    case held
    /// Delivered since then, to be settled before the deadline, which began anew so often.
    case inFlight(DeliveryID, since: Timestamp, deadline: Timestamp, extensions: Int)
    /// They failed, and are delivered again then.
    case waiting(until: Timestamp)
}

/// Where the messages of a subscription are at one moment: a copy, to be looked through while the
/// subscription goes on.
package struct SubscriptionStanding<Batch: MessageBatch>: Sendable {
    /// Messages of one batch that are in one place.
    package struct Run: Sendable {
        package let publication: Publication<Batch>
        package let selection: Selection
        package let place: MessagePlace
        package let failures: Int
        /// Nil where they have not failed yet.
        package let failure: FailureRecord?

        /// Whether the message at `position` is one of them.
        package func holds(_ position: Int64) -> Bool {
            let place = position - publication.firstPosition
            return place >= 0 && place < Int64(publication.batch.count)
                && selection.contains(Int(place))
        }
    }

    package let name: String
    package let policy: SubscriptionPolicy
    package let taken: Timestamp
    package let counts: SubscriptionCounts
    /// What the unsettled messages take of the flow-control budget.
    package let unsettledBytes: Int
    /// Those that come next first, each place in its own order.
    package let runs: [Run]
    package let exceptions: ExceptionalEnds

    /// The run that the message at `position` is in; nil where it is settled, or never came.
    package func run(of position: Int64) -> Run? {
        runs.first { $0.holds(position) }
    }

    /// How many messages are delivered before the one at `position`, which is in the backlog.
    package func countAhead(of position: Int64) -> Int64 {
        var ahead: Int64 = 0
        for run in runs where run.place == .ready || run.place == .backlog {
            guard run.holds(position) else {
                ahead += Int64(run.selection.count)
                continue
            }
            run.selection.forEach { place in
                if run.publication.position(at: place) < position { ahead += 1 }
            }
            break
        }
        return ahead
    }

    /// The message that keeps the one at `place` of `run` from being delivered since both are of
    /// one ordering key: the one that is under way; nil where none is.
    package func blocker(of place: Int, in run: Run) -> (run: Run, position: Int64)? {
        guard policy.isOrdered, let key = run.publication.batch.orderingKey(of: place) else {
            return nil
        }
        let position = run.publication.position(at: place)
        var found: (run: Run, position: Int64)?
        for other in runs {
            switch other.place {
            case .backlog, .held: continue
            case .ready, .inFlight, .waiting: break
            }
            other.selection.forEach { place in
                let candidate = other.publication.position(at: place)
                guard candidate < min(position, found?.position ?? .max),
                    other.publication.batch.orderingKey(of: place) == key
                else { return }
                found = (other, candidate)
            }
        }
        return found
    }
}

extension DeliveryState {
    /// A copy that ``standing(at:)`` can be asked of: made in no time, however many messages there
    /// are.
    var copyForStanding: DeliveryState {
        var copy = self
        copy.records = []
        return copy
    }

    /// Where everything is at `now`.
    package func standing(at now: Timestamp) -> SubscriptionStanding<Batch> {
        typealias Run = SubscriptionStanding<Batch>.Run
        var runs: [Run] = []
        func add(_ parcel: Parcel, _ place: MessagePlace) {
            runs.append(
                Run(
                    publication: parcel.publication,
                    selection: parcel.selection,
                    place: place,
                    failures: parcel.failures,
                    failure: parcel.failure
                )
            )
        }
        if counts.unsettled > 0 {
            // order-free: sorted by their ids.
            for (id, lease) in outstanding.sorted(by: { $0.key < $1.key }) {
                add(
                    lease.parcel,
                    .inFlight(
                        id,
                        since: lease.since,
                        deadline: lease.deadline,
                        extensions: lease.extensions
                    )
                )
            }
            for entry in waiting.unordered.sorted() {
                add(entry.value, .waiting(until: entry.instant))
            }
            for parcel in ready { add(parcel, .ready) }
            for parcel in backlog { add(parcel, .backlog) }
            let held = ordering.heldParcels.sorted {
                ($0.publication.firstPosition, $0.selection.first ?? 0)
                    < ($1.publication.firstPosition, $1.selection.first ?? 0)
            }
            for parcel in held { add(parcel, .held) }
        }
        return SubscriptionStanding(
            name: name,
            policy: policy,
            taken: now,
            counts: counts,
            unsettledBytes: unsettledBytes,
            runs: runs,
            exceptions: exceptions
        )
    }
}

/// A batch that a publisher holds until a subscription has room.
package struct WaitingBatch<Batch: MessageBatch>: Sendable {
    package let batch: Batch
    /// The subscription that is full.
    package let subscription: String
    /// When the publisher came with it.
    package let since: Timestamp
}
