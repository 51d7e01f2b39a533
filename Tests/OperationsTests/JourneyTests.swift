import Broker
import Commerce
import Foundation
import Operations
import Reports
import SQLStores
import SQLiteStores
import Storage
import TestSupport
import Testing
import Timekeeping

/// What is told of one event, from what a warehouse has noted.
struct JourneyTests {
    private static let event = FoundEvent(
        position: 42,
        source: "shop",
        id: "e-17",
        time: Shop.epoch,
        name: "purchase",
        sequence: 17,
        subject: "o-93",
        order: "o-93",
        user: "u1",
        session: nil,
        products: ["p1"],
        value: 1250,
        currency: .usd,
        trace: nil,
        causation: nil
    )

    private static func chart(
        filter: String? = nil,
        consumed: ClosedRange<Int64>? = 1...20,
        stream: String = "shop"
    ) -> JourneyChart {
        var map = JourneyMap()
        let filter = filter.map { #","filter":"\#($0.replacing("\"", with: "\\\""))""# } ?? ""
        map.sources = [
            .init(
                dataset: "root/events",
                isDerivative: false,
                payload: #"{"store":"raw","subscription":"ingest","topic":"events"}"#
            ),
            .init(
                dataset: "derivative/analytics",
                isDerivative: true,
                payload: #"{"inputs":"root/events"\#(filter)}"#
            ),
        ]
        map.owners = [.init(topic: "events", subscription: "analytics")]
        map.grains = [.second, .minute, .hour, .day]
        var intervals = IntervalSet()
        if let consumed { intervals.insert(consumed) }
        let progress = StreamProgress(
            stream: stream,
            consumed: intervals,
            watermark: Shop.epoch
        )
        return JourneyChart(map, progress: ["analytics": consumed == nil ? [] : [progress]])
    }

    private static func letter(
        _ subscription: String,
        _ decision: LetterDecision? = nil,
        _ outcome: ReplayedLetter.Outcome? = nil
    ) -> EventException {
        .deadLetter(
            KeptLetter(
                name: LetterName(
                    subscription: subscription,
                    source: "shop",
                    id: "e-17",
                    position: 42
                ),
                reason: "items-missing",
                detail: "it has none",
                attempts: 5,
                firstFailure: Shop.epoch,
                lastFailure: Shop.epoch + .seconds(3),
                document: [],
                decision: decision,
                outcome: outcome
            )
        )
    }

    private static func states(
        isStored: Bool? = true,
        _ exceptions: [EventException] = [],
        counted: [String: Bool] = ["analytics": false],
        on chart: JourneyChart = chart()
    ) -> [String] {
        EventJourney(
            event,
            isStored: isStored,
            exceptions: exceptions,
            counted: counted,
            on: chart
        ).steps.map { "\($0.lane) \($0.state.rawValue)" }
    }

    @Test func `an edit is not missed by whom it was not made for`() {
        guard case .deadLetter(var letter) = Self.letter("analytics") else { return }
        letter.edit = LetterEdit(
            original: "e-16",
            time: Shop.epoch,
            who: "me",
            why: "a wrong price"
        )
        #expect(
            Self.states(isStored: false, [.deadLetter(letter)], on: Self.chart(consumed: nil))
                == Self.begin + ["analytics dead-lettered"]
        )
    }

    @Test func `a letter of another message of the id says at which position that is`() {
        guard case .deadLetter(var letter) = Self.letter("ingest") else { return }
        func details() -> [String] {
            EventJourney(
                Self.event,
                isStored: true,
                exceptions: [.deadLetter(letter)],
                counted: [:],
                on: Self.chart()
            ).steps.map(\.detail)
        }
        #expect(details().contains("items-missing: it has none"))
        letter.name.position = 43
        #expect(details().contains("the message at 43: items-missing: it has none"))
    }

    private static let begin = ["source produced", "topic events published"]

