import Foundation
import Operations
import Reports
import Storage
import TestSupport
import Testing
import Timekeeping

/// Journeys as spans of OpenTelemetry.
struct JourneySpanTests {
    /// A journey as a run writes it: stored, given up by one subscription and then replayed, given
    /// up by another one.
    private static func journeys(trace: String? = nil) throws -> [EventJourney] {
        let trace = trace.map { #","trace":"\#($0)""# } ?? ""
        let json = """
            [{"caused":[],
              "event":{"position":42,"time":"2023-11-14T22:13:20Z","name":"purchase",
                       "order":"o-93","products":["p1"],"id":"e-17","source":"shop"\(trace)},
              "steps":[
                {"lane":"source","state":"produced","time":"2023-11-14T22:13:20Z",
                 "detail":"by shop","evidence":"the event's own time"},
                {"lane":"topic events","state":"published","detail":"position 42",
                 "evidence":"the position that it is kept with"},
                {"lane":"ingest","state":"stored","detail":"acknowledged","evidence":"is there"},
                {"lane":"analytics","state":"dead-lettered","time":"2023-11-14T22:13:23Z",
                 "detail":"items-missing: it has none","evidence":"a dead letter","attempts":5},
                {"lane":"orders","state":"dead-lettered","time":"2023-11-14T22:13:24Z",
                 "detail":"store-busy: again","evidence":"a dead letter","attempts":5},
                {"lane":"orders","state":"replayed","time":"2023-11-14T22:14:20Z",
                 "detail":"stored, by r1","evidence":"noted","attempts":6}]}]
            """
        return try JSONText.read(json)
    }

    private static func spans(_ journeys: [EventJourney]) throws -> [[String: Any]] {
        let text = try JourneySpans(journeys, version: "0.1.0").json()
        let json = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        let resources = json?["resourceSpans"] as? [[String: Any]]
        let scopes = resources?.first?["scopeSpans"] as? [[String: Any]]
        return try #require(scopes?.first?["spans"] as? [[String: Any]])
    }

    private static func text(_ key: String, _ value: String) -> String {
        #"{"key":"\#(key)","value":{"stringValue":"\#(value)"}}"#
    }

    private static func known(start: Bool = false, end: Bool) -> String {
        #"{"key":"weir.start_time_known","value":{"boolValue":\#(start)}},"#
            + #"{"key":"weir.end_time_known","value":{"boolValue":\#(end)}}"#
    }

    private static func messaging(_ operation: String, subscription: String? = nil) -> String {
        let keys = [
            text("messaging.system", "weir"), text("messaging.operation.name", operation),
            text("messaging.operation.type", operation),
            text("messaging.destination.name", "events"),
            subscription.map { text("messaging.destination.subscription.name", $0) },
            text("messaging.message.id", "42"), text("messaging.message.conversation_id", "o-93"),
            text("cloudevents.event_id", "e-17"), text("cloudevents.event_source", "shop"),
            text("cloudevents.event_type", "purchase"),
        ]
        return keys.compactMap(\.self).joined(separator: ",")
    }

    /// The ids are those that `printf 4:shop4:e-17 | sha256sum` and the like print.
    private static let trace = "9677a788aaccad72401b6d200b8ea5df"
    private static let link = #""links":[{"spanId":"f04ad369dda4bf66","traceId":"\#(trace)"}]"#
    private static let own = "1700000000000000000"

    private static var sent: String {
        let said = [text("weir.state", "published"), text("weir.detail", "position 42")]
        return #"{"attributes":[\#(messaging("send")),\#(said.joined(separator: ",")),"#
            + #"\#(known(start: true, end: false))],"endTimeUnixNano":"\#(own)","kind":4,"#
            + #""name":"send events","spanId":"f04ad369dda4bf66","#
            + #""startTimeUnixNano":"\#(own)","status":{"code":0},"traceId":"\#(trace)"}"#
    }

    private static var stored: String {
        let said = [
            text("weir.state", "stored"), text("weir.detail", "acknowledged"),
            text("weir.evidence", "is there"),
        ]
        return #"{"attributes":[\#(messaging("process", subscription: "ingest")),"#
            + #"\#(said.joined(separator: ",")),\#(known(end: false))],"#
            + #""endTimeUnixNano":"\#(own)","kind":5,\#(link),"name":"process ingest","#
            + #""spanId":"d094b0a4d2d559d0","startTimeUnixNano":"\#(own)","status":{"code":0},"#
            + #""traceId":"\#(trace)"}"#
    }

    private static var givenUp: String {
        let detail = "items-missing: it has none"
        let said = [
            text("error.type", "dead-lettered"), text("weir.state", "dead-lettered"),
            text("weir.detail", detail), text("weir.evidence", "a dead letter"),
            #"{"key":"weir.attempts","value":{"intValue":"5"}}"#,
        ]
        let event = [text("weir.detail", detail), text("weir.evidence", "a dead letter")]
        return #"{"attributes":[\#(messaging("process", subscription: "analytics")),"#
            + #"\#(said.joined(separator: ",")),\#(known(end: true))],"#
            + #""endTimeUnixNano":"1700000003000000000","#
            + #""events":[{"attributes":[\#(event.joined(separator: ","))],"#
            + #""name":"dead-lettered","timeUnixNano":"1700000003000000000"}],"kind":5,"#
            + #"\#(link),"name":"process analytics","spanId":"21e81b59374950cd","#
            + #""startTimeUnixNano":"\#(own)","status":{"code":2,"message":"\#(detail)"},"#
            + #""traceId":"\#(trace)"}"#
    }

    @Test func `a journey is the same spans each time, field by field`() throws {
        let json = try JourneySpans(try Self.journeys(), version: "0.1.0").json()
        let begin =
            #"{"resourceSpans":[{"resource":{"attributes":["#
            + #"{"key":"service.name","value":{"stringValue":"weir"}}]},"scopeSpans":[{"#
            + #""scope":{"name":"weir","version":"0.1.0"},"spans":["#
        let expected = begin + [Self.sent, Self.stored, Self.givenUp].joined(separator: ",")
        #expect(json.hasPrefix(expected), "\(json)\n\(expected)")
        #expect(try JourneySpans(try Self.journeys(), version: "0.1.0").json() == json)
    }

    @Test func `what was replayed is mended, and tells both`() throws {
        let span = try #require(try Self.spans(try Self.journeys()).last)
        #expect(span["spanId"] as? String == "f376fbfdff6b4b1c")
        #expect((span["status"] as? [String: Any])?["code"] as? Int == 0)
        #expect(span["endTimeUnixNano"] as? String == "1700000060000000000")
        let events = span["events"] as? [[String: Any]] ?? []
        #expect(events.map { $0["name"] as? String } == ["dead-lettered", "replayed"])
    }

    @Test func `the trace of an event is its own where it has one`() throws {
        let own = "4bf92f3577b34da6a3ce929d0e0e4736"
        let spans = try Self.spans(try Self.journeys(trace: own))
        #expect(spans.count == 4)
        #expect(spans.allSatisfy { $0["traceId"] as? String == own })
        let ids = Set(spans.compactMap { $0["spanId"] as? String })
        #expect(ids.count == 4)
    }

    @Test(arguments: EventJourney.State.failures + ["filtered", "not-yet", "in-flight", "unknown"])
    func `only what went wrong is an error`(state: String) throws {
        var journey = try #require(try Self.journeys().first)
        journey.steps = Array(journey.steps.prefix(3))
        journey.steps[2].state = try #require(EventJourney.State(rawValue: state))
        let status = try Self.spans([journey]).last?["status"] as? [String: Any]
        let isFailure = EventJourney.State.failures.contains(state)
        #expect(status?["code"] as? Int == (isFailure ? 2 : 0))
        #expect(status?["message"] as? String == (isFailure ? "acknowledged" : nil))
    }

    @Test func `no span ends before it begins, and none is before 1970`() throws {
        var journey = try #require(try Self.journeys().first)
        // Its clock is ahead of that of the run, and then far behind.
        for (time, start) in [
            ("2024-01-01T00:00:00Z", "1700000003000000000"), ("1969-01-01T00:00:00Z", "0"),
        ] {
            journey.event.time = time
            let spans = try Self.spans([journey])
            #expect(spans[2]["startTimeUnixNano"] as? String == start)
            for span in spans {
                let start = try #require(Int64(span["startTimeUnixNano"] as? String ?? ""))
                let end = try #require(Int64(span["endTimeUnixNano"] as? String ?? ""))
                #expect(start <= end)
            }
        }
    }

    @Test func `what is not known is left out, and no journey is no envelope`() throws {
        var journey = try #require(try Self.journeys().first)
        journey.event.position = 0
        journey.event.order = nil
        journey.steps = Array(journey.steps.prefix(3))
        journey.steps[1].lane = "topic unknown"
        journey.steps[2].lane = "ingest (name unknown)"
        let json = try JourneySpans([journey], version: "0.1.0").json()
        for key in [
            "messaging.message.id", "conversation_id", "messaging.destination", "name unknown",
        ] {
            #expect(!json.contains(key), "\(json)")
        }
        #expect(json.contains(#""name":"send""#))
        #expect(json.contains(#""name":"process""#))
        #expect(try JourneySpans([], version: "0.1.0").json() == #"{"resourceSpans":[]}"#)
    }

    @Test func `a receiver tells what it has rejected as text or number`() throws {
        for count in [#""3""#, "3"] {
            let answer = try SpanAnswer(
                json: #"{"partialSuccess":{"rejectedSpans":\#(count),"errorMessage":"full"}}"#
            )
            #expect(answer.rejected == 3)
            #expect(answer.message == "full")
        }
        for json in ["", "{}", #"{"partialSuccess":{}}"#] {
            #expect(try SpanAnswer(json: json).rejected == 0)
        }
        for json in ["<html>", #"{"partialSuccess":{"rejectedSpans":"x"}}"#] {
            #expect(throws: (any Error).self) { try SpanAnswer(json: json) }
        }
    }
}

extension EventJourney.State {
    fileprivate static let failures = ["dead-lettered", "missing", "shed", "expired"]
}
