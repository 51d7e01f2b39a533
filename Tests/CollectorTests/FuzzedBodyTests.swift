import Broker
import Collector
import Foundation
import HTTPTypes
import Stages
import Testing
import Timekeeping

@Suite("Bodies that nobody meant")
struct FuzzedBodyTests {
    /// How many bodies there are; a million in an hour of its own.
    private static let count =
        ProcessInfo.processInfo.environment["WEIR_FUZZED_BODIES"].flatMap { UInt64($0) } ?? 3000

    private static let seeds: [(path: String, type: String, body: String)] = [
        ("/events", "application/cloudevents+json", OpenCollector.search("a")),
        (
            "/events", "application/cloudevents-batch+json",
            "[\(OpenCollector.search("a")),\(OpenCollector.search("b"))]"
        ),
        ("/events", "application/json", #"{"search_term":"shoes","items":[{"price":1.5}]}"#),
        ("/track", "application/json", #"{"event":"search","properties":{"search_term":"x"}}"#),
        ("/track", "", #"[{"event":"purchase","properties":{"value":1e3,"currency":"USD"}}]"#),
        (
            "/v1/track", "application/json",
            #"{"event":"Order Completed","userId":"u","messageId":"m","#
                + #""sentAt":"2026-11-30T12:00:00Z","timestamp":"2026-11-30T11:59:00Z","#
                + #""properties":{"order_id":"o","total":"24.99","tax":2,"currency":"USD","#
                + #""products":[{"product_id":"p","price":1.5}]}}"#
        ),
        (
            "/v1/batch", "application/json",
            #"{"batch":[{"type":"track","event":"Product Viewed","anonymousId":"a","properties":"#
                + #"{"price":3}},{"type":"identify","traits":{"a":null}}],"context":{"ip":"::1"}}"#
        ),
        (
            "/mp/collect", "application/json",
            #"{"client_id":"c","timestamp_micros":"1764590400000000","events":[{"name":"purchase","#
                + #""params":{"transaction_id":"t","value":5,"currency":"USD","items":[{"#
                + #""item_id":"p","price":5}]}},{"name":"search","params":{"search_term":"x"}}]}"#
        ),
        (
            "/debug/mp/collect", "application/json",
            #"{"client_id":"c","user_properties":{"a":{"value":"b"}},"events":[{"name":"9bad"}]}"#
        ),
    ]

    /// A body with some bytes taken out, put in, doubled or changed.
    static func mutated(_ body: String, _ chance: inout Randomness) -> [UInt8] {
        var bytes = Array(body.utf8)
        let marks = Array("{}[]\",:\\u0e-+.n".utf8) + [0, 10, 0x7f, 0x80, 0xc3, 0xff]
        for _ in 0...chance.below(6) {
            let place = Int(chance.below(UInt64(bytes.count + 1)))
            let end = min(bytes.count, place + Int(chance.below(8)))
            switch chance.below(5) {
            case 0: bytes.removeSubrange(place..<end)
            case 1: bytes.insert(marks[Int(chance.below(UInt64(marks.count)))], at: place)
            case 2: bytes.insert(contentsOf: bytes[place..<end], at: place)
            case 3: if place < bytes.count { bytes[place] = UInt8(chance.below(256)) }
            default: bytes.removeLast(min(bytes.count, Int(chance.below(20))))
            }
        }
        return bytes
    }

    @Test("every body is taken or refused, and what is taken is one line each")
    func bodies() async throws {
        try await OpenCollector.run(["all": .init()]) { collector in
            var statuses: [Int: Int] = [:]
            for number in 0..<Self.count {
                var chance = Randomness(seed: number)
                let seed = Self.seeds[Int(chance.below(UInt64(Self.seeds.count)))]
                var fields: HTTPFields = [.contentType: seed.type]
                if seed.type == "application/json", seed.path == "/events" {
                    let header = ["ce-id": "a", "ce-source": "/web", "ce-type": "search"]
                    for (name, value) in header { fields[named: name] = value }
                    fields[named: "ce-specversion"] = "1.0"
                }
                let body = Self.mutated(seed.body, &chance)
                let query = [
                    (name: "measurement_id", value: "G-1"), (name: "api_secret", value: "s"),
                ]
                let answer = await collector.post(seed.path, body, fields, query: query)
                statuses[answer.status, default: 0] += 1
                if ![200, 202, 204, 400, 415].contains(answer.status) {
                    Issue.record("body \(number): \(answer.status) \(answer.text)")
                }
                if number % 500 == 0 {
                    let now = RealTimeline().now
                    let subscription = try collector.subscription()
                    for delivery in try await subscription.receive(atMost: 9000, until: now) ?? [] {
                        subscription.settle(delivery, .ack)
                    }
                }
            }
            #expect(statuses[202, default: 0] > 0)
            for status in [200, 204, 400] { #expect(statuses[status, default: 0] > 0) }
            #expect(!collector.stage.meter.total.unconformed.isEmpty)
            #expect(collector.published == collector.stage.meter.total.accepted)
        }
    }
}