    @Test func `each state of each subscription has its own answer`() {
        let begin = Self.begin
        let stored = begin + ["ingest stored"]
        #expect(Self.states() == stored + ["analytics counted"])
        #expect(Self.states(on: Self.chart(consumed: 1...9)) == stored + ["analytics not-yet"])
        #expect(Self.states(on: Self.chart(consumed: 18...20)) == stored + ["analytics missing"])
        #expect(Self.states(on: Self.chart(consumed: nil)) == stored + ["analytics unknown"])
        #expect(
            Self.states(counted: ["analytics": true], on: Self.chart(consumed: nil))
                == stored + ["analytics counted"]
        )
        #expect(
            Self.states(
                on: Self.chart(filter: "attributes.type = \"view_item\"", consumed: 1...9)
            )
                == stored + ["analytics filtered"]
        )
        #expect(
            Self.states(on: Self.chart(filter: "attributes.type = \"purchase\""))
                == stored + ["analytics counted"]
        )
        #expect(
            Self.states(
                on: Self.chart(filter: "attributes.category = \"c1\"", consumed: 1...9)
            )
                == stored + ["analytics unknown"]
        )
        #expect(
            Self.states([Self.letter("analytics")], on: Self.chart(consumed: 18...20))
                == stored + ["analytics dead-lettered"]
        )
        // It came twice, or was given to its stage again.
        #expect(
            Self.states([Self.letter("analytics")])
                == stored + ["analytics dead-lettered", "analytics counted"]
        )
        let decision = LetterDecision(time: Shop.epoch, who: "me", why: "so")
        #expect(
            Self.states([Self.letter("analytics", decision)], on: Self.chart(consumed: 1...9))
                == stored + ["analytics dead-lettered", "analytics discarded"]
        )
        #expect(
            Self.states([Self.letter("analytics", decision, .counted)])
                == stored + ["analytics dead-lettered", "analytics replayed", "analytics counted"]
        )
        #expect(
            Self.states([.uncounted(subscription: "analytics", reason: "conflict")])
                == stored + ["analytics uncounted"]
        )
        #expect(
            Self.states(isStored: false, [Self.letter("ingest")])
                == begin + ["ingest dead-lettered", "analytics counted"]
        )
        #expect(
            Self.states(isStored: false) == begin + ["ingest missing", "analytics counted"]
        )
        #expect(
            Self.states(isStored: nil) == begin + ["ingest unknown", "analytics counted"]
        )
        #expect(
            Self.states(counted: [:], on: JourneyChart())
                == [
                    "source produced", "topic unknown published", "ingest (name unknown) stored",
                ]
        )
    }

    @Test func `a late event is in the windows that were still open, and in no other`() {
        let journey = EventJourney(
            Self.event,
            isStored: true,
            exceptions: [
                .late(subscription: "analytics", missed: .minute, lateness: .seconds(90))
            ],
            counted: [:],
            on: Self.chart()
        )
        let windows = journey.steps.last?.windows?.map { "\($0.length) \($0.start)" }
        #expect(windows == ["1h 2023-11-14T22:00:00Z", "1d 2023-11-14T00:00:00Z"])
        #expect(journey.steps.last?.detail.contains(" behind the watermark") == true)
    }

    @Test func `lanes are told with how one knows, and nothing in them steers a terminal`()
        async throws
    {
        let query = try EventQuery(["order=o-93"])
        var report = JourneyReport(query)
        try await report.add(
            FoundEvents(events: [Self.event], others: .exactly(0)),
            retained: nil,
            in: "sqlite:r",
            nil,
            Self.chart()
        )
        report.link()
        let text = report.text(colour: false)
        #expect(text.hasPrefix("Where is order=o-93\n1 event\n"))
        #expect(text.contains("│ topic events  published"))
        #expect(text.contains("└ analytics     counted"))
        #expect(text.contains("in the 1m from 2023-11-14T22:13:00Z"))

        var nasty = Self.event
        nasty.id = "\u{1b}[31m<script>alert(1)</script>\u{202e}"
        nasty.source = nasty.id
        nasty.order = nasty.id
        nasty.causation = nasty.id
        var other = JourneyReport(query)
        try await other.add(
            FoundEvents(events: [nasty], others: .exactly(0)),
            retained: nil,
            in: nasty.id,
            nil,
            Self.chart()
        )
        for form in [
            other.text(colour: true), try other.json(), other.document.markdown(),
            other.document.html(),
        ] {
            #expect(!form.contains("\u{1b}[31m<"))
            #expect(!form.contains("\u{202e}"))
        }
        #expect(!other.document.html().contains("<script>alert"))
    }

    @Test func `what a full subscription shed is named, where its key is not kept`() async throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "weir-dropped-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let warehouse = try SQLiteWarehouse(
            SQLiteLocation(path: folder.appending(path: "w").path)
        )
        let times = (Shop.epoch, Shop.epoch + .seconds(9))
        try await warehouse.storeDropped([
            DroppedMessages(
                subscription: "ingest",
                cause: .shed,
                positions: 4...1203,
                first: times.0,
                last: times.1
            )
        ])
        let chart = try await JourneyChart(of: warehouse)
        func evidence(_ term: String) async throws -> String {
            let query = try EventQuery([term])
            var report = JourneyReport(query)
            try await report.addAbsence(of: query, in: warehouse, chart)
            return report.evidence.last ?? ""
        }
        #expect(
            try await evidence("order=o-1")
                == "ingest: 1,200 messages were shed, since the subscription was full, from "
                + "2023-11-14T22:13:20Z to 2023-11-14T22:13:29Z, positions 4 to 1203; their keys "
                + "are not kept, so it may be among them"
        )
        #expect(
            try await evidence("message-id=1203")
                == "ingest: the message at position 1203 was shed, since the subscription was "
                + "full, by 2023-11-14T22:13:29Z"
        )
        #expect(try await !evidence("message-id=1204").contains("shed"))
        try warehouse.close()
    }

    @Test func `what is nowhere is told with what was looked at`() async throws {
        var report = JourneyReport(try EventQuery(["order=o-1"]))
        try await report.add(
            FoundEvents(events: [], others: .exactly(0)),
            retained: RetainedEvents(positions: 1...9, since: Shop.epoch),
            in: "sqlite:r",
            nil,
            JourneyChart()
        )
        report.addCensus(JourneyChart())
        #expect(report.evidence.count == 2)
        #expect(report.evidence[0].hasSuffix("since 2023-11-14T22:13:20Z: positions 1 to 9"))
        #expect(report.evidence[1].contains("no census of the raw events was taken"))

        var map = JourneyMap()
        map.census = Shop.epoch
        map.numbers = [
            .init(source: "a", last: 9, firstGap: 10, refused: 0),
            .init(source: "b", last: 9, firstGap: 4, refused: 1),
            .init(source: "c", last: nil, firstGap: nil, refused: 0),
        ]
        var counted = JourneyReport(try EventQuery(["order=o-1"]))
        counted.addCensus(JourneyChart(map, progress: [:]))
        #expect(counted.evidence[0].contains("so up to there it was never produced"))
        #expect(counted.evidence[1].contains("number 4 is not stored"))
        #expect(counted.evidence[1].contains("may have been produced, and lost"))
        #expect(counted.evidence[2].contains("does not number its events"))
        #expect(counted.text(colour: false).contains("not found"))
    }
}
