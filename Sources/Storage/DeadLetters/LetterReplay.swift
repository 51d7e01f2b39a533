package import Broker
package import Timekeeping

/// A replay of dead letters, or of stored events, as a warehouse keeps it from its beginning on.
package struct LetterReplay: Hashable, Sendable {
    /// Which events of a raw store it gives once more, beside those that the selector names.
    package struct Events: Hashable, Sendable {
        /// The position of the last one that was stored when it began.
        package var through: Int64
        /// The raw store, without secrets, where it is not that of the pipeline; positions are
        /// those of that one then.
        package var source: String?

        package init(through: Int64, source: String? = nil) {
            self.through = through
            self.source = source
        }
    }

    package var name: String
    /// What names its letters, or events; a term has no line end.
    package var selector: [String]
    /// Only letters that did not fail after this are of it.
    package var began: Timestamp
    package var who: String
    package var why: String
    /// The subscription that the letters are given to in place of their own; nil for their own.
    package var target: String?
    /// Nil for a replay of letters.
    package var events: Events?
    /// Nil until all its letters have an outcome.
    package var ended: Timestamp?

    package init(
        name: String,
        selector: [String],
        began: Timestamp,
        who: String,
        why: String,
        target: String? = nil,
        events: Events? = nil,
        ended: Timestamp? = nil
    ) {
        self.events = events
        self.name = name
        self.selector = selector
        self.began = began
        self.who = who
        self.why = why
        self.target = target
        self.ended = ended
    }
}

/// What a replay has made of a letter.
package struct ReplayedLetter: Hashable, Sendable {
    package enum Outcome: String, Hashable, Sendable, CaseIterable, Comparable {
        /// In the raw store.
        case stored
        /// In all its windows.
        case counted
        /// In those windows that were still open.
        case late
        /// The subscription had it before, in spite of the letter.
        case present = "already-there"
        /// Kept, and adds nothing: its order was counted under another id.
        case repeatedOrder = "repeated-order"
        /// Kept, and adds nothing: its id was counted with another content.
        case conflict
        /// Its successor has one of the outcomes above.
        case edited
        /// The letter stays open.
        case failed

        package static func < (left: Outcome, right: Outcome) -> Bool {
            left.rawValue < right.rawValue
        }
    }

    package var name: LetterName
    package var outcome: Outcome
    /// Why it failed once more; nil where it did not.
    package var reason: FailureReason?
    package var time: Timestamp
    package var replay: LetterReplay

    package init(
        name: LetterName,
        outcome: Outcome,
        reason: FailureReason? = nil,
        time: Timestamp,
        replay: LetterReplay
    ) {
        self.name = name
        self.outcome = outcome
        self.reason = reason
        self.time = time
        self.replay = replay
    }
}

/// Stored events, one position after the other, of which a replay has made the same.
package struct ReplayedEvents: Hashable, Sendable {
    /// The name of the replay.
    package var replay: String
    package var positions: ClosedRange<Int64>
    package var outcome: ReplayedLetter.Outcome
    /// The class of the reason why they failed; nil where they did not.
    package var reason: String?
    package var time: Timestamp

    package init(
        replay: String,
        positions: ClosedRange<Int64>,
        outcome: ReplayedLetter.Outcome,
        reason: String?,
        time: Timestamp
    ) {
        self.replay = replay
        self.positions = positions
        self.outcome = outcome
        self.reason = reason
        self.time = time
    }

    /// How many they are.
    package var count: Int64 { positions.upperBound - positions.lowerBound + 1 }

    /// What became of `events`, which are in the order of their positions.
    package static func runs(of events: [ReplayedLetter]) -> [ReplayedEvents] {
        var runs: [ReplayedEvents] = []
        for event in events {
            let position = event.name.position
            if let last = runs.last, last.positions.upperBound + 1 == position,
                last.outcome == event.outcome, last.reason == event.reason?.label
            {
                runs[runs.count - 1].positions = last.positions.lowerBound...position
            } else {
                runs.append(
                    ReplayedEvents(
                        replay: event.replay.name,
                        positions: position...position,
                        outcome: event.outcome,
                        reason: event.reason?.label,
                        time: event.time
                    )
                )
            }
        }
        return runs
    }
}
