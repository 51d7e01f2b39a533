import Commerce
import Testing

@Suite("Logs in JSON of a shape of their own")
struct NDJSONMappingTests {
    private func read(_ text: String) throws -> (batch: Batch, rejections: [Rejection]) {
        let log = try TemporaryLog(text, name: "ga4.ndjson")
        var source = try LogReplay(
            ndjson: log.path,
            mapping: .ga4Export,
            symbols: SymbolTable()
        )
        return try readAll(&source)
    }

    /// As BigQuery extracts a row: integers as texts, and every kind of value as a member.
    private static func row(
        _ name: String,
        params: String = "",
        ecommerce: String = "{}",
        items: String = "[]"
    ) -> String {
        let session =
            #"{"key":"ga_session_id","value":{"string_value":null,"int_value":"661084800","#
            + #""float_value":null,"double_value":null}}"#
        return #"{"event_date":"20210131","event_timestamp":"1612069510766593","event_name":"#
            + #""\#(name)","event_params":[\#(session)\#(params.isEmpty ? "" : ",")\#(params)],"#
            + #""user_id":null,"user_pseudo_id":"1026454.4271112504","ecommerce":\#(ecommerce),"#
            + #""items":\#(items)}"# + "\n"
    }

    private static let purchase = row(
        "purchase",
        params: #"{"key":"currency","value":{"string_value":"USD"}},"#
            + #"{"key":"value","value":{"double_value":99.0}}"#,
        ecommerce: #"{"transaction_id":"44395","purchase_revenue":"38.50"}"#,
        items:
            #"[{"item_id":"GGOEGXXX0906","item_category":"Apparel","price":"16.0","quantity":"2"},"#
            + #"{"item_id":"(not set)","item_name":"Pen","price":6.5,"quantity":1}]"#
    )

    @Test("a row of GA4's export is an event of the shop, kept as a CloudEvent")
    func purchase() throws {
        let (batch, rejections) = try read(Self.purchase)
        #expect(rejections.isEmpty)
        #expect(batch.summary == ["purchase 44395 38.50 x3"])
        let event = try #require(batch.events.first)
        #expect("\(event.time)" == "2021-01-31T05:05:10.766593Z")
        #expect(
            batch.symbols.text(of: event.session, in: .session) == "1026454.4271112504.661084800"
        )
        #expect(batch.symbols.text(of: event.user, in: .user) == "1026454.4271112504")
        #expect(batch.items.map { batch.symbols.text(of: $0.product, in: .product) }.last == "Pen")
        let kept = try #require(batch.originalJSON(of: 0))
        let again = try CloudEventDecoder(symbols: SymbolTable()).decode(kept)
        #expect(again.event.value == 3850)
        #expect(again.event.id == event.id)
    }

    @Test("the same file again gives the same ids, and equal rows are two events")
    func identity() throws {
        let text = Self.row("view_item") + Self.row("view_item")
        let ids = try read(text).batch.events.map(\.id)
        #expect(Set(ids).count == 2)
        #expect(try read(text).batch.events.map(\.id) == ids)
    }

    @Test("what is no event of a shop, or none at all, is rejected and named")
    func rejected() throws {
        let (batch, rejections) = try read(
            Self.row("page_view") + "{}\n[\n" + #"{"event_timestamp":"soon"}"# + "\n"
                + Self.row("search")
                + Self.row("purchase", ecommerce: #"{"purchase_revenue":"much"}"#)
        )
        #expect(batch.events.map(\.name) == [.search])
        #expect(
            rejections.map(\.reason) == [
                "unknown-event", "missing-field", "not-json", "bad-date", "wrong-type",
            ]
        )
        #expect(rejections.last?.field == "data.value")
        #expect(rejections.map(\.line) == [1, 2, 3, 4, 6])
    }

    @Test("a pointer leads by keys, places and members of elements")
    func pointers() throws {
        #expect(NDJSONMapping.Pointer("items") == nil)
        #expect(NDJSONMapping.Pointer("/a~1b") != NDJSONMapping.Pointer("/a/b"))
    }
}

extension NDJSONMappingTests {
    @Test(
        "an order whose price is not where the mapping says is rejected, and not worth nothing",
        arguments: [
            #"{"sku":"p1","p":5}"#, #"{}"#, "1", #"{"price":null,"sku":"p1"}"#,
        ]
    )
    func worthless(item: String) throws {
        var mapping = NDJSONMapping(
            time: ["/at"].compactMap(NDJSONMapping.Pointer.init),
            timeFormat: .rfc3339,
            name: [],
            user: ["/user"].compactMap(NDJSONMapping.Pointer.init)
        )
        mapping.eventName = .purchase
        mapping.transaction = ["/order"].compactMap(NDJSONMapping.Pointer.init)
        mapping.currencyCode = .usd
        mapping.items = ["/lines"].compactMap(NDJSONMapping.Pointer.init)
        mapping.product = ["/sku"].compactMap(NDJSONMapping.Pointer.init)
        mapping.price = ["/price"].compactMap(NDJSONMapping.Pointer.init)
        let line = { (item: String) in
            #"{"at":"2026-01-05T10:00:00Z","user":"u","order":"o","lines":[\#(item)]}"# + "\n"
        }
        let log = try TemporaryLog(line(#"{"sku":"p","price":2}"#) + line(item), name: "a.ndjson")
        var source = try LogReplay(ndjson: log.path, mapping: mapping, symbols: SymbolTable())
        let (batch, rejections) = try readAll(&source)
        #expect(batch.summary == ["purchase o 2.00 x1"])
        #expect(rejections.map(\.reason) == ["missing-field"])
        #expect(rejections.first?.field == "items[0]")
    }

    @Test("a pointer escapes as RFC 6901 has it", arguments: ["/~2x", "/a~", "a"])
    func wrongPointers(text: String) {
        #expect(NDJSONMapping.Pointer(text) == nil)
        #expect(NDJSONMapping.Pointer("/a~1b~0c")?.text == "/a~1b~0c")
    }
}
