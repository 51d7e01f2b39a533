package import Timekeeping

/// What tells a kept message from all others: a subscription gives a message up once.
///
/// Two messages may have one event, or two events one identity; each of them is kept.
package struct LetterName: Hashable, Sendable {
    package var subscription: String
    package var source: String
    package var id: String
    /// Where the message is in its topic.
    package var position: Int64

    package init(subscription: String, source: String, id: String, position: Int64) {
        self.subscription = subscription
        self.source = source
        self.id = id
        self.position = position
    }

    package static func == (left: LetterName, right: LetterName) -> Bool {
        left.position == right.position
            && left.parts.elementsEqual(right.parts) { $0.utf8.elementsEqual($1.utf8) }
    }

    package func hash(into hasher: inout Hasher) {
        for part in parts { hasher.combine(Array(part.utf8)) }
        hasher.combine(position)
    }

    private var parts: [String] { [subscription, source, id] }
}

/// A message that a subscription gave up, as a warehouse keeps it.
package struct KeptLetter: Hashable, Sendable {
    package var name: LetterName
    /// The class of the reason.
    package var reason: String
    /// What exactly happened.
    package var detail: String
    /// How often it was delivered.
    package var attempts: Int64
    package var firstFailure: Timestamp
    package var lastFailure: Timestamp
    /// Its bytes, as they were read.
    package var document: [UInt8]
    /// Nil while nobody has decided what becomes of it.
    package var decision: LetterDecision?
    /// What the last replay made of it; nil where there was none.
    package var outcome: ReplayedLetter.Outcome?
    /// The name of that replay.
    package var replay: String?
    /// The id of the letter that an edit has made of this one, and that is replayed in its place.
    package var successor: String?
    /// What made this letter of another one; nil where a subscription gave it up.
    package var edit: LetterEdit?

    package init(
        name: LetterName,
        reason: String,
        detail: String,
        attempts: Int64,
        firstFailure: Timestamp,
        lastFailure: Timestamp,
        document: [UInt8],
        decision: LetterDecision?,
        outcome: ReplayedLetter.Outcome? = nil,
        replay: String? = nil,
        successor: String? = nil,
        edit: LetterEdit? = nil
    ) {
        self.outcome = outcome
        self.replay = replay
        self.successor = successor
        self.edit = edit
        self.name = name
        self.reason = reason
        self.detail = detail
        self.attempts = attempts
        self.firstFailure = firstFailure
        self.lastFailure = lastFailure
        self.document = document
        self.decision = decision
    }
}

/// That a letter was closed: discarded or, where a replay had an outcome, replayed.
package struct LetterDecision: Hashable, Sendable {
    package var time: Timestamp
    package var who: String
    package var why: String

    package init(time: Timestamp, who: String, why: String) {
        self.time = time
        self.who = who
        self.why = why
    }
}

/// That somebody has changed a letter: its successor has another id, and all else of its name.
package struct LetterEdit: Hashable, Sendable {
    /// The id of the original.
    package var original: String
    package var time: Timestamp
    package var who: String
    package var why: String

    package init(original: String, time: Timestamp, who: String, why: String) {
        self.original = original
        self.time = time
        self.who = who
        self.why = why
    }
}

/// The open letters of one subscription and cause.
package struct LetterGroup: Hashable, Sendable {
    package var subscription: String
    package var reason: String
    package var count: Int64
    package var firstFailure: Timestamp
    package var lastFailure: Timestamp
    /// How many failed last in each part of the time in which any letter did.
    package var trend: [Int64]
    /// How long each part is: whole seconds, minutes or hours, and so the first one begins.
    package var part: Duration

    package init(
        subscription: String,
        reason: String,
        count: Int64,
        firstFailure: Timestamp,
        lastFailure: Timestamp,
        trend: [Int64],
        part: Duration
    ) {
        self.subscription = subscription
        self.reason = reason
        self.count = count
        self.firstFailure = firstFailure
        self.lastFailure = lastFailure
        self.trend = trend
        self.part = part
    }
}

