package import Broker
internal import Synchronization

/// The snapshots of a run's subscriptions: they live as long as the run.
package final class SubscriptionSnapshots: Sendable {
    /// So many are kept.
    package static let limit = 100

    private struct Entry: Sendable {
        var subscription: String
        var name: String
        var snapshot: DeliverySnapshot
    }

    private let entries = Mutex<[Entry]>([])

    package init() {}

    /// Keeps the ack state of `subscription` as `name`; nil where that name is taken, or too many
    /// are kept.
    package func add(_ name: String, of subscription: LiveRun.Subscription) -> SnapshotNote? {
        let port = subscription.port
        return entries.withLock { entries in
            guard entries.count < Self.limit,
                !entries.contains(where: {
                    $0.subscription == subscription.name && $0.name == name
                })
            else { return nil }
            let snapshot = port.snapshot(nextPosition: subscription.nextPosition())
            entries.append(
                Entry(subscription: subscription.name, name: name, snapshot: snapshot)
            )
            return SnapshotNote(
                subscription: subscription.name,
                name: name,
                unsettled: snapshot.unsettledCount
            )
        }
    }

    /// The snapshot called `name`; nil where there is none.
    package func snapshot(_ name: String, of subscription: String) -> DeliverySnapshot? {
        entries.withLock { entries in
            entries.first { $0.subscription == subscription && $0.name == name }?.snapshot
        }
    }
}

/// A snapshot that was made.
package struct SnapshotNote: Codable, Sendable {
    package var schemaVersion = 1
    package var subscription: String
    package var name: String
    /// How many messages were not acked.
    package var unsettled: Int64
}
