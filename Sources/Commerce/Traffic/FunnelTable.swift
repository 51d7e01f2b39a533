/// What a shopper does next: the options' probabilities as one alias table for each event.
struct FunnelTable: Sendable {
    /// The raw value of what happens next for ``leaving``; the others are those of event names.
    static let leaving: UInt8 = 8
    /// What a place in the shop that nobody has taken yet holds as its last event.
    static let vacant: UInt8 = 8

    private static let outcomes = 9

    /// By the raw value of the last event; whoever has none yet leaves, and a new one lands.
    private let rows: [AliasTable]
    private let landing: AliasTable

    init(_ options: SessionOptions) {
        let names = EventName.allCases
        var rows = names.map { name in
            let next = options.transitions[name] ?? [:]
            let weights = names.map { next[$0] ?? 0 }
            // What the probabilities lack of 1 is leaving; more than 1 is taken in proportion.
            return AliasTable(weights: weights + [max(0, 1 - weights.reduce(0, +))])
        }
        let nobody = [Double](repeating: 0, count: names.count) + [1]
        rows.append(AliasTable(weights: nobody))
        assert(nobody.count == FunnelTable.outcomes && rows.count == FunnelTable.outcomes)
        self.rows = rows
        landing = AliasTable(weights: names.map { options.landing[$0] ?? 0 })
    }

    /// The raw value of the event that follows `last`, or ``leaving``.
    @inline(__always)
    func step(after last: UInt8, _ random: UInt64) -> UInt8 {
        UInt8(truncatingIfNeeded: rows[Int(last)].outcome(random))
    }

    /// The raw value of the first event of a session.
    @inline(__always)
    func landing(_ random: UInt64) -> UInt8 {
        UInt8(truncatingIfNeeded: landing.outcome(random))
    }
}
