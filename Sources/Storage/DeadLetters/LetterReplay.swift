package import Broker
package import Timekeeping

/// A replay of dead letters, as a warehouse keeps it from its beginning on.
package struct LetterReplay: Hashable, Sendable {
    package var name: String
    /// What names its letters; a term has no line end.
    package var selector: [String]
    /// Only letters that did not fail after this are of it.
    package var began: Timestamp
    package var who: String
    package var why: String
    /// The subscription that the letters are given to in place of their own; nil for their own.
    package var target: String?
    /// Nil until all its letters have an outcome.
    package var ended: Timestamp?

    package init(
        name: String,
        selector: [String],
        began: Timestamp,
        who: String,
        why: String,
        target: String? = nil,
        ended: Timestamp? = nil
    ) {
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
