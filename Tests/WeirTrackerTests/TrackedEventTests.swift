import Foundation
import Testing
import WeirTracker

@Suite struct TrackedEventTests {
    @Test func `an event is a CloudEvent whose values are in the order of their names`() throws {
        let event = TrackedEvent(
            id: "an-id",
            name: "search_made",
            source: "/shop/test",
            time: 1_780_000_000_123,
            correlationID: "c-1",
            values: [
                "query": "red \"shoes\"\n\u{1}é", "n_results": 3, "price": 19.99,
                "exact": .decimal("0.10000000000000000000001"), "new": true,
                "odd": .decimal("1,5"), "least": .integer(.min),
            ]
        )
        let expected =
            #"{"specversion":"1.0","id":"an-id","source":"/shop/test","type":"search_made","#
            + #""time":"2026-05-28T20:26:40.123Z","datacontenttype":"application/json","#
            + #""correlationid":"c-1","data":{"exact":0.10000000000000000000001,"#
            + #""least":-9223372036854775808,"n_results":3,"new":true,"odd":"1,5","#
            + #""price":19.99,"query":"red \"shoes\"\u000a\u0001é"}}"#
        #expect(String(decoding: event.json, as: UTF8.self) == expected)
        let read = try JSONSerialization.jsonObject(with: Data(event.json)) as? [String: Any]
        #expect((read?["data"] as? [String: Any])?["query"] as? String == "red \"shoes\"\n\u{1}é")
    }

    @Test(arguments: [
        ("3", TrackedValue.integer(3)), ("-3", .integer(-3)), ("0", .integer(0)),
        ("19.90", .decimal("19.90")), ("1e3", .decimal("1e3")), ("-0", .decimal("-0")),
        ("9223372036854775808", .decimal("9223372036854775808")),
        ("true", .boolean(true)), ("false", .boolean(false)), ("True", .string("True")),
        ("007", .string("007")), (".5", .string(".5")), ("1.", .string("1.")), ("", .string("")),
        ("+1", .string("+1")), ("NaN", .string("NaN")), ("null", .string("null")),
        ("shoes", .string("shoes")), ("1 ", .string("1 ")),
    ])
    func `what people type is a number or a boolean where JSON has one`(
        text: String,
        value: TrackedValue
    ) {
        #expect(TrackedValue(text: text) == value)
    }

    @Test func `a number that is none in JSON is a text`() {
        let event = TrackedEvent(
            id: "1",
            name: "a",
            source: "/a/b",
            time: 0,
            values: ["a": .decimal("\(Double.nan)"), "b": TrackedValue(floatLiteral: .infinity)]
        )
        #expect(String(decoding: event.json, as: UTF8.self).hasSuffix(#"{"a":"nan","b":"inf"}}"#))
    }

    @Test func `an id is a UUID of version 7`() {
        #expect(
            TrackedEvent.id(at: 0x017f_22e2_79b0, 0xcc3, 0x6333_3333_3333_3333)
                == "017f22e2-79b0-7cc3-98cc-cccccccccccc"
        )
        for (first, second) in [(UInt64.max, UInt64.max), (0, 0)] {
            let id = TrackedEvent.id(at: 1_780_000_000_123, first, second)
            #expect(UUID(uuidString: id) != nil)
            #expect(id.dropFirst(14).first == "7")
            #expect("89ab".contains(Array(id)[19]))
        }
        #expect(TrackedEvent.id(at: 1, .max, .max) < TrackedEvent.id(at: 2, 0, 0))
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (4_107_542_399_999, "2100-02-28T23:59:59.999Z"), (-1, "1969-12-31T23:59:59.999Z"),
    ])
    func `times are written as RFC 3339 has them`(time: Int64, text: String) {
        #expect(TrackedEvent.text(ofTime: time) == text)
    }

    @Test func `times over seeds agree with Foundation`() {
        var time: Int64 = 1
        for _ in 0..<2000 {
            time = (time &* 6_364_136_223_846_793 &+ 1_442_695) & 0x3ff_ffff_ffff
            let date = Date(timeIntervalSince1970: Double(time / 1000))
            #expect(
                TrackedEvent.text(ofTime: time / 1000 * 1000).prefix(19) + "Z"
                    == date.ISO8601Format()
            )
        }
    }

    @Test(arguments: [
        ("http://127.0.0.1:8081", "http://127.0.0.1:8081/events"),
        ("https://collect.example/", "https://collect.example/events"),
        ("http://a/events", "http://a/events"), ("ftp://a", nil), ("a", nil), ("http://", nil),
        ("", nil), ("http://a?b=c", nil),
    ])
    func `the environment names collector, service and stage`(url: String, address: String?) {
        let options = TrackerOptions(
            environment: ["WEIR_COLLECTOR_URL": url, "SERVICE": "a b/c", "STAGE": ""]
        )
        #expect(options.address == address)
        #expect(options.service == "a b/c" && options.stage == "local")
        #expect(TrackerOptions(environment: [:]).collector == nil)
    }
}
