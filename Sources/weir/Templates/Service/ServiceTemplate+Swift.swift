extension ServiceTemplate {
    var swiftPackage: String {
        """
        // swift-tools-version: 6.0
        import PackageDescription

        let package = Package(
            name: "\(name)",
            targets: [
                .executableTarget(name: "\(name)", path: "Sources"),
                .testTarget(name: "ServiceTests", dependencies: ["\(name)"], path: "Tests"),
            ]
        )

        """
    }

    var swiftWork: String {
        #"""
        /// A purchase, as far as the service reads it.
        struct Purchase: Decodable {
            struct Item: Decodable {}

            var transaction_id: String
            var user_id: String?
            var items: [Item]?
        }

        /// What came of a purchase.
        struct Result: Codable {
            var transaction_id: String
            var user_id: String?
            var n_items: Int
        }

        /// What the service is for; the other files are what every service of this kind does.
        ///
        /// An error gives the message back: it comes again.
        func work(_ purchase: Purchase) throws -> Result {
            Result(
                transaction_id: purchase.transaction_id,
                user_id: purchase.user_id,
                n_items: purchase.items?.count ?? 0
            )
        }

        """#
    }

    var swiftService: String {
        #"""
        import Foundation

        /// \#(name): works on purchases, and says what came of each.
        @main
        struct Service {
            let broker: any Broker
            let tracker: any Tracker

            static func main() async {
                let environment = ProcessInfo.processInfo.environment
                let service = Service(
                    broker: PubSubBroker(environment),
                    tracker: CollectorTracker(environment)
                )
                // The messages in hand are finished before it ends.
                for name in [SIGTERM, SIGINT] { signal(name) { _ in isEnded = 1 } }
                Log.write("info", "started")
                var lastAnswer = ContinuousClock.now
                while isEnded == 0 {
                    do {
                        let received = try await service.broker.pull()
                        lastAnswer = ContinuousClock.now
                        try await service.handle(received)
                    } catch {
                        Log.write("error", "the broker does not answer", ["error": "\(error)"])
                        // Whoever started this starts it again, or knows why not.
                        if ContinuousClock.now - lastAnswer > .seconds(60) { exit(69) }
                        try? await Task.sleep(for: .seconds(1))
                    }
                }
                Log.write("info", "ended")
            }

            /// Works on messages, then publishes and tracks what came of them, then settles them.
            func handle(_ received: [Received]) async throws {
                var results: [Caused] = []
                var tracked: [Caused] = []
                var (done, failed): ([String], [String]) = ([], [])
                for message in received {
                    var cause: Cause?
                    do {
                        let event = try JSONDecoder().decode(Event.self, from: message.message.data)
                        cause = Cause(
                            id: event.id,
                            time: event.time,
                            traceparent: message.message.attributes["traceparent"] ?? ""
                        )
                        guard let cause else { continue }
                        let result = try work(event.purchase)
                        results.append(Caused(by: cause, "\#(event)_result", result))
                        tracked.append(Caused(by: cause, "\#(event)_handled", result))
                        done.append(message.ackId)
                        Log.write("info", "done", ["order": result.transaction_id], of: cause)
                    } catch {
                        failed.append(message.ackId)
                        Log.write("error", "gave it back", ["error": "\(error)"], of: cause)
                    }
                }
                do {
                    // Before they are acknowledged: what is not sent now is sent when they come
                    // again.
                    try await broker.publish(results)
                    try await tracker.track(tracked)
                } catch {
                    Log.write("error", "cannot send what came of messages", ["error": "\(error)"])
                    (done, failed) = ([], failed + done)
                }
                try await broker.acknowledge(done)
                try await broker.giveBack(failed)
            }
        }

        /// 1 once the service is to end; a signal may write it at any moment.
        nonisolated(unsafe) private var isEnded: sig_atomic_t = 0

        /// What is read of an event that is taken: a CloudEvent with a purchase.
        struct Event: Decodable {
            var id: String
            var time: String
            private var data: Purchase?

            /// Read after the rest, so that it is known whose purchase is wrong.
            var purchase: Purchase {
                get throws {
                    if let data { return data }
                    throw WrongPurchase()
                }
            }

            private enum Key: CodingKey {
                case id
                case time
                case data
            }

            init(from decoder: any Decoder) throws {
                let fields = try decoder.container(keyedBy: Key.self)
                id = try fields.decode(String.self, forKey: .id)
                time = try fields.decode(String.self, forKey: .time)
                data = try? fields.decode(Purchase.self, forKey: .data)
            }
        }

        struct WrongPurchase: Error, CustomStringConvertible {
            var description: String { "the event holds no purchase with an order" }
        }

        /// The event that something is about.
        struct Cause {
            var id: String
            var time: String
            var traceparent: String
        }

        /// An event that another one brought about, as a CloudEvent.
        ///
        /// Its id follows from that of the cause, so that whoever gets it twice can tell; its trace
        /// is the same.
        struct Caused: Encodable {
            var specversion = "1.0"
            var id: String
            var source: String
            var type: String
            var time: String
            var datacontenttype = "application/json"
            var traceparent: String
            var causationid: String
            var data: Result

            init(by cause: Cause, _ name: String, _ data: Result) {
                id = "\(cause.id)-\(name)"
                source = "/\(Log.service)"
                type = "com.weir.shop.\(name).v1"
                time = cause.time
                traceparent = cause.traceparent
                causationid = cause.id
                self.data = data
            }
        }

        /// Lines of JSON on standard output, with the correlation id of what they are about.
        enum Log {
            static let service = ProcessInfo.processInfo.environment["SERVICE"] ?? "\#(name)"

            static func write(
                _ level: String,
                _ message: String,
                _ fields: [String: String] = [:],
                of cause: Cause? = nil
            ) {
                var line = fields
                line["time"] = Date.now.ISO8601Format()
                line["level"] = level
                line["service"] = service
                line["message"] = message
                if let cause {
                    line["id"] = cause.id
                    line["trace"] = cause.traceparent.split(separator: "-").dropFirst().first
                        .map(String.init)
                }
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
                guard let json = try? encoder.encode(line) else { return }
                try? FileHandle.standardOutput.write(contentsOf: json + [UInt8(ascii: "\n")])
            }
        }

        """#
    }

    var swiftConnections: String {
        #"""
        import Foundation

        #if canImport(FoundationNetworking)
        import FoundationNetworking
        #endif

        /// Where messages come from, and where results go.
        protocol Broker: Sendable {
            /// Waits about a second for messages.
            func pull() async throws -> [Received]
            func publish(_ events: [Caused]) async throws
            func acknowledge(_ ids: [String]) async throws
            func giveBack(_ ids: [String]) async throws
        }

        /// Where tracked events go.
        protocol Tracker: Sendable {
            func track(_ events: [Caused]) async throws
        }

        /// A message that was handed out, to be settled by its `ackId`.
        struct Received: Codable {
            struct Message: Codable {
                /// In base64, as JSON has it.
                var data: Data
                var attributes: [String: String]
            }

            var ackId: String
            var message: Message
        }

        /// A subscription and a topic, by the REST form of Google Pub/Sub's API.
        struct PubSubBroker: Broker {
            private let subscription: String
            private let topic: String

            init(_ environment: [String: String]) {
                let host = environment["PUBSUB_EMULATOR_HOST"] ?? "127.0.0.1:8085"
                let project = environment["PUBSUB_PROJECT_ID"] ?? "weir"
                let base = "http://\(host)/v1/projects/\(project)"
                let name = environment["PUBSUB_SUBSCRIPTION"] ?? "\#(name)"
                subscription = "\(base)/subscriptions/\(name)"
                topic = "\(base)/topics/\(environment["PUBSUB_TOPIC"] ?? "\#(name)")"
            }

            func pull() async throws -> [Received] {
                struct Answer: Decodable { var receivedMessages: [Received]? }
                let answer = try await post("\(subscription):pull", ["maxMessages": 100])
                return try JSONDecoder().decode(Answer.self, from: answer).receivedMessages ?? []
            }

            func publish(_ events: [Caused]) async throws {
                if events.isEmpty { return }
                let messages = try events.map { event in
                    Received.Message(
                        data: try JSONEncoder().encode(event),
                        attributes: ["traceparent": event.traceparent]
                    )
                }
                _ = try await post("\(topic):publish", ["messages": messages])
            }

            func acknowledge(_ ids: [String]) async throws {
                if ids.isEmpty { return }
                _ = try await post("\(subscription):acknowledge", ["ackIds": ids])
            }

            func giveBack(_ ids: [String]) async throws {
                if ids.isEmpty { return }
                // A deadline of 0 seconds, which JSON leaves out.
                _ = try await post("\(subscription):modifyAckDeadline", ["ackIds": ids])
            }
        }

        /// A collector, which takes batches of CloudEvents; without one, events go nowhere.
        struct CollectorTracker: Tracker {
            private let collector: String?
            private var fields = ["Content-Type": "application/cloudevents-batch+json"]

            init(_ environment: [String: String]) {
                collector = environment["WEIR_COLLECTOR_URL"]
                if let key = environment["WEIR_COLLECTOR_KEY"] {
                    fields["Authorization"] = "Bearer \(key)"
                }
            }

            func track(_ events: [Caused]) async throws {
                guard let collector, !events.isEmpty else { return }
                _ = try await post("\(collector)/events", events, fields)
            }
        }

        /// Nobody answered, or what was sent is refused.
        struct Refusal: Error, CustomStringConvertible {
            var description: String
        }

        /// Sends JSON, and gives the answer.
        private func post(
            _ address: String,
            _ body: some Encodable,
            _ fields: [String: String] = ["Content-Type": "application/json"]
        ) async throws -> Data {
            guard let url = URL(string: address) else {
                throw Refusal(description: "\(address) is no address")
            }
            var request = URLRequest(url: url, timeoutInterval: 30)
            request.httpMethod = "POST"
            for (name, value) in fields { request.setValue(value, forHTTPHeaderField: name) }
            request.httpBody = try JSONEncoder().encode(body)
            let (answer, response) = try await URLSession.shared.data(for: request)
            let status = (response as? HTTPURLResponse)?.statusCode ?? 0
            guard (200..<300).contains(status) else {
                let text = String(decoding: answer.prefix(500), as: UTF8.self)
                throw Refusal(description: "\(status) \(text)")
            }
            return answer
        }

        """#
    }

    var swiftTest: String {
        ##"""
        import Foundation
        import Testing

        @testable import \##(event)

        struct ServiceTests {
            private let sound = #"{"transaction_id": "o1", "user_id": "u1", "items": [{}, {}]}"#

            private func message(_ id: String, _ data: String) -> Received {
                let time = "2026-01-01T12:00:00Z"
                let event = #"{"id": "event-\#(id)", "time": "\#(time)", "data": \#(data)}"#
                let trace = String(repeating: "a", count: 32)
                return Received(
                    ackId: id,
                    message: Received.Message(
                        data: Data(event.utf8),
                        attributes: ["traceparent": "00-\(trace)-bbbbbbbbbbbbbbbb-01"]
                    )
                )
            }

            @Test func `what came of a message carries its trace and an id`() async throws {
                let recorder = Recorder()
                try await Service(broker: recorder, tracker: recorder).handle([message("1", sound)])
                #expect(await recorder.acknowledged == ["1"])
                let result = try #require(await recorder.published.first)
                #expect(result.data.n_items == 2)
                #expect(result.id == "event-1-\##(event)_result")
                #expect(result.traceparent.contains(String(repeating: "a", count: 32)))
                #expect(await recorder.tracked.count == 1)
            }

            @Test func `a message that cannot be worked on is given back alone`() async throws {
                let recorder = Recorder()
                try await Service(broker: recorder, tracker: recorder)
                    .handle([message("2", "{}"), message("1", sound)])
                #expect(await recorder.acknowledged == ["1"])
                #expect(await recorder.givenBack == ["2"])
                #expect(await recorder.published.count == 1)
            }

            @Test func `nothing is acknowledged that could not be tracked`() async throws {
                let recorder = Recorder(reachesCollector: false)
                try await Service(broker: recorder, tracker: recorder).handle([message("1", sound)])
                #expect(await recorder.acknowledged.isEmpty)
                #expect(await recorder.givenBack == ["1"])
            }
        }

        /// Stands for the broker and the collector, and notes what it is asked.
        private actor Recorder: Broker, Tracker {
            private(set) var published: [Caused] = []
            private(set) var tracked: [Caused] = []
            private(set) var acknowledged: [String] = []
            private(set) var givenBack: [String] = []
            private let reachesCollector: Bool

            init(reachesCollector: Bool = true) { self.reachesCollector = reachesCollector }

            func pull() -> [Received] { [] }
            func publish(_ events: [Caused]) { published += events }
            func acknowledge(_ ids: [String]) { acknowledged += ids }
            func giveBack(_ ids: [String]) { givenBack += ids }

            func track(_ events: [Caused]) throws {
                guard reachesCollector else { throw Refusal(description: "nobody answers") }
                tracked += events
            }
        }

        """##
    }

    var swiftContainer: String {
        """
        # podman build -t \(name) . && podman run --network host \(name)
        FROM swift:6.1 AS build
        WORKDIR /service
        COPY . .
        RUN swift build -c release --static-swift-stdlib

        FROM debian:12-slim
        RUN apt-get update && apt-get install -y --no-install-recommends libcurl4 ca-certificates
        COPY --from=build /service/.build/release/\(name) /usr/local/bin/service
        USER 65534
        CMD ["service"]

        """
    }
}
