internal import DequeModule
package import Timekeeping

/// Why messages of one delivery failed.
package enum FailureReasons: Sendable {
    /// All for one reason, which may pass.
    case common(FailureReason)
    /// Each for its own, by its place in the batch.
    case each([Int: Settlement.Failure])

    /// Why the message at `place` failed; nil where it only comes again with an earlier one of its
    /// ordering key.
    package subscript(place: Int) -> FailureReason? {
        switch self {
        case .common(let reason): reason
        case .each(let failures): failures[place]?.reason
        }
    }

    func isPermanent(at place: Int) -> Bool {
        switch self {
        case .common: false
        case .each(let failures): failures[place]?.isPermanent ?? false
        }
    }
}

/// The failures of messages so far.
///
/// It is shared, so that messages that never fail carry nothing.
package final class FailureRecord: Sendable {
    package let first: Timestamp
    package let last: Timestamp
    /// Of the last failure.
    package let reasons: FailureReasons

    init(first: Timestamp, last: Timestamp, reasons: FailureReasons) {
        self.first = first
        self.last = last
        self.reasons = reasons
    }
}

/// Messages of one batch whose way through a subscription ended in another way than with an ack of
/// the first attempt.
package struct ExceptionalEnd: Sendable {
    /// What became of them.
    package enum State: Sendable {
        /// Acked after failures.
        case acked
        case deadLettered
        case expired
        case shed
        /// Taken for acked by a seek.
        case skipped
        /// Acked, and then brought back by a seek; no end, unless it is acked again.
        case broughtBack
    }

    package let state: State
    private let firstPosition: Int64
    private let selection: Selection
    package let time: Timestamp
    package let failures: Int
    package let failure: FailureRecord?

    init(
        _ state: State,
        _ firstPosition: Int64,
        _ selection: Selection,
        at time: Timestamp,
        failures: Int = 0,
        _ failure: FailureRecord? = nil
    ) {
        self.state = state
        self.firstPosition = firstPosition
        self.selection = selection
        self.time = time
        self.failures = failures
        self.failure = failure
    }

    /// The place in its batch of the message at `position`, where that is one of them.
    package func place(of position: Int64) -> Int? {
        guard position >= firstPosition, position < end else { return nil }
        let place = Int(position - firstPosition)
        return selection.contains(place) ? place : nil
    }

    /// The position behind the last of them.
    fileprivate var end: Int64 {
        switch selection {
        case .range(let range): firstPosition + Int64(range.upperBound)
        case .places(let places): firstPosition + Int64(places.last ?? -1) + 1
        }
    }
}

extension ExceptionalEnd {
    init<Batch: MessageBatch>(
        _ state: DeliveryState<Batch>.Record.State,
        _ firstPosition: Int64,
        _ selection: Selection,
        at time: Timestamp,
        failures: Int,
        _ failure: FailureRecord?
    ) {
        let ended: State =
            switch state {
            case .acked: .acked
            case .deadLettered: .deadLettered
            case .expired: .expired
            case .unsettled, .skipped, .notAdmitted:
                preconditionFailure("\(state) is not an end")
            }
        self.init(ended, firstPosition, selection, at: time, failures: failures, failure)
    }
}

/// The last exceptional ends of a subscription, so that it can be told what became of a message.
///
/// Messages that go the usual way leave nothing here, and cost nothing.
package struct ExceptionalEnds: Sendable {
    /// So many runs of messages are remembered.
    static let limit = 4096

    private var ends: Deque<ExceptionalEnd> = []
    /// All of what ended with positions from here on is remembered.
    package private(set) var completeFrom: Int64 = .min

    mutating func add(_ end: ExceptionalEnd) {
        if ends.count == ExceptionalEnds.limit, let oldest = ends.popFirst() {
            completeFrom = max(completeFrom, oldest.end)
        }
        ends.append(end)
    }

    /// What became of the message at `position` last, with its place in its batch; nil where
    /// nothing exceptional is remembered.
    package func last(of position: Int64) -> (end: ExceptionalEnd, place: Int)? {
        for end in ends.reversed() {
            if let place = end.place(of: position) { return (end, place) }
        }
        return nil
    }
}
