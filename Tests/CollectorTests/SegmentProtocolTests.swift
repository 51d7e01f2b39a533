import Collector
import Commerce
import HTTPTypes
import TestSupport
import Testing
import Timekeeping

@Suite("Segment's tracking API")
struct SegmentProtocolTests {
    private let segment = SegmentFixture.segment

    /// As segment-analytics-python 2.4.0 sends it.
    private let captured = """
        {"batch":[{"integrations":{},"anonymousId":null,"properties":{"order_id":"o1","revenue":\
        25.00,"currency":"USD","products":[{"product_id":"507f1","name":"Monopoly","price":\
        12.50,"quantity":2}]},"timestamp":"2026-11-29T14:01:21.110+00:00","context":{"library":\
        {"name":"analytics-python","version":"2.4.0"}},"userId":"u1","type":"track","event":\
        "Order Completed","messageId":"0b6c6ad3-3f2c-4f0c-9d35-5f8b5b4e1c11"}],\
        "sentAt":"2026-11-29T14:01:21.610+00:00","writeKey":"wk"}
        """

    @Test("takes POST to its seven paths alone")
    func routes() {
        for kind in ["track", "identify", "page", "screen", "group", "alias", "batch"] {
            #expect(segment.takes(SegmentFixture.request("{}", kind)))
        }
        #expect(!segment.takes(SegmentFixture.request("{}", "import")))
        var request = SegmentFixture.request("{}", "track")
        request.method = "GET"
        #expect(!segment.takes(request))
        request = SegmentFixture.request("{}", "track")
        request.path = "/v2/track"
        #expect(!segment.takes(request))
    }

