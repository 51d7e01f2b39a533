package import Timekeeping

/// A run of messages that a subscription never delivered to the end, and that nobody refused.
package struct DroppedMessages: Hashable, Sendable {
    package enum Cause: String, Hashable, Sendable, CaseIterable {
        /// The subscription was full when they were published.
        case shed
        /// They were not acked within the retention.
        case expired
        /// A seek took them for acked.
        case skipped
    }

    package var subscription: String
    package var cause: Cause
    /// Each position in it is that of a dropped message.
    package var positions: ClosedRange<Int64>
    /// When the first of them was dropped.
    package var first: Timestamp
    /// When the last of them was.
    package var last: Timestamp

    package init(
        subscription: String,
        cause: Cause,
        positions: ClosedRange<Int64>,
        first: Timestamp,
        last: Timestamp
    ) {
        self.subscription = subscription
        self.cause = cause
        self.positions = positions
        self.first = first
        self.last = last
    }

    /// How many there are.
    package var count: Int64 { Int64(positions.count) }

    /// Takes in `other`, where that goes on where this ends.
    mutating func merge(_ other: DroppedMessages) -> Bool {
        guard subscription == other.subscription, cause == other.cause,
            positions.upperBound + 1 == other.positions.lowerBound
        else { return false }
        positions = positions.lowerBound...other.positions.upperBound
        last = max(last, other.last)
        return true
    }
}

/// What subscriptions gave up since somebody asked last.
package struct GivenUp<Batch: MessageBatch>: Sendable {
    /// The messages that failed, in the order in which they were given up.
    package var letters: [DeadLetter<Batch>]
    package var dropped: [DroppedMessages]
}

extension Selection {
    /// The runs of neighbours among the selected messages of a publication that begins at `first`.
    func runs(from first: Int64) -> [ClosedRange<Int64>] {
        if case .range(let range) = self {
            guard !range.isEmpty else { return [] }
            return [first + Int64(range.lowerBound)...first + Int64(range.upperBound - 1)]
        }
        var runs: [ClosedRange<Int64>] = []
        forEach { place in
            let position = first + Int64(place)
            if let last = runs.last, last.upperBound + 1 == position {
                runs[runs.count - 1] = last.lowerBound...position
            } else {
                runs.append(position...position)
            }
        }
        return runs
    }
}
