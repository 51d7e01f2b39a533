import Commerce
import Storage
import TestSupport
import Testing
import Timekeeping

struct CensusFoldTests {
    private static func basis(
        letters: [CensusBasis.Letter] = [],
        counted: Int64 = 0,
        replayed: Int64 = 0
    ) -> CensusBasis {
        CensusBasis(
            subscriptions: ["analytics"],
            letters: letters,
            counted: counted,
            replayed: replayed,
            recorded: 0
        )
    }

    private static func progress(_ consumed: ClosedRange<Int64>...) -> [[StreamProgress]] {
        [
            [
                StreamProgress(
                    stream: "/shop",
                    consumed: IntervalSet(consumed),
                    watermark: Shop.epoch + .seconds(7200)
                )
            ]
        ]
    }

    private static func event(
        _ number: Int64,
        _ name: EventName = .viewItem,
        source: String = "/shop",
        order: String = "",
        value: Int64 = 0
    ) -> RawEvent {
        RawEvent(
            position: number,
            source: source,
            id: "e\(number)",
            content: .init(
                time: Shop.epoch + .seconds(number),
                sequence: number,
                name: name,
                transaction: order,
                currency: value == 0 ? .none : .usd,
                value: value,
                units: name == .purchase ? 2 : 1
            )
        )
    }

    private static func census(
        _ events: [RawEvent],
        _ basis: CensusBasis = basis(),
        _ progress: [[StreamProgress]] = progress(1...100),
        counted: Set<IdentityDigest> = []
    ) -> RawCensus {
        var fold = CensusFold(basis, progress: progress)
        fold.add(events, counted: [counted])
        if fold.hasRefunds { fold.addPurchases(among: events) }
        return fold.census(taken: Shop.epoch)
    }

    @Test func `only what is consumed is summed, in the hour and currency it belongs to`() {
        let events =
            (1...4).map { Self.event($0) } + [
                Self.event(5, .purchase, order: "o1", value: 1000),
                Self.event(6, .refund, order: "o1", value: 300),
                Self.event(7, .purchase, order: "o2", value: 500),
            ]
        let census = Self.census(events, Self.basis(), Self.progress(1...2, 5...6))
        #expect(census.events == 7)
        #expect(census.hours.map(\.key.currency) == ["", "USD"])
        #expect(census.hours.map(\.sum.total) == [2, 2])
        #expect(census.hours.last?.sum.revenue == 1000)
        #expect(census.hours.last?.sum.refunded == 300)
        #expect(census.hours.last?.sum.units == 2)
        #expect(census.unstored == 0)
        #expect(census.refunds.map(\.purchased) == [1000])
    }

    @Test func `what is counted and not stored is told by stream`() {
        let census = Self.census([1, 2, 3, 3, 7].map { Self.event($0) })
        #expect(census.unstored == 96)
        #expect(census.findings.map(\.subject) == ["analytics /shop"])
        #expect(census.findings.map(\.kind) == [.unstored])
    }

    @Test func `an event of a log is consumed where it was counted by its identity`() {
        let events = (1...3).map { Self.event($0, source: "/log") }
        let basis = Self.basis(replayed: 2)
        let fold = CensusFold(basis, progress: Self.progress())
        let asked = fold.lookups(events).compactMap(\.self)
        #expect(Set(asked).count == 3)
        let census = Self.census(events, basis, Self.progress(), counted: Set(asked.prefix(2)))
        #expect(census.hours.map(\.sum.total) == [2])
        #expect(census.unstored == 0)
        #expect(Self.census(events, basis, Self.progress()).unstored == 2)
        // A log has no watermark that would say how far it has come.
        #expect(census.settled == .distantPast)
        #expect(census.sources.map(\.lastSequence) == [nil])
    }