    @Test(
        "the write key is in the header or in the body",
        arguments: [
            ("Basic d2s6", "{}", "wk"), ("Basic d2s=", "{}", "wk"), ("basic d2s6", "{}", "wk"),
            ("Bearer wk", "{}", "wk"), ("", #"{"writeKey":"wk"}"#, "wk"),
            ("Basic Og==", #"{"writeKey":"wk"}"#, "wk"), ("Basic !", #"{"writeKey":"wk"}"#, "wk"),
            ("", "{}", nil), ("", "{", nil), ("Digest x", "{}", nil), ("Basic", "{}", nil),
            ("", #"{"writeKey":""}"#, nil),
        ]
    )
    func key(header: String, body: String, expected: String?) {
        var request = SegmentFixture.request(body, "track")
        if !header.isEmpty { request.fields[.authorization] = header }
        #expect(segment.key(of: request) == expected)
    }

    @Test("what a real client sends becomes an event of the shop")
    func real() throws {
        let collected = try SegmentFixture.read(captured, "batch")
        let event = try #require(collected.events.first)
        let attributes = Dictionary(
            uniqueKeysWithValues: event.attributes.map { ($0.name, $0.value) }
        )
        #expect(
            attributes == [
                "id": "0b6c6ad3-3f2c-4f0c-9d35-5f8b5b4e1c11", "source": "/segment/shop",
                "specversion": "1.0", "type": "com.weir.shop.purchase.v1",
                // Half a second before it was received: so long before it was sent, too.
                "time": "2026-11-29T14:01:59.500Z", "subject": "o1",
            ]
        )
        #expect(
            event.data.json == """
                {"user_id":"u1","transaction_id":"o1","items":[{"item_id":"507f1","item_name":\
                "Monopoly","price":12.50,"quantity":2}],"value":25.00,"value_source":"revenue",\
                "revenue":25.00,"currency":"USD","event_title":"Order Completed","context":\
                {"library":{"name":"analytics-python","version":"2.4.0"}}}
                """
        )
        let answer = segment.answer(to: collected)
        #expect(answer.status == 200)
        #expect(answer.body == Array(#"{"success":true}"#.utf8))
    }

    @Test("RudderStack's client sends the same, but for what it calls a channel")
    func rudder() throws {
        // As rudder-sdk-python 2.1.9 sends it, unpacked; it calls itself analytics-python, too.
        let body = """
            {"batch": [{"integrations": {"All": true}, "anonymousId": null, "properties": \
            {"order_id": "o1", "total": 24.99, "tax": 2, "currency": "USD", "products": \
            [{"product_id": "p1", "price": 22.99, "quantity": 1}]}, "timestamp": \
            "2026-11-29T14:01:21.682238+00:00", "context": {"library": {"name": \
            "analytics-python", "version": "2.1.9"}}, "userId": "u1", "type": "track", "event": \
            "Order Completed", "messageId": "81cdf448-0492-4b5e-892f-83f21b9dc152", "channel": \
            "server"}], "sentAt": "2026-11-29T14:01:22.182539+00:00"}
            """
        let event = try #require(try SegmentFixture.read(body, "batch").events.first)
        #expect(event.data["value"]?.number == "22.99")
        #expect(event.data["value_source"]?.text == "total")
        #expect(event.attributes.first?.value == "81cdf448-0492-4b5e-892f-83f21b9dc152")
    }

    @Test("the calls that are no events are counted as ignored")
    func ignored() throws {
        for kind in ["identify", "page", "screen", "group", "alias"] {
            let collected = try SegmentFixture.read(#"{"userId":"u"}"#, kind)
            #expect(collected.ignored == [kind])
            #expect(collected.events.isEmpty && collected.refused.isEmpty)
        }
        let batch = try SegmentFixture.read(
            #"{"batch":[{"type":"identify","userId":"u"},{"type":"page"}]}"#,
            "batch"
        )
        #expect(batch.ignored == ["identify", "page"])
    }

    @Test("what a batch says holds for its calls, unless they say it themselves")
    func merged() throws {
        let collected = try SegmentFixture.read(
            """
            {"context":{"ip":"1.2.3.4","traceparent":\
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01","correlationId":"c1"},\
            "integrations":{"All":true},"batch":[{"type":"track","event":"x","userId":"u",\
            "context":{"ip":"5.6.7.8","sessionId":17}}]}
            """,
            "batch"
        )
        let event = try #require(collected.events.first)
        #expect(event.data["context"]?["ip"]?.text == "5.6.7.8")
        #expect(event.data["integrations"]?["All"]?.literal == "true")
        #expect(event.data["session_id"]?.text == "17")
        let attributes = Dictionary(
            uniqueKeysWithValues: event.attributes.map { ($0.name, $0.value) }
        )
        #expect(
            attributes["traceparent"] == "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        )
        #expect(attributes["correlationid"] == "c1")
        #expect(attributes["subject"] == "17")
    }

    @Test(
        "the client's clock is set right by when it sent",
        arguments: [
            // Received at 14:02:00. A clock that is a day ahead:
            (
                #""timestamp":"2026-11-30T14:00:00Z","sentAt":"2026-11-30T14:00:10Z""#,
                "2026-11-29T14:01:50Z"
            ),
            (
                #""originalTimestamp":"2026-11-30T14:00:00Z","timestamp":"2026-11-29T14:01:00Z","#
                    + #""sentAt":"2026-11-30T14:00:10Z""#, "2026-11-29T14:01:50Z"
            ),
            (
                #""originalTimestamp":"2026-11-30T14:00:00Z","timestamp":"2026-11-29T14:01:00Z""#,
                "2026-11-29T14:01:00Z"
            ),
            (#""timestamp":"2026-11-29T14:01:00Z""#, "2026-11-29T14:01:00Z"),
            (#""sentAt":"2026-11-29T14:01:00Z""#, "2026-11-29T14:02:00Z"),
            ("", "2026-11-29T14:02:00Z"),
        ]
    )
    func clock(members: String, expected: String) throws {
        let more = members.isEmpty ? "" : ",\(members)"
        let collected = try SegmentFixture.read(#"{"event":"x","userId":"u"\#(more)}"#, "track")
        #expect(collected.events.first?.attributes.first { $0.name == "time" }?.value == expected)
    }

    @Test(
        "a call that cannot be an event is refused, with the field that is wrong",
        arguments: [
            (#"{"userId":"u"}"#, "event", "event-missing"),
            (#"{"event":"","userId":"u"}"#, "event", "event-name"),
            (#"{"event":7,"userId":"u"}"#, "event", "event-name"),
            (#"{"event":"x"}"#, "userId", "user-missing"),
            (#"{"event":"x","userId":"","anonymousId":null}"#, "userId", "user-missing"),
            (#"{"event":"x","userId":{}}"#, "userId", "wrong-type"),
            (#"{"event":"x","userId":"u","properties":[]}"#, "properties", "wrong-type"),
            (#"{"event":"x","userId":"u","timestamp":"now"}"#, "timestamp", "bad-date"),
            (
                #"{"event":"x","userId":"u","properties":{"value":"much"}}"#, "properties.value",
                "wrong-type"
            ),
            (
                #"{"event":"x","userId":"u","properties":{"products":[{"price":"$1"}]}}"#,
                "properties.items[0].price", "wrong-type"
            ),
            (
                #"{"event":"x","userId":"u","messageId":"\#(String(repeating: "m", count: 101))"}"#,
                "messageId", "too-large"
            ),
        ]
    )
    func refused(body: String, field: String, reason: String) throws {
        let collected = try SegmentFixture.read(body, "track")
        #expect(collected.events.isEmpty)
        #expect(collected.refused.map(\.field) == [field])
        #expect(collected.refused.map(\.reason) == [reason])
        #expect(segment.answer(to: collected).status == 200)
    }

    @Test("a wrong call of a batch does not keep the others out")
    func partly() throws {
        let collected = try SegmentFixture.read(
            """
            {"batch":[{"type":"track","event":"x","userId":"u"},7,{"type":"dance"},{},\
            {"type":"track","event":"\(String(repeating: "x", count: 33_000))","userId":"u"},\
            {"type":"track","event":"y","userId":"u"}]}
            """,
            "batch"
        )
        #expect(collected.events.count == 2)
        #expect(collected.refused.map(\.place) == [1, 2, 3, 4])
        #expect(
            collected.refused.map(\.reason) == ["call-type", "call-type", "call-type", "too-large"]
        )
    }

    @Test(
        "what cannot be read at all is refused with a code and a message",
        arguments: [
            ("batch", "{", 400, "not-json"), ("track", "", 400, "not-json"),
            ("track", "[]", 400, "wrong-type"), ("batch", "{}", 400, "batch-missing"),
            ("batch", #"{"batch":{}}"#, 400, "batch-missing"),
            ("track", String(repeating: " ", count: 32_769), 413, "too-large"),
            ("batch", String(repeating: " ", count: 4_194_305), 413, "too-large"),
            (
                "batch",
                #"{"batch":[\#(Array(repeating: "{}", count: 2501).joined(separator: ","))]}"#, 413,
                "too-large"
            ),
        ]
    )
    func unreadable(kind: String, body: String, status: Int, code: String) throws {
        let refusal = try #require(
            #expect(throws: RequestRefusal.self) { try SegmentFixture.read(body, kind) }
        )
        #expect(refusal.status == status)
        let answer = segment.answer(to: refusal)
        #expect(answer.status == status)
        let json = try JSONTree(answer.body)
        #expect(json["code"]?.text == code)
        #expect(json["message"]?.text?.isEmpty == false)
    }

    @Test("the message id is the identity; without one, the event is of its own")
    func ids() throws {
        let given = try SegmentFixture.read(
            #"{"event":"x","userId":"u","messageId":"m1"}"#,
            "track"
        )
        #expect(given.events.first?.attributes.first?.value == "m1")
        let made = try SegmentFixture.read(#"{"event":"x","userId":7}"#, "track")
        let id = try #require(made.events.first?.attributes.first?.value)
        #expect(EventID(uuid: id) != nil)
        #expect(made.events.first?.data["user_id"]?.text == "7")
    }
}

@Suite("Segment events in GA4's terms")
struct SegmentEventTests {
    @Test(
        "each event of the specification has GA4's name, whatever its case",
        arguments: [
            ("Products Searched", "search"), ("Product List Viewed", "view_item_list"),
            ("Viewed Product Category", "view_item_list"),
            ("Promotion Viewed", "view_promotion"), ("Promotion Clicked", "select_promotion"),
            ("Product Clicked", "select_item"), ("Clicked Product", "select_item"),
            ("Product Viewed", "view_item"), ("Viewed Product", "view_item"),
            ("PRODUCT ADDED", "add_to_cart"), ("product removed", "remove_from_cart"),
            ("Cart Viewed", "view_cart"), ("Checkout Started", "begin_checkout"),
            ("Checkout Step Completed", "add_shipping_info"),
            ("Payment Info Entered", "add_payment_info"), ("Order Completed", "purchase"),
            ("Completed Order", "purchase"), ("Order Refunded", "refund"),
            ("Product Added to Wishlist", "add_to_wishlist"), ("Product Shared", "share"),
            ("Cart Shared", "share"), ("Order Updated", "order_updated"),
            ("Coupon Applied", "coupon_applied"), ("search_made", "search_made"),
            ("purchase", "purchase"), ("Song -- played!", "song_played"),
        ]
    )
    func names(title: String, ga4: String) throws {
        let event = try SegmentFixture.event(title, "{}")
        #expect(
            event.attributes.first { $0.name == "type" }?.value == "com.weir.shop.\(ga4).v1"
        )
        #expect(event.data["event_title"]?.text == title)
    }

    @Test(
        "properties become parameters",
        arguments: [
            ("Products Searched", #"{"query":"shoes"}"#, #"{"search_term":"shoes"}"#),
            (
                "Product List Viewed",
                #"{"list_id":"l","category":"Hats","products":[{"sku":"S"}]}"#,
                #"{"item_list_id":"l","item_list_name":"Hats","items":[{"item_id":"S"}]}"#
            ),
            (
                "Promotion Viewed",
                #"{"promotion_id":"p","name":"Sale","creative":"top","position":"home"}"#,
                #"{"promotion_name":"Sale","creative_name":"top","location_id":"home","#
                    + #""promotion_id":"p"}"#
            ),
            (
                "Product Added",
                #"{"product_id":"a","sku":"b","name":"Hat","brand":"H","category":"Hats","#
                    + #""variant":"red","price":"9.90","quantity":3,"coupon":"c","position":2,"#
                    + #""cart_id":"k"}"#,
                #"{"items":[{"item_id":"a","item_name":"Hat","item_brand":"H","item_category":"#
                    + #""Hats","item_variant":"red","index":2,"sku":"b","price":9.90,"quantity":3,"#
                    + #""coupon":"c"}],"value":29.70,"value_source":"items","cart_id":"k"}"#
            ),
            (
                "Checkout Step Completed", #"{"shipping_method":"air","step":2}"#,
                #"{"shipping_tier":"air","step":2}"#
            ),
            (
                "Payment Info Entered", #"{"payment_method":"card"}"#,
                #"{"payment_type":"card"}"#
            ),
            (
                "Product Shared", #"{"share_via":"mail","product_id":"a"}"#,
                #"{"method":"mail","content_id":"a"}"#
            ),
            (
                "Order Completed", #"{"checkout_id":"c","tax":1.5,"shipping":"2"}"#,
                #"{"transaction_id":"c","tax":1.5,"shipping":2}"#
            ),
            (
                "Order Completed", #"{"order_id":1,"checkout_id":"c"}"#,
                #"{"transaction_id":"1","checkout_id":"c"}"#
            ),
            (
                "Order Refunded", #"{"order_id":"o","total":5,"currency":"EUR"}"#,
                #"{"transaction_id":"o","value":5,"value_source":"total","total":5,"#
                    + #""currency":"EUR"}"#
            ),
        ]
    )
    func properties(title: String, properties: String, expected: String) throws {
        let event = try SegmentFixture.event(title, properties)
        let own = event.data.members.filter { !["user_id", "event_title"].contains($0.key) }
        #expect(JSONTree.object(own).json == expected)
    }

    @Test(
        "an order is worth its revenue, else its net total, its value, or its products",
        arguments: [
            (#""revenue":20.10,"total":25.10,"tax":2,"shipping":3,"value":99"#, "20.10", "revenue"),
            (#""total":25.10,"tax":2.05,"shipping":"3""#, "20.05", "total"),
            (#""total":25.10"#, "25.10", "total"),
            (#""total":0.3,"tax":0.1"#, "0.2", "total"),
            (#""value":7.70,"products":[{"price":1,"quantity":1}]"#, "7.70", "value"),
            (
                #""products":[{"price":0.1,"quantity":3},{"price":"0.20"},{"product_id":"free"}]"#,
                "0.50", "items"
            ),
            (#""products":[{"product_id":"a"}]"#, nil, nil),
            (#""revenue":1e-2"#, "0.01", "revenue"),
        ]
    )
    func worth(properties: String, value: String?, source: String?) throws {
        let event = try SegmentFixture.event("Order Completed", "{\(properties)}")
        #expect(event.data["value"]?.number == value)
        #expect(event.data["value_source"]?.text == source)
    }

    @Test("a revenue that is no number is refused, not passed over")
    func trap() throws {
        for properties in [#"{"revenue":"$5","value":5}"#, #"{"total":5,"tax":"none"}"#] {
            let collected = try SegmentFixture.read(
                #"{"event":"Order Completed","userId":"u","properties":\#(properties)}"#,
                "track"
            )
            #expect(collected.events.isEmpty)
            #expect(collected.refused.count == 1)
        }
    }
}

/// Segment requests for the tests.
enum SegmentFixture {
    static let segment = SegmentProtocol(mint: IdentityMint(at: Timestamp(seconds: 1)))

    static func request(_ body: String, _ kind: String) -> CollectorRequest {
        CollectorRequest(
            method: "POST",
            path: "/v1/\(kind)",
            body: Array(body.utf8),
            // 2026-11-29T14:02:00Z
            received: Timestamp(seconds: 1_795_960_920)
        )
    }

    static func read(_ body: String, _ kind: String) throws -> CollectedRequest {
        try segment.read(request(body, kind), from: "shop")
    }

    /// The event of a `track` called `title`.
    static func event(_ title: String, _ properties: String) throws -> CollectedEvent {
        let collected = try read(
            #"{"event":"\#(title)","userId":"u","properties":\#(properties)}"#,
            "track"
        )
        return try #require(collected.events.first)
    }
}
