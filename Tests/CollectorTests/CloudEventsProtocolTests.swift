import Collector
import Commerce
import HTTPServing
import HTTPTypes
import Stages
import Testing

@Suite("CloudEvents over HTTP")
struct CloudEventsProtocolTests {
    private static let structured: HTTPFields = [.contentType: "application/cloudevents+json"]
    private static let batched: HTTPFields = [.contentType: "application/cloudevents-batch+json"]

    private static func binary(_ more: [String: String?] = [:]) -> HTTPFields {
        var fields: HTTPFields = [.contentType: "application/json"]
        let named = [
            "ce-id": "b1", "ce-source": "/web", "ce-specversion": "1.0", "ce-type": "search",
            "ce-time": "2026-11-30T12:00:00Z",
        ]
        for (name, value) in named { fields[named: name] = value }
        for (name, value) in more { fields[named: name] = value }
        return fields
    }

    @Test("an event is taken in each of the three modes, and is kept as a CloudEvent")
    func modes() async throws {
        try await OpenCollector.run { collector in
            let event = OpenCollector.search("s1")
            let batch = "[\(OpenCollector.search("t1")),\(OpenCollector.search("t2"))]"
            let data = #"{"search_term":"shoes"}"#
            #expect(await collector.post("/events", event.utf8, Self.structured).status == 202)
            #expect(await collector.post("/events", batch.utf8, Self.batched).status == 202)
            #expect(await collector.post("/events", data.utf8, Self.binary()).status == 202)
            #expect(await collector.post("/events", "[]".utf8, Self.batched).status == 202)
            #expect(collector.stage.meter.total.accepted == 5)
            for id in ["s1", "t1", "t2", "b1"] {
                let line = try #require(
                    collector.journal.lines.first { $0.contains("\"id\":\"\(id)\"") }
                )
                let tree = try JSONTree(Array(line.utf8))
                #expect(tree[["data", "search_term"]]?.text == "shoes")
                #expect(tree[["source"]]?.text == "/web")
            }
        }
    }

    @Test(
        "a header is freed of quotes, and decoded once",
        arguments: [
            ("o%201%E2%82%AC", "o 1€"), ("\"a \\\"b\\\"\"", "a \"b\""), ("100%2525", "100%25"),
        ]
    )
    func headers(_ written: String, _ meant: String) async throws {
        try await OpenCollector.run { collector in
            let fields = Self.binary(["ce-subject": written])
            #expect(await collector.post("/events", "{}".utf8, fields).status == 202)
            let line = try #require(collector.journal.lines.last)
            #expect(try JSONTree(Array(line.utf8))[["subject"]]?.text == meant)
        }
    }

    @Test(
        "what cannot be taken is answered with its status, and what is wrong",
        arguments: [
            (Self.binary(["ce-id": nil]), "{}", 400, "ce-id: the header is missing"),
            (Self.binary(["ce-subject": "%ff"]), "{}", 400, "ce-subject: cannot be read"),
            (Self.binary(["ce-subject": "%4"]), "{}", 400, "ce-subject: cannot be read"),
            (Self.binary(["ce-datacontenttype": "a/b"]), "{}", 400, "Content-Type says it"),
            (Self.binary(["ce-type": "serch"]), "{}", 400, "did you mean \\\"search\\\""),
            (Self.binary(["ce-time": "noon"]), "{}", 400, "time: "),
            (Self.binary(["ce-specversion": "0.3"]), "{}", 400, "specversion: "),
            (Self.binary(["content-type": "text/xml"]), "<a/>", 415, "application/json"),
            (Self.binary(["content-type": "application/json; charset=utf-16"]), "{}", 415, "utf-8"),
            (Self.binary(), "{", 400, "not JSON"),
            (Self.binary(), "{\"search_term\":1}", 400, "data.search_term: is a number"),
            (Self.structured, "", 400, "not JSON"),
            (Self.structured, "[]", 400, "the body: is no object"),
            (Self.structured, "{\"id\":1,\"id\":2}", 400, "id: given twice"),
            (Self.structured, "{\"id\":{}}", 400, "id: is no text"),
            (Self.batched, "{}", 400, "a batch is an array"),
            (Self.batched, "[\(OpenCollector.search("a")),1]", 400, "events[1]: is no object"),
            (
                Self.batched, "[\(OpenCollector.search("a")),{\"id\":\"b\"}]", 400,
                "events[1].specversion: the attribute is missing"
            ),
            ([.contentType: "application/cloudevents+xml"], "<a/>", 415, "cloudevents+json"),
            ([.contentType: "application/cloudevents-batch+xml"], "<a/>", 415, "batch+json"),
            ([.contentType: "text/plain"], "hello", 415, "ce-id: the header is missing"),
            (
                Self.structured, String(repeating: "[", count: 100_000), 400,
                "nested deeper than 64 levels"
            ),
        ] as [(HTTPFields, String, Int, String)]
    )
    func refusals(_ fields: HTTPFields, _ body: String, _ status: Int, _ words: String) async throws
    {
        try await OpenCollector.run { collector in
            let answer = await collector.post("/events", body.utf8, fields)
            #expect(answer.status == status)
            #expect(answer.text.contains(words), "\(answer.text)")
            #expect(collector.stage.meter.total.accepted == 1)
            #expect(collector.stage.meter.total.refusedRequests.values.reduce(0, +) == 1)
        }
    }

    @Test("bytes that are not UTF-8 are refused")
    func encodings() async throws {
        try await OpenCollector.run { collector in
            let latin =
                Array(OpenCollector.search("a").utf8.dropLast(3)) + [0xe9, 0x22, 0x7d, 0x7d]
            let answer = await collector.post("/events", latin, Self.structured)
            #expect(answer.status == 400)
            #expect(answer.text.contains("invalid-utf8"))
        }
    }

    @Test("a request and its events have one trace, that of the client where it has one")
    func traces() async throws {
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        try await OpenCollector.run { collector in
            var fields = Self.batched
            let batch = "[\(OpenCollector.search("t1")),\(OpenCollector.search("t2"))]"
            let made = await collector.post("/events", batch.utf8, fields)
            let again = await collector.post("/events", batch.utf8, fields)
            let own = try #require(made.fields[named: "traceparent"])
            #expect(again.fields[named: "traceparent"] == own)
            fields[named: "traceparent"] = trace
            let given = await collector.post("/events", batch.utf8, fields)
            #expect(given.fields[named: "traceparent"] == trace)
            let one = OpenCollector.search("o", more: ",\"correlationid\":\"c1\"")
            _ = await collector.post("/events", one.utf8, Self.structured)
            let lines = collector.journal.lines
            #expect(lines.count { $0.contains(own) } == 4)
            #expect(lines.count { $0.contains(trace) } == 2)
            #expect(!lines.contains { $0.contains("c1") && $0.contains("traceparent") })
        }
    }
}

