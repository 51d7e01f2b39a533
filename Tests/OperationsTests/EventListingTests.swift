import Commerce
import Operations
import Reports
import Storage
import TestSupport
import Testing
import Timekeeping

struct EventListingTests {
    private static func event(_ position: Int64, order: String? = "o1") -> FoundEvent {
        FoundEvent(
            position: position,
            source: "shop",
            id: "id-\(position)",
            time: Shop.epoch,
            name: "purchase",
            sequence: position,
            subject: order,
            order: order,
            user: "u1",
            session: nil,
            products: ["p1", "p2"],
            value: 123_456,
            currency: .usd,
            trace: nil,
            causation: nil
        )
    }

    private static func listing(
        _ events: [FoundEvent],
        _ others: FoundEvents.Others = .exactly(0),
        retained: RetainedEvents? = RetainedEvents(positions: 1...9, since: Shop.epoch)
    ) throws -> EventListing {
        var listing = EventListing(try EventQuery(["order=o1"]))
        listing.add(
            FoundEvents(events: events, others: others),
            retained: retained,
            in: "sqlite:r.sqlite"
        )
        return listing
    }

    @Test func `a listing has the keys that occur, and says how to go on`() throws {
        let text = try Self.listing([Self.event(3), Self.event(5)], .exactly(40)).text(
            colour: false
        )
        #expect(
            text == """
                Events with order=o1
                42 events, 2 shown


                sqlite:r.sqlite
                  in the order of their topic
                  position  time                  event     order  user  product        value  id
                  ────────  ────────────────────  ────────  ─────  ────  ───────  ───────────  ────
                         3  2023-11-14T22:13:20Z  purchase  o1     u1    p1, p2   1234.56 USD  id-3
                         5  2023-11-14T22:13:20Z  purchase  o1     u1    p1, p2   1234.56 USD  id-5

                  … 40 more; the next page: --after 5

                """
        )
    }

    @Test func `what is not there is said with what is retained`() throws {
        let absent = try Self.listing([])
        #expect(!absent.hasFound)
        #expect(
            absent.text(colour: false).contains(
                "no such key in what is retained since 2023-11-14T22:13:20Z: positions 1 to 9"
            )
        )
        #expect(
            try Self.listing([], retained: nil).text(colour: false).contains("the store is empty")
        )
        #expect(absent.stores.map(\.events.count) == [0])
        #expect(
            try Self.listing([], retained: RetainedEvents(positions: 4...5, since: nil))
                .text(colour: false).contains("no such key in what is retained: positions 4 to 5")
        )
    }

    @Test func `a store that cannot be asked is unknown, never empty`() throws {
        var listing = try Self.listing([])
        listing.add(failure: "the server is gone", in: "mongodb://db/weir")
        let text = listing.text(colour: false)
        #expect(text.contains("not found where it could be looked for"))
        #expect(text.contains("unknown: the server is gone"))
        #expect(listing.hasFailures)
        let json = try listing.json()
        #expect(json.contains(#""failure" : "the server is gone""#))
    }

    @Test func `what was not counted to its end is no number`() throws {
        let text = try Self.listing([Self.event(3)], .atLeast(100_000)).text(colour: false)
        #expect(text.contains("more than 100,001 events, 1 shown"))
        #expect(text.contains("… more than 100,000 more; the next page: --after 3"))
        let about = try Self.listing([Self.event(3)], .about(5000)).text(colour: false)
        #expect(about.contains("about 5,001 events, 1 shown"))
    }

    @Test func `texts that would steer a terminal or a page are escaped in every form`() throws {
        let nasty = "\u{1b}[31m<script>alert(1)</script>|`\u{202e}"
        var event = Self.event(1, order: nasty)
        event.user = nasty
        event.session = nasty
        event.products = [nasty]
        event.id = nasty
        event.source = nasty
        event.causation = nasty
        event.subject = nasty
        var listing = EventListing(try EventQuery(["order=\(nasty)"]))
        listing.add(
            FoundEvents(events: [event], others: .exactly(0)),
            retained: nil,
            in: "sqlite:\(nasty)"
        )
        for form in [
            listing.text(colour: true), try listing.json(), listing.document.markdown(),
            listing.document.html(),
        ] {
            #expect(!form.contains("\u{1b}[31m<"))
            #expect(!form.contains("\u{202e}"))
        }
        #expect(!listing.document.html().contains("<script>alert"))
    }
}