/// Which letters are asked for: those that have all that is not nil.
package struct LetterFilter: Hashable, Sendable {
    package var subscription: String?
    package var reason: String?
    package var source: String?
    package var id: String?
    package var position: Int64?
    /// Whether only letters are asked for about which nobody has decided.
    package var isOpen: Bool
    /// Only letters that did not fail after this.
    package var until: Timestamp?

    package init(
        subscription: String? = nil,
        reason: String? = nil,
        source: String? = nil,
        id: String? = nil,
        position: Int64? = nil,
        isOpen: Bool = true,
        until: Timestamp? = nil
    ) {
        self.subscription = subscription
        self.reason = reason
        self.source = source
        self.id = id
        self.position = position
        self.isOpen = isOpen
        self.until = until
    }
}

/// Keeps what subscriptions gave up, and what was decided about it.
///
/// - Guarantees: a letter is kept until it is stored again by another failure, which opens it
///   anew. What is decided is decided of a page as a whole, or not at all, and only of letters
///   that are open.
/// - Failure and recovery: a letter that cannot be read is noted as damaged, and left out.
package protocol DeadLetterStore: Sendable {
    /// The open letters by subscription and reason, with their trend in at most so many parts.
    func letterGroups(parts: Int) async throws(StoreError) -> [LetterGroup]

    /// The open letters of a group that failed last, at most `limit`, the latest first.
    func latestLetters(
        of subscription: String,
        reason: String,
        atMost limit: Int
    ) async throws(StoreError) -> [KeptLetter]

    /// Some letters that `filter` asks for, by subscription, source, id and position, behind
    /// `name`; none if there are no more.
    func letters(
        _ filter: LetterFilter,
        after name: LetterName?,
        atMost limit: Int
    ) async throws(StoreError) -> [KeptLetter]

    /// Keeps a letter that was made by an edit of an open one, which stays open until this one
    /// was replayed.
    ///
    /// - Throws: `StoreError` where the original is not open, or has a successor already.
    func keepSuccessor(_ successor: KeptLetter, _ edit: LetterEdit) async throws(StoreError)

    /// Discards those of `names` that are open. The original of a successor can be edited again.
    ///
    /// - Returns: How many those were.
    func discardLetters(
        _ names: [LetterName],
        _ decision: LetterDecision
    ) async throws(StoreError) -> Int

    /// Keeps a replay that begins.
    ///
    /// - Throws: `StoreError` where one has that name already.
    func beginReplay(_ replay: LetterReplay) async throws(StoreError)

    /// Notes outcomes of a replay: those that have failed again stay open, with an attempt more,
    /// the others are closed, and so are the originals of those. All are noted or none.
    ///
    /// What a commit of the warehouse has counted is noted by that commit
    /// (``WarehouseCommit/replayed``).
    ///
    /// - Throws: `StoreError` where one of the letters is not open, or has a successor.
    func noteReplayed(_ letters: [ReplayedLetter]) async throws(StoreError)

    /// Notes outcomes of a replay of stored events, all or none.
    ///
    /// What a commit of the warehouse has counted is noted by that commit
    /// (``WarehouseCommit/replayedEvents``).
    func noteReplayed(_ events: [ReplayedEvents]) async throws(StoreError)

    /// What a replay has made of stored events so far, in the order of their positions.
    func replayedEvents(ofReplay name: String) async throws(StoreError) -> [ReplayedEvents]

    /// What replays have made of the event that the pipeline's raw store has at `position`, with
    /// the subscription that it was given to; the first one first.
    func replayedEvents(
        at position: Int64
    ) async throws(StoreError) -> [(subscription: String, events: ReplayedEvents)]

    /// Notes that all letters of a replay have an outcome.
    func endReplay(named name: String, at now: Timestamp) async throws(StoreError)

    /// The replays, the latest first.
    func replays() async throws(StoreError) -> [LetterReplay]

    /// How many letters or events have each outcome of a replay, as far as no later one has changed
    /// it.
    func outcomes(
        ofReplay name: String
    ) async throws(StoreError) -> [ReplayedLetter.Outcome: Int64]
}
