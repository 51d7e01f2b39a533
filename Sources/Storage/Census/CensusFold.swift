package import Commerce
package import Timekeeping

/// Sums up raw events into a census; a pure value.
///
/// Only the events that the aggregates say they hold are summed, so that a run which was killed
/// between storing an event and counting it leaves no contradiction.
package struct CensusFold: Sendable {
    private struct OrderKey: Hashable {
        var source: String
        var transaction: String
        var currency: String
    }

    private struct Bought {
        var value: Int64
        var isCounted: Bool
    }

    /// What a subscription that counts has consumed of the streams that number their events.
    private let consumed: [[String: IntervalSet]]
    private let names: [String]
    private let basis: CensusBasis
    private let watermark: Timestamp?
    /// The subscriptions of the dead letters, by the identity of the event.
    private let letters: [IdentityDigest: [CensusBasis.Letter]]

    private var events: Int64 = 0
    private var latest = Timestamp.distantPast
    private var hours: [RawCensus.HourKey: WindowCell] = [:]
    private var sources: [String: RawCensus.Source] = [:]
    private var sequences: [String: IntervalSet] = [:]
    /// Which events of each stream a subscription has counted, and the stores hold.
    private var held: [[String: IntervalSet]]
    private var heldOfLogs: Int64 = 0
    private var refunds: [OrderKey: RawCensus.Refund] = [:]
    /// What the purchase of an order was worth that is not a further part of it.
    private var firstBought: [OrderKey: Bought] = [:]
    private var findings: [RawCensus.Finding.Kind: [RawCensus.Finding]] = [:]

    /// A fold that has seen nothing; `progress` is that of each of the subscriptions of `basis`.
    package init(_ basis: CensusBasis, progress: [[StreamProgress]]) {
        self.basis = basis
        names = basis.subscriptions
        consumed = progress.map { streams in
            Dictionary(streams.map { ($0.stream, $0.consumed) }) { first, _ in first }
        }
        held = progress.map { _ in [:] }
        watermark = progress.joined().map(\.watermark).max()
        var letters: [IdentityDigest: [CensusBasis.Letter]] = [:]
        for letter in basis.letters {
            let identity = IdentityDigest(eventText: letter.id, source: letter.source)
            letters[identity, default: []].append(letter)
        }
        self.letters = letters
    }

    /// The identity of each of `events`, where whether it is counted is to be looked up; nil for
    /// those of streams that number their events.
    package func lookups(_ events: [RawEvent]) -> [IdentityDigest?] {
        events.map { basis.replayed > 0 && !isStream($0.source) ? identity(of: $0) : nil }
    }

    private func isStream(_ source: String) -> Bool {
        consumed.contains { $0[source] != nil }
    }

    private func identity(of event: RawEvent) -> IdentityDigest {
        IdentityDigest(eventText: event.id, source: event.source)
    }

    /// Notes an identity that the store holds more than once.
    package mutating func add(repeated identity: (source: String, id: String)) {
        note(.repeated, "\(identity.source) \(identity.id)", "is stored more than once")
    }

    /// Takes in `events`; `counted` says, for each subscription, which of ``lookups(_:)`` it has
    /// counted.
    package mutating func add(_ events: [RawEvent], counted: [Set<IdentityDigest>]) {
        for (event, lookup) in zip(events, lookups(events)) {
            add(event, lookup, counted)
        }
    }

    private mutating func add(
        _ event: RawEvent,
        _ lookup: IdentityDigest?,
        _ counted: [Set<IdentityDigest>]
    ) {
        events += 1
        let name = "\(event.source) \(event.id)"
        if event.isMisfiled { note(.repeated, name, "lies under the key of another event") }
        guard let content = event.content else {
            return note(.unreadable, name, "what is stored at \(event.position) is not an event")
        }
        latest = max(latest, content.time)
        let consumers = names.indices.filter { place in
            consumed[place][event.source].map { $0.contains(content.sequence) }
                ?? lookup.map { place < counted.count && counted[place].contains($0) } ?? false
        }
        sources[event.source, default: .init(source: event.source)].events += 1
        let last = sources[event.source]?.latest ?? .distantPast
        sources[event.source]?.latest = max(last, content.time)
        if isStream(event.source), content.sequence > 0 {
            sequences[event.source, default: IntervalSet()]
                .insert(content.sequence...content.sequence)
        }
        for place in consumers {
            if consumed[place][event.source] != nil {
                held[place][event.source, default: IntervalSet()]
                    .insert(content.sequence...content.sequence)
            } else {
                heldOfLogs += 1
            }
        }
        // Once, however many say that they have counted it: the aggregates are one.
        if !consumers.isEmpty {
            let key = RawCensus.HourKey(
                start: Grain.hour.start(of: content.time),
                currency: content.currency.code
            )
            hours[key, default: WindowCell()].count(content)
        }
        if !letters.isEmpty { compare(event, with: consumers) }
        if consumers.isEmpty { noteUncounted(event, content) }
        if content.name == .refund { addRefund(content, of: event.source) }
    }

    /// Notes an event that is old enough to be counted, by those who count its stream.
    private mutating func noteUncounted(_ event: RawEvent, _ content: RawEvent.Content) {
        guard isStream(event.source), content.sequence > 0, let watermark,
            content.time < watermark - RawCensus.margin, !basis.dropped.contains(event.position)
        else { return }
        let isGivenUp = letters[identity(of: event), default: []].contains {
            names.contains($0.subscription)
        }
        if !isGivenUp { note(.uncounted, "\(event.source) \(event.id)", "is stored, not counted") }
    }

    private mutating func compare(_ event: RawEvent, with consumers: [Int]) {
        for letter in letters[identity(of: event), default: []]
        where letter.source == event.source && letter.id == event.id {
            let counts = names.firstIndex(of: letter.subscription)
            guard counts.map(consumers.contains) ?? true else { continue }
            note(
                .deadLetter,
                "\(letter.subscription) \(event.source) \(event.id)",
                counts == nil ? "was given up, and is stored" : "was given up, and is counted"
            )
        }
    }

    private mutating func addRefund(_ content: RawEvent.Content, of source: String) {
        let key = OrderKey(
            source: source,
            transaction: content.transaction,
            currency: content.currency.code
        )
        var refund =
            refunds[key]
            ?? .init(
                source: source,
                transaction: key.transaction,
                currency: key.currency
            )
        refund.refunded = refund.refunded.addingSaturated(content.value)
        refund.latest = max(refund.latest, content.time)
        refunds[key] = refund
    }

    /// Whether there are refunds, whose purchases are to be found by reading the events again.
    package var hasRefunds: Bool { !refunds.isEmpty }

    /// The identity of each of `events` that is a purchase of an order of which something was
    /// refunded, where whether it is counted is to be looked up; nil for all others.
    package func purchaseLookups(_ events: [RawEvent]) -> [IdentityDigest?] {
        zip(events, lookups(events)).map { event, lookup in
            refundedOrder(of: event) == nil ? nil : lookup
        }
    }

    private func refundedOrder(of event: RawEvent) -> OrderKey? {
        guard let content = event.content, content.name == .purchase else { return nil }
        let key = OrderKey(
            source: event.source,
            transaction: content.transaction,
            currency: content.currency.code
        )
        return refunds[key] == nil ? nil : key
    }

    /// Takes in which of `events` are purchases of orders of which something was refunded.
    ///
    /// An order of a log that was sent twice was bought once: for what is counted of it or, where
    /// nothing is, for what was sent first.
    package mutating func addPurchases(
        among events: [RawEvent],
        counted: [Set<IdentityDigest>] = []
    ) {
        for (event, lookup) in zip(events, purchaseLookups(events)) {
            guard let key = refundedOrder(of: event), let content = event.content,
                var refund = refunds[key]
            else { continue }
            if content.isOrderPart || isStream(event.source) {
                refund.add(content.value)
            } else {
                let isCounted = lookup.map { identity in
                    counted.contains { $0.contains(identity) }
                }
                let bought = Bought(value: content.value, isCounted: isCounted ?? false)
                switch firstBought[key] {
                case nil: refund.add(content.value)
                case let first? where bought.isCounted && !first.isCounted:
                    refund.purchased = refund.purchased.addingSaturated(bought.value - first.value)
                default: continue
                }
                firstBought[key] = bought
            }
            refunds[key] = refund
        }
    }

    private mutating func note(
        _ kind: RawCensus.Finding.Kind,
        _ subject: String,
        _ detail: String
    ) {
        guard findings[kind, default: []].count < RawCensus.findingLimit else { return }
        findings[kind, default: []].append(.init(kind: kind, subject: subject, detail: detail))
    }

    /// The census that was begun at `taken`.
    package func census(taken: Timestamp) -> RawCensus {
        var fold = self
        let unstored = fold.noteUnstored()
        // A log has no watermark: a warehouse that has counted one is judged only at rest.
        var settled = Timestamp.distantPast
        if let watermark, basis.replayed == 0, min(watermark, latest) > .distantPast {
            settled = min(watermark, latest) - RawCensus.margin
        }
        return RawCensus(
            taken: taken,
            events: events,
            recorded: basis.recorded,
            counted: basis.counted,
            unstored: unstored,
            settled: settled,
            hours: hours.map { (key: $0.key, sum: $0.value) }.sorted {
                ($0.key.start, $0.key.currency) < ($1.key.start, $1.key.currency)
            },
            sources: fold.finishedSources(),
            refunds: refunds.values.sorted {
                ($0.source, $0.transaction, $0.currency) < ($1.source, $1.transaction, $1.currency)
            },
            findings: RawCensus.Finding.Kind.allCases.flatMap { fold.findings[$0, default: []] }
        )
    }

    private mutating func noteUnstored() -> Int64 {
        var total: Int64 = 0
        for place in names.indices {
            // order-free: sorted.
            for (stream, consumed) in consumed[place].sorted(by: { $0.key < $1.key }) {
                let missing = consumed.count - (held[place][stream]?.count ?? 0)
                guard missing > 0 else { continue }
                total += missing
                note(.unstored, "\(names[place]) \(stream)", "\(missing) are counted, not stored")
            }
        }
        if basis.replayed > heldOfLogs {
            let missing = basis.replayed - heldOfLogs
            total += missing
            note(.unstored, "replayed logs", "\(missing) are counted, not stored")
        }
        return total
    }

    private func finishedSources() -> [RawCensus.Source] {
        let counting = Set(names)
        let stored = Set(findings[.deadLetter, default: []].map(\.subject))
        var refused: [String: Int64] = [:]
        for letter in basis.letters
        where !counting.contains(letter.subscription)
            && !stored.contains("\(letter.subscription) \(letter.source) \(letter.id)")
        {
            refused[letter.source, default: 0] += 1
        }
        return sources.values.sorted { $0.source < $1.source }.map { source in
            var source = source
            source.refused = refused[source.source, default: 0]
            if let numbers = sequences[source.source], let last = numbers.intervals.last {
                source.sequences = numbers.count
                source.lastSequence = last.upperBound
                source.firstGap =
                    numbers.contains(1)
                    ? (numbers.intervals.first?.upperBound ?? 0).addingSaturated(1) : 1
            }
            return source
        }
    }
}

extension WindowCell {
    /// Counts an event as analytics does in the total over all categories.
    fileprivate mutating func count(_ content: RawEvent.Content) {
        events[Int(content.name.rawValue)] += 1
        switch content.name {
        case .purchase:
            if content.isOrderPart { orderParts += 1 }
            revenue = revenue.addingSaturated(content.value)
            units = units.addingSaturated(content.units)
        case .refund: refunded = refunded.addingSaturated(content.value)
        default: break
        }
    }
}

extension RawCensus.Refund {
    /// Adds a purchase that was worth `value`.
    fileprivate mutating func add(_ value: Int64) {
        purchases += 1
        purchased = purchased.addingSaturated(value)
    }
}

extension IdentityDigest {
    /// The event that `source` calls `id`.
    fileprivate init(eventText id: String, source: String) {
        let (id, isUUID) = EventID.parse(id)
        self.init(event: id, isUUID: isUUID, source: source)
    }
}
