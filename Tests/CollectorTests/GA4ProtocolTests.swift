import Collector
import Commerce
import HTTPTypes
import TestSupport
import Testing
import Timekeeping

@Suite("GA4's Measurement Protocol")
struct GA4ProtocolTests {
    private let ga4 = GA4Fixture.ga4

    private func read(_ body: String, _ ga4: GA4Protocol? = nil) throws -> CollectedRequest {
        try (ga4 ?? self.ga4).read(GA4Fixture.request(body), from: "shop")
    }

    /// As ga4mp 2.0.4 sends it: one event, not in an array.
    private let captured = """
        {"client_id":"1194331035.1691153529","non_personalized_ads":false,"events":{"name":\
        "purchase","params":{"currency":"USD","value":12.30,"transaction_id":"T-1","items":[\
        {"item_id":"SKU-1","price":6.15,"quantity":2}],"session_id":"1700000000",\
        "engagement_time_msec":1}},"timestamp_micros":1678758460000000}
        """

    @Test("takes POST to its two paths alone, and the secret is the key")
    func routes() {
        var request = GA4Fixture.request("{}")
        #expect(ga4.takes(request))
        #expect(ga4.key(of: request) == "s")
        #expect(!ga4.isQuestion(request))
        request.path = "/debug/mp/collect"
        #expect(ga4.takes(request) && ga4.isQuestion(request))
        request.path = "/mp/collectx"
        #expect(!ga4.takes(request))
        request = GA4Fixture.request("{}", query: [(name: "api_secret", value: "")])
        #expect(ga4.key(of: request) == nil)
        request.method = "GET"
        #expect(!ga4.takes(request))
    }

    @Test("what a real client sends becomes an event of the shop")
    func real() throws {
        let collected = try read(captured)
        let event = try #require(collected.events.first)
        let attributes = Dictionary(
            uniqueKeysWithValues: event.attributes.map { ($0.name, $0.value) }
        )
        #expect(attributes["source"] == "/ga4/G-1")
        #expect(attributes["type"] == "com.weir.shop.purchase.v1")
        #expect(attributes["time"] == "2023-03-14T01:47:40Z")
        #expect(attributes["subject"] == "T-1")
        #expect(attributes["id"]?.hasPrefix("0186ddcd-") == true)
        #expect(event.data["user_id"]?.text == "1194331035.1691153529")
        #expect(event.data["session_id"]?.text == "1700000000")
        #expect(event.data["value"]?.number == "12.30")
        #expect(event.data["engagement_time_msec"]?.number == "1")
        #expect(event.data["non_personalized_ads"]?.literal == "false")
        #expect(ga4.answer(to: collected).status == 204)
        #expect(ga4.answer(to: collected).body.isEmpty)
    }