@Suite("Who may send")
struct SenderTests {
    private static let search = Array(OpenCollector.search("a").utf8)
    private static let keys = SourceKeys(
        [
            ("web", BearerToken("0123456789abcdef")), ("till", BearerToken("fedcba9876543210")),
        ].compactMap { source, key in key.map { (source, $0) } }
    )

    private static func fields(_ more: [String: String] = [:]) -> HTTPFields {
        var fields: HTTPFields = [.contentType: "application/cloudevents+json"]
        for (name, value) in more { fields[named: name] = value }
        return fields
    }

    @Test("a key of a source is needed where there are any, and no other one will do")
    func keys() async throws {
        try await OpenCollector.run(keys: Self.keys) { collector in
            let none = await collector.post("/events", Self.search, Self.fields())
            #expect(none.status == 401)
            #expect(none.fields[.wwwAuthenticate] == "Bearer realm=\"weir\"")
            let wrong = Self.fields(["authorization": "Bearer 0123456789abcdeg"])
            #expect(await collector.post("/events", Self.search, wrong).status == 401)
            let right = Self.fields(["authorization": "bearer fedcba9876543210"])
            #expect(await collector.post("/events", Self.search, right).status == 202)
            let asked = await collector.post(
                "/events",
                Self.search,
                Self.fields(),
                query: [("access_token", "0123456789abcdef")]
            )
            #expect(asked.status == 202)
            let body = Array(#"{"event":"search"}"#.utf8)
            #expect(await collector.post("/track", body, right).status == 202)
            #expect(collector.journal.lines.last?.contains("\"/track/till\"") == true)
            #expect(collector.stage.meter.total.refusedRequests["unknown-key"] == 2)
        }
    }

    @Test("a page sends where its origin is allowed, and reads the answer")
    func pages() async throws {
        try await OpenCollector.run(origins: ["https://shop.example"]) { collector in
            let own = Self.fields(["origin": "https://shop.example"])
            let answer = await collector.post("/events", Self.search, own)
            #expect(answer.status == 202)
            #expect(answer.fields[.accessControlAllowOrigin] == "https://shop.example")
            let foreign = Self.fields(["origin": "https://evil.example"])
            let refused = await collector.post("/events", Self.search, foreign)
            #expect(refused.status == 403)
            #expect(refused.fields[.accessControlAllowOrigin] == nil)
            let asked = await collector.post(
                "/track",
                [],
                Self.fields([
                    "origin": "https://shop.example", "access-control-request-method": "POST",
                    "access-control-request-headers": "content-type",
                ]),
                method: "OPTIONS"
            )
            #expect(asked.status == 204)
            #expect(asked.fields[.accessControlAllowMethods] == "POST")
            #expect(asked.fields[.accessControlAllowHeaders] == "content-type")
            let unknown = await collector.post("/track", [], foreign, method: "OPTIONS")
            #expect(unknown.status == 403)
        }
    }

    @Test("a webhook that asks is told that it may call")
    func webhooks() async throws {
        try await OpenCollector.run { collector in
            let asked = Self.fields(["WebHook-Request-Origin": "events.example"])
            let answer = await collector.post("/events", [], asked, method: "OPTIONS")
            #expect(answer.status == 200)
            #expect(answer.fields[named: "WebHook-Allowed-Origin"] == "events.example")
            #expect(answer.fields[.allow] == "POST, OPTIONS")
        }
    }

    @Test("other methods and other paths are told so")
    func others() async throws {
        try await OpenCollector.run { collector in
            let get = await collector.post("/events", [], method: "GET")
            #expect(get.status == 405)
            #expect(get.fields[.allow] == "POST, OPTIONS")
            #expect(await collector.post("/event", []).status == 404)
            #expect(await collector.post("/healthz", [], method: "GET").status == 200)
        }
    }
}
