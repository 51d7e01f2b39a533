import Broker
import Commerce
import Storage
import TestSupport
import Testing
import Timekeeping

/// The letters that were given to a warehouse, kept in the simplest way there is.
struct LetterBooks {
    private var letters: [LetterName: KeptLetter] = [:]
    /// What was given up, with its first position.
    private var batches: [(batch: Batch, position: Int64)] = []
    private var replays = 0
    /// Within so many seconds all of it fails.
    private let span: Int64

    init(_ random: inout Randomness) {
        span = [1, 100, 10_000, 1_000_000, 100_000_000][Int(random.below(5))]
    }

    private static let subscriptions = ["analytics", "ingest", "Zoë", "a\u{1b}[1m"]
    private static let reasons = ["items-missing", "store-busy", "x'; --"]
    private static let sources = ["shop", "till", "é", "e\u{301}"]

    /// Gives up some events, of which some were given up before.
    mutating func fail(in warehouse: any Warehouse, _ random: inout Randomness) async throws {
        let shop = Shop()
        let source = LetterBooks.sources[Int(random.below(4))]
        // The same messages again, or others, whose events may be the same.
        if batches.isEmpty || random.below(3) > 0 {
            let batch = shop.batch(
                (0...random.below(30)).map { _ in
                    shop.event(Int(random.below(60)) + 1, .purchase, source: source)
                }
            )
            batches.append((batch, Int64(random.below(1000)) + 1))
        }
        let (batch, position) = batches[Int(random.below(UInt64(batches.count)))]
        let letters = shop.deadLetters(
            of: batch,
            at: position,
            of: LetterBooks.subscriptions[Int(random.below(4))],
            reason: LetterBooks.reasons[Int(random.below(3))],
            detail: "detail \(random.below(9))",
            time: time(&random)
        )
        try await warehouse.storeDeadLetters(letters)
        for letter in letters {
            let name = LetterBooks.name(of: letter)
            let before = self.letters[name]
            self.letters[name] = KeptLetter(
                name: name,
                reason: letter.reason.label,
                detail: letter.reason.detail,
                attempts: Int64(letter.attempts),
                firstFailure: before?.firstFailure ?? letter.firstFailure,
                lastFailure: letter.lastFailure,
                document: before?.document ?? LetterBooks.document(of: letter),
                decision: nil,
                edit: before?.edit
            )
        }
    }

    private static func name(of letter: DeadLetter<Batch>) -> LetterName {
        let batch = letter.publication.batch
        let source = batch.symbols.text(of: batch.events[letter.place].source, in: .text)
        return LetterName(
            subscription: letter.subscription,
            source: source,
            id: batch.idText(of: letter.place),
            position: letter.publication.position(at: letter.place)
        )
    }

    private func time(_ random: inout Randomness) -> Timestamp {
        Shop.epoch + .milliseconds(Int64(random.below(UInt64(span) * 1000)))
    }

    private static func document(of letter: DeadLetter<Batch>) -> [UInt8] {
        var bytes: [UInt8] = []
        CloudEventEncoder().append(letter.place, of: letter.publication.batch, to: &bytes)
        return bytes
    }

    /// Discards some letters, of which some are not there, or were discarded before.
    mutating func discard(in store: any DeadLetterStore, _ random: inout Randomness) async throws {
        let names = ordered.map(\.name).filter { _ in random.below(5) == 0 }
        let missing = LetterName(subscription: "ingest", source: "shop", id: "no", position: 1)
        let decision = LetterDecision(
            time: Shop.epoch + .seconds(Int64(random.below(100))),
            who: "me \(random.below(5))",
            why: "so\u{1b}[2J"
        )
        let open = names.count { letters[$0]?.decision == nil }
        #expect(try await store.discardLetters(names + [missing], decision) == open)
        for name in names where letters[name]?.decision == nil {
            letters[name]?.decision = decision
            if let original = original(of: name), letters[original]?.decision == nil {
                letters[original]?.successor = nil
            }
        }
    }

    private func original(of name: LetterName) -> LetterName? {
        letters[name]?.edit.map { edit in
            var original = name
            original.id = edit.original
            return original
        }
    }