    @Test("numbers as texts and texts as numbers are put right, to their last digit")
    func conformed() throws {
        let event = try #require(
            try read(
                GA4ValidationTable.event(
                    "purchase",
                    """
                    "value":"0.30000000000000004","tax":1e-2,"shipping":null,"session_id":17,\
                    "transaction_id":12.50,"coupon":true,"items":[{"item_id":7,"quantity":"2",\
                    "price":1.10,"index":"0","size":"xl","discount":2.0}]
                    """
                )
            ).events.first
        )
        #expect(
            event.data.json == """
                {"user_id":"123.456","value":0.30000000000000004,"tax":0.01,"session_id":"17",\
                "transaction_id":"12.50","coupon":"true","items":[{"item_id":"7","quantity":2,\
                "price":1.10,"index":0,"size":"xl","discount":2.0}],"client_id":"123.456"}
                """
        )
    }

    @Test(
        "the time is the event's, else its parameters', else the request's, else that of receipt",
        arguments: [
            (#","timestamp_micros":1678758461000000"#, "", "", "2023-03-14T01:47:41Z"),
            (
                #","timestamp_micros":"1678758461000000""#, #""timestamp_micros":1678758462000000"#,
                #","timestamp_micros":1678758463000000"#, "2023-03-14T01:47:41Z"
            ),
            (
                "", #""timestamp_micros":1678758460000000"#,
                #","timestampMicros":1678758459000000"#, "2023-03-14T01:47:40Z"
            ),
            ("", "", #","timestampMicros":1678758459000000"#, "2023-03-14T01:47:39Z"),
            ("", "", "", "2023-03-14T01:47:41.178324Z"),
            ("", "", #","timestamp_micros":1"#, "2023-03-11T01:47:41.178324Z"),
        ]
    )
    func time(event: String, params: String, request: String, expected: String) throws {
        let body = """
            {"client_id":"1.2"\(request),"events":[{"name":"login","params":{\(params)}\(event)}]}
            """
        let collected = try read(body)
        let time = collected.events.first?.attributes.first { $0.name == "time" }
        #expect(time?.value == expected)
    }

    @Test("what is too old is refused where recommendations are enforced")
    func old() throws {
        let body = GA4ValidationTable.request(#""timestamp_micros":1"#, enforcing: true)
        let collected = try read(body)
        #expect(collected.events.isEmpty)
        #expect(collected.refused.map(\.reason) == ["value-invalid"])
        #expect(collected.refused.first?.field == "timestamp_micros")
        #expect(ga4.answer(to: collected).status == 204)
    }

    @Test("one wrong event of a request is refused, and named; the others are taken")
    func partly() throws {
        let collected = try read(
            """
            {"client_id":"1.2","events":[{"name":"login"},{"name":"purchase","params":\
            {"value":"much"}},{"name":"session_start"},{"name":"search"}]}
            """
        )
        #expect(collected.events.count == 2)
        #expect(collected.refused.map(\.place) == [1, 2])
        #expect(collected.refused.map(\.reason) == ["value-invalid", "name-reserved"])
        #expect(collected.refused.map(\.field) == ["events[1].params.value", "events"])
    }

    @Test(
        "a payload without an event that could be kept is refused, so that the client knows",
        arguments: ["", "{", "[]", #"{"events":[]}"#]
    )
    func unreadable(body: String) throws {
        let refusal = #expect(throws: RequestRefusal.self) { try read(body) }
        #expect(refusal?.status == 400)
    }

    @Test("an event of nobody is answered 204, and kept with its reason")
    func nobody() throws {
        let collected = try read(#"{"events":[{"name":"login"}]}"#)
        #expect(collected.events.isEmpty)
        #expect(collected.refused.first?.event?.data.json == "{}")
        #expect(ga4.answer(to: collected).status == 204)
    }

    @Test("a body of more than 130 kB is refused with 413")
    func large() throws {
        let body = String(repeating: " ", count: 130_001)
        let refusal = #expect(throws: RequestRefusal.self) { try read(body) }
        #expect(refusal?.status == 413)
        let rest = #"{"client_id":"c","events":[{"name":"login"}]}"#
        let whole = String(repeating: " ", count: 130_000 - rest.count) + rest
        #expect(try read(whole).events.count == 1)
        let shed = ga4.answer(to: RequestRefusal(status: 429, reason: "shed", message: "later"))
        #expect(shed.status == 429)
    }

    @Test("every event has an id of its own")
    func ids() throws {
        let collected = try read(
            #"{"client_id":"1.2","events":[{"name":"login"},{"name":"login"},{"name":"login"}]}"#
        )
        let ids = collected.events.compactMap { $0.attributes.first { $0.name == "id" }?.value }
        #expect(Set(ids).count == 3)
        #expect(ids.allSatisfy { EventID(uuid: $0) != nil && $0.dropFirst(14).first == "7" })
    }

    @Test("purchases and whole refunds are known by their transaction, where that is asked for")
    func transactions() throws {
        let ga4 = GA4Protocol(
            mint: IdentityMint(at: Timestamp(seconds: 1)),
            deduplication: .transaction
        )
        let item = #""items":[{"item_id":"a"}]"#
        func id(_ name: String, _ params: String) throws -> String? {
            try read(GA4ValidationTable.event(name, params), ga4).events.first?.attributes
                .first { $0.name == "id" }?.value
        }
        #expect(try id("purchase", #""transaction_id":"T1",\#(item)"#) == "purchase:T1")
        #expect(try id("refund", #""transaction_id":"T1""#) == "refund:T1")
        #expect(try id("refund", #""transaction_id":"T1",\#(item)"#)?.contains(":") == false)
        // An empty id would make all such orders one.
        #expect(try id("purchase", #""transaction_id":"",\#(item)"#)?.contains(":") == false)
        #expect(try id("add_to_cart", #""transaction_id":"T1",\#(item)"#)?.contains(":") == false)
    }
}
