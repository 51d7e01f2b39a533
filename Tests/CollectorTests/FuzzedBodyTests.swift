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
                let answer = await collector.post(seed.path, body, fields)
                statuses[answer.status, default: 0] += 1
                if answer.status != 202, ![400, 415].contains(answer.status) {
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
            #expect(statuses[400, default: 0] > 0)
            #expect(collector.published == collector.stage.meter.total.accepted)
        }
    }
}