    /// Makes other letters of some open ones.
    mutating func edit(in store: any DeadLetterStore, _ random: inout Randomness) async throws {
        for letter in ordered where letter.decision == nil && random.below(10) == 0 {
            var successor = letter
            replays += 1
            successor.name.id = "edit \(replays)"
            (successor.reason, successor.attempts) = (LetterBooks.reasons[0], 0)
            (successor.replay, successor.outcome, successor.successor) = (nil, nil, nil)
            successor.lastFailure = time(&random)
            let edit = LetterEdit(
                original: letter.name.id,
                time: Shop.epoch,
                who: "me",
                why: "é"
            )
            successor.edit = edit
            let made = successor
            guard letter.successor == nil else {
                await #expect(throws: StoreError.self) {
                    try await store.keepSuccessor(made, edit)
                }
                continue
            }
            try await store.keepSuccessor(made, edit)
            letters[made.name] = made
            letters[letter.name]?.successor = made.name.id
        }
    }

    /// Replays some open letters, of which some fail again.
    mutating func replay(in store: any DeadLetterStore, _ random: inout Randomness) async throws {
        replays += 1
        let replay = LetterReplay(
            name: "replay \(replays)",
            selector: [],
            began: Shop.epoch,
            who: "me",
            why: "so"
        )
        try await store.beginReplay(replay)
        var replayed: [ReplayedLetter] = []
        for letter in ordered
        where letter.decision == nil && letter.successor == nil && random.below(6) == 0 {
            let isFailure = random.below(2) == 0
            let reason = LetterBooks.reasons[Int(random.below(3))]
            let one = ReplayedLetter(
                name: letter.name,
                outcome: isFailure ? .failed : .stored,
                reason: isFailure ? FailureReason(label: reason, detail: "again") : nil,
                time: time(&random),
                replay: replay
            )
            replayed.append(one)
            var new = letter
            new.attempts += 1
            (new.replay, new.outcome) = (replay.name, one.outcome)
            if isFailure {
                (new.reason, new.detail, new.lastFailure) = (reason, "again", one.time)
            } else {
                let decision = LetterDecision(time: one.time, who: replay.who, why: replay.why)
                new.decision = decision
                if let original = original(of: letter.name), letters[original]?.decision == nil {
                    letters[original]?.decision = decision
                    letters[original]?.replay = replay.name
                    letters[original]?.outcome = .edited
                }
            }
            letters[letter.name] = new
        }
        try await store.noteReplayed(replayed)
    }

    /// By the bytes of their names, then by position.
    private var ordered: [KeptLetter] {
        letters.values.sorted { LetterBooks.precedes($0.name, $1.name) }
    }

    private static func precedes(_ left: LetterName, _ right: LetterName) -> Bool {
        for (one, other) in [
            (left.subscription, right.subscription), (left.source, right.source),
            (left.id, right.id),
        ] where !one.utf8.elementsEqual(other.utf8) {
            return one.utf8.lexicographicallyPrecedes(other.utf8)
        }
        return left.position < right.position
    }

    func check(_ store: any DeadLetterStore, _ random: inout Randomness) async throws {
        for isOpen in [true, false] {
            var filter = LetterFilter(isOpen: isOpen)
            if random.below(2) == 0 {
                filter.subscription = LetterBooks.subscriptions[Int(random.below(4))]
            }
            if random.below(2) == 0 { filter.reason = LetterBooks.reasons[Int(random.below(3))] }
            if random.below(4) == 0 { filter.source = LetterBooks.sources[Int(random.below(4))] }
            if random.below(4) == 0 { filter.id = ordered.first?.name.id }
            if random.below(4) == 0 { filter.position = ordered.last?.name.position }
            if random.below(4) == 0 { filter.until = Shop.epoch + .seconds(span / 2) }
            var found: [KeptLetter] = []
            while true {
                let page = try await store.letters(filter, after: found.last?.name, atMost: 7)
                if page.isEmpty { break }
                found += page
            }
            #expect(found == ordered.filter { LetterBooks.meets($0, filter) })
        }
        try await checkGroups(store)
    }

    private static func meets(_ letter: KeptLetter, _ filter: LetterFilter) -> Bool {
        func isSame(_ text: String, _ wanted: String?) -> Bool {
            wanted.map { $0.utf8.elementsEqual(text.utf8) } ?? true
        }
        return isSame(letter.name.subscription, filter.subscription)
            && isSame(letter.reason, filter.reason) && isSame(letter.name.source, filter.source)
            && isSame(letter.name.id, filter.id)
            && filter.position.map { $0 == letter.name.position } ?? true
            && (!filter.isOpen || letter.decision == nil)
            && filter.until.map { letter.lastFailure <= $0 } ?? true
    }

    private func checkGroups(_ store: any DeadLetterStore) async throws {
        let open = ordered.filter { $0.decision == nil }
        let groups = try await store.letterGroups(parts: 5)
        #expect(groups.reduce(0) { $0 + $1.count } == Int64(open.count))
        let seconds = open.map { $0.lastFailure.nanoseconds / 1_000_000_000 }
        let (first, last) = (seconds.min() ?? 0, seconds.max() ?? 0)
        // Seconds, minutes or hours, of which not much more than 3600 are looked at.
        let unit: Int64 = last - first <= 3600 ? 1 : last - first <= 3600 * 60 ? 60 : 3600
        let part = ((last / unit - first / unit) / 5 + 1) * unit
        for group in groups {
            let own = open.filter {
                $0.name.subscription.utf8.elementsEqual(group.subscription.utf8)
                    && $0.reason == group.reason
            }
            #expect(group.count == Int64(own.count))
            #expect(group.firstFailure == own.map(\.firstFailure).min())
            #expect(group.lastFailure == own.map(\.lastFailure).max())
            var trend = Array(
                repeating: Int64(0),
                count: Int((last - first / unit * unit) / part) + 1
            )
            for letter in own {
                let second = letter.lastFailure.nanoseconds / 1_000_000_000
                trend[Int((second - first / unit * unit) / part)] += 1
            }
            #expect(trend.count <= 5)
            #expect(group.trend == trend)
            #expect(group.part == .seconds(part))
            let latest = try await store.latestLetters(
                of: group.subscription,
                reason: group.reason,
                atMost: 3
            )
            let expected = own.sorted {
                $0.lastFailure == $1.lastFailure
                    ? LetterBooks.precedes($0.name, $1.name) : $0.lastFailure > $1.lastFailure
            }
            #expect(latest == Array(expected.prefix(3)))
        }
    }
}