    @Test func `gaps are counted from 1 to the last number, and dead letters are told apart`() {
        let letters = [5, 9, 2].map {
            CensusBasis.Letter(subscription: "ingest", source: "/shop", id: "e\($0)")
        }
        let census = Self.census([2, 3, 4, 7].map { Self.event($0) }, Self.basis(letters: letters))
        #expect(census.sources.map(\.sequences) == [4])
        #expect(census.sources.map(\.lastSequence) == [7])
        #expect(census.sources.map(\.firstGap) == [1])
        #expect(census.sources.map(\.refused) == [2])
        let stored = census.findings.filter { $0.kind == .deadLetter }
        #expect(stored.map(\.subject) == ["ingest /shop e2"])
        #expect(Self.census([Self.event(1), Self.event(4)]).sources.map(\.firstGap) == [2])
    }

    @Test func `what those who count have dropped is not missing among what they counted`() {
        let events = (1...6).map { Self.event($0) }
        var basis = Self.basis()
        func subjects() -> [String] {
            Self.census(events, basis, Self.progress(1...2)).findings
                .filter { $0.kind == .uncounted }.map(\.subject)
        }
        #expect(subjects() == ["/shop e3", "/shop e4", "/shop e5", "/shop e6"])
        basis.dropped = IntervalSet([4...5])
        #expect(subjects() == ["/shop e3", "/shop e6"])
    }

    @Test func `whatever lives has settled ten minutes before the watermark and the latest event`()
    {
        let events = [Self.event(1), Self.event(4000)]
        #expect(Self.census(events).settled == Shop.epoch + .seconds(3400))
        #expect(Self.census([]).settled == .distantPast)
        #expect(Self.census(events, Self.basis(), [[]]).settled == .distantPast)
    }

    @Test func `events come in any order and in pages of any size`() {
        let events = (1...50).map { number in
            Self.event(
                number,
                EventName.allCases[Int(number) % 8],
                order: "o\(number / 8)",
                value: number % 8 > 5 ? number : 0
            )
        }
        let whole = Self.census(events)
        var fold = CensusFold(Self.basis(), progress: Self.progress(1...100))
        for event in events.reversed() { fold.add([event], counted: []) }
        for event in events { fold.addPurchases(among: [event]) }
        let parts = fold.census(taken: Shop.epoch)
        #expect(parts.refunds == whole.refunds)
        #expect(parts.sources == whole.sources)
        #expect(parts.hours.map(\.key) == whole.hours.map(\.key))
        #expect(parts.hours.map(\.sum.revenue) == whole.hours.map(\.sum.revenue))
        #expect(whole.refunds.count >= 6)
    }

    @Test func `what is stored and nobody has counted is told, once it is old enough`() {
        let letter = CensusBasis.Letter(subscription: "analytics", source: "/shop", id: "e3")
        let census = Self.census(
            // The third was given up, the last but one is young, and nobody counts the last.
            (1...4).map { Self.event($0) } + [Self.event(6601), Self.event(5, source: "/log")],
            Self.basis(letters: [letter]),
            Self.progress(1...2)
        )
        let told = census.findings.filter { $0.kind == .uncounted }.map(\.subject)
        #expect(told == ["/shop e4"])
    }

    @Test func `what cannot be read or lies elsewhere is told, and findings are limited`() {
        var misfiled = Self.event(1)
        misfiled.isMisfiled = true
        let spoilt = RawEvent(position: 2, source: "/shop", id: "e2", content: nil)
        var fold = CensusFold(Self.basis(), progress: Self.progress())
        fold.add([misfiled, spoilt], counted: [])
        for number in 0..<RawCensus.findingLimit {
            fold.add(repeated: (source: "/shop", id: "r\(number)"))
        }
        let findings = fold.census(taken: Shop.epoch).findings
        #expect(findings.count { $0.kind == .repeated } == RawCensus.findingLimit)
        #expect(findings.first?.subject == "/shop e1")
        #expect(findings.contains { $0.kind == .unreadable && $0.subject == "/shop e2" })
    }
}
