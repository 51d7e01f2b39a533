public import Timekeeping

/// Names one delivery of a subscription; never used twice.
@usableFromInline
package struct DeliveryID: Hashable, Comparable, Sendable {
    @usableFromInline package let number: UInt64

    @inlinable
    package static func < (left: DeliveryID, right: DeliveryID) -> Bool {
        left.number < right.number
    }
}

/// Messages handed to a subscriber, to be settled before ``deadline``.
@usableFromInline
package struct Delivery<Batch: MessageBatch>: Sendable {
    @usableFromInline package let id: DeliveryID
    @usableFromInline package let publication: Publication<Batch>
    /// Which messages of the batch are delivered.
    @usableFromInline package let selection: Selection
    /// 1 + nacks + expired deadlines, the same for all messages of the delivery.
    @usableFromInline package let attempt: Int
    @usableFromInline package let deadline: Timestamp

    /// The batch the messages lie in.
    @inlinable package var batch: Batch { publication.batch }
    /// How many messages are delivered.
    @inlinable package var count: Int { selection.count }

    /// The same delivery with other content: it is settled as the one it was made of.
    package func replacing(batch: Batch, selection: Selection) -> Delivery {
        Delivery(
            id: id,
            publication: Publication(
                batch: batch,
                firstPosition: publication.firstPosition,
                publishTime: publication.publishTime
            ),
            selection: selection,
            attempt: attempt,
            deadline: deadline
        )
    }
}

extension Delivery {
    /// The messages of `publication`, given to a stage once more by no subscription.
    package init(again publication: Publication<Batch>, attempt: Int, deadline: Timestamp) {
        self.init(
            id: DeliveryID(number: 0),
            publication: publication,
            selection: .range(0..<publication.batch.count),
            attempt: attempt,
            deadline: deadline
        )
    }
}

/// Why a message could not be processed.
package struct FailureReason: Hashable, Sendable {
    /// The class it is counted under: few, constant texts.
    package var label: String
    /// What exactly happened, for a person.
    package var detail: String

    package init(label: String, detail: String) {
        self.label = label
        self.detail = detail
    }

    /// The delivery was not settled in time.
    package static let deadlineExpired = FailureReason(
        label: "ack-deadline-expired",
        detail: "the delivery was not settled before its deadline"
    )
}

/// What became of a delivery.
package enum Settlement: Sendable {
    /// A message of the delivery that was not processed.
    package struct Failure: Sendable {
        /// Its place in the batch.
        package var place: Int
        package var reason: FailureReason
        /// Whether no further attempt can succeed: the message becomes a dead letter at once,
        /// where the subscription has a dead-letter policy.
        package var isPermanent: Bool

        package init(place: Int, reason: FailureReason, isPermanent: Bool) {
            self.place = place
            self.reason = reason
            self.isPermanent = isPermanent
        }
    }

    /// Every message was processed.
    case ack
    /// No message was; try again later.
    case nack(FailureReason)
    /// These were not, in ascending order of their places; all others were.
    case ackExcept([Failure])
}

/// A message that a subscription gave up.
package struct DeadLetter<Batch: MessageBatch>: Sendable {
    package var subscription: String
    package var publication: Publication<Batch>
    /// Its place in the batch.
    package var place: Int
    /// How often it was delivered.
    package var attempts: Int
    package var reason: FailureReason
    package var firstFailure: Timestamp
    package var lastFailure: Timestamp
}
