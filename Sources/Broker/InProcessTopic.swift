package import Commerce
internal import Synchronization
internal import Timekeeping

/// A topic inside this process: numbers what is published and shares it with its subscriptions.
package final class InProcessTopic: Topic {
    private struct State {
        var messages: Int64 = 0
        var bytes: Int64 = 0
        var isClosed = false
    }

    package let name: String
    private let subscriptions: [InProcessSubscription]
    private let timeline: any Timeline
    private let positions: PositionNumbering
    // Lock order: a topic's state, then the numbering's, then a subscription's. Never the other
    // way round.
    private let state = Mutex(State())

    init(
        name: String,
        positions: PositionNumbering,
        subscriptions: [InProcessSubscription],
        timeline: any Timeline
    ) {
        self.name = name
        self.subscriptions = subscriptions
        self.timeline = timeline
        self.positions = positions
    }

    package var published: (messages: Int64, bytes: Int64) {
        state.withLock { ($0.messages, $0.bytes) }
    }

    /// The position that the next message will have, or one before it.
    package var nextPosition: Int64 { positions.next }

    package func publish(_ batch: Batch) async throws(CancellationError) {
        guard batch.count > 0 else { return }
        let selections = subscriptions.map { $0.matching(batch) }
        while true {
            // The signal's version is read before the look at the room, so that room made
            // in between is not missed.
            let versions = subscriptions.map(\.roomVersion)
            guard let full = offer(batch, selections) else { break }
            try await subscriptions[full].waitForRoom(since: versions[full])
        }
        for subscription in subscriptions {
            subscription.wakeReceivers()
        }
    }

    /// Publishes where every subscription has room; else gives the place of one that has not.
    private func offer(_ batch: Batch, _ selections: [Selection]) -> Int? {
        state.withLock { state in
            precondition(!state.isClosed, "published to a topic that was closed")
            for (index, subscription) in subscriptions.enumerated()
            where !subscription.hasRoom(for: batch, selections[index]) {
                return index
            }
            let publication = Publication(
                batch: batch,
                firstPosition: positions.take(batch.count),
                publishTime: timeline.now
            )
            state.messages += Int64(batch.count)
            state.bytes += Int64(batch.byteCount)
            for (index, subscription) in subscriptions.enumerated() {
                subscription.accept(publication, selections[index])
            }
            return nil
        }
    }

    package func close() {
        state.withLock { $0.isClosed = true }
        for subscription in subscriptions {
            subscription.topicClosed()
        }
    }
}

/// Numbers the messages of a broker: those of all its topics together, so that two topics that
/// are kept in one store have no position in common.
final class PositionNumbering: Sendable {
    private let state: Mutex<Int64>

    /// A numbering that begins at `first`.
    init(from first: Int64) {
        state = Mutex(first)
    }

    /// The position that is given next.
    var next: Int64 { state.withLock { $0 } }

    /// Gives `count` positions, one behind the other, of which this is the first.
    func take(_ count: Int) -> Int64 {
        state.withLock { next in
            defer { next += Int64(count) }
            return next
        }
    }
}
