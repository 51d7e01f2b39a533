import Broker
import Collector
import Commerce
import HTTPServing
import HTTPTypes
import Logging
import Stages
import TestSupport
import Testing
import Timekeeping

/// A journal in memory, which may be told to fail.
final class MemoryJournal: CollectorJournal {
    private let kept = Locked<[Int: [UInt8]]>([:])
    private let failing = Locked(false)

    init(_ segments: [Int: String] = [:]) {
        kept.change { $0 = segments.mapValues { Array($0.utf8) } }
    }

    var isFailing: Bool {
        get { failing.value }
        set { failing.change { $0 = newValue } }
    }

    var segments: [Int: String] { kept.value.mapValues { String(decoding: $0, as: UTF8.self) } }

    /// The lines of all segments.
    var lines: [Substring] {
        segments.sorted { $0.key < $1.key }.flatMap { $0.value.split(separator: "\n") }
    }

    func open() async throws(JournalError) -> [Int] { kept.value.keys.sorted() }

    func lines(of segment: Int) async throws(JournalError) -> [UInt8] { kept.value[segment] ?? [] }

    func append(_ lines: [UInt8], to segment: Int) async throws(JournalError) {
        if isFailing { throw JournalError("the disk is full") }
        kept.change { $0[segment, default: []] += lines }
    }

    func takeBack(_ count: Int, of segment: Int) async throws(JournalError) {
        kept.change { $0[segment]?.removeLast(count) }
    }

    func remove(_ segment: Int) async throws(JournalError) {
        kept.change { $0[segment] = nil }
    }

    func close() async {}
}

/// A collector over a broker of one topic.
struct OpenCollector: Sendable {
    let broker: InProcessBroker<Batch>
    let stage: CollectorStage
    let journal: MemoryJournal
    let responder: CollectorResponder

    /// How many messages are in the topic.
    var published: Int64 { broker.topics.reduce(0) { $0 + $1.published.messages } }

    /// The subscription of that name.
    func subscription(_ name: String = "all") throws -> InProcessSubscription<Batch> {
        try #require(broker.subscriptions.first { $0.name == name })
    }

    private static func protocols(_ mint: IdentityMint) -> [any ClientProtocol] {
        [
            CloudEventsProtocol(), PlainTracking(mint), SegmentProtocol(mint: mint),
            GA4Protocol(mint: mint),
        ]
    }

    /// Runs a collector with the subscriptions of `policies` while `body` acts.
    static func run<Value: Sendable>(
        _ policies: [String: SubscriptionPolicy] = ["all": SubscriptionPolicy()],
        journal: MemoryJournal = MemoryJournal(),
        keys: SourceKeys = SourceKeys([]),
        origins: [String] = [],
        conform: ConformRules = ConformRules(),
        patience: Duration = .milliseconds(50),
        timeline: any Timeline = RealTimeline(),
        _ body: @escaping @Sendable (OpenCollector) async throws -> Value
    ) async throws -> Value {
        let broker = InProcessBroker<Batch>(
            topics: ["events"],
            firstPosition: 1,
            subscriptions: policies.sorted { $0.key < $1.key }.map {
                SubscriptionPlan(name: $0.key, topic: "events", policy: $0.value)
            },
            timeline: timeline
        )
        var limits = CollectorStage.Limits()
        limits.patience = patience
        limits.interval = .milliseconds(5)
        let topic = try #require(broker.topics.first)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let stage = CollectorStage(
            topic: topic,
            stream: "/test/clients",
            symbols: SymbolTable(),
            events: EventDeclarations(),
            journal: journal,
            limits: limits,
            meter: CollectorMeter(name: "clients"),
            timeline: timeline,
            logger: logger
        ) {
            JournalLedger.Standing(
                lowest: [broker.subscriptions.compactMap(\.firstUnsettled).min()],
                next: topic.nextPosition,
                hasKeptGivenUp: broker.hasKeptGivenUp
            )
        }
        let door = CollectorResponder.Door()
        door.occupant = stage
        let responder = CollectorResponder(
            protocols: protocols(IdentityMint(at: timeline.now)),
            keys: keys,
            origins: CrossOrigin(allowed: origins),
            conformer: Conformer(conform, secret: []),
            door: door,
            logger: logger
        )
        let open = OpenCollector(
            broker: broker,
            stage: stage,
            journal: journal,
            responder: responder
        )
        return try await withCompanions(
            { try await stage.run() },
            body: {
                // Until it takes events.
                while case .closed = await stage.take(try event(in: stage, id: "first")) {
                    try await timeline.sleep(until: timeline.now + .milliseconds(1))
                }
                return try await body(open)
            }
        )
    }

    /// A request with one search, as the stage takes it.
    static func event(in stage: CollectorStage, id: String) throws -> CollectedEvents {
        var events = stage.begin(received: RealTimeline().now)
        let line = Array(Self.search(id).utf8)
        let (event, items) = try events.decode(line[...])
        events.append(event, items, line: line)
        return events
    }

    /// A search as a CloudEvent in JSON.
    static func search(_ id: String, more: String = "") -> String {
        #"{"specversion":"1.0","id":"\#(id)","source":"/web","type":"search","#
            + #""time":"2026-11-30T12:00:00Z"\#(more),"data":{"search_term":"shoes"}}"#
    }

    /// What a POST of `body` is answered.
    func post(
        _ path: String,
        _ body: some Collection<UInt8>,
        _ fields: HTTPFields = [:],
        query: [(name: String, value: String)] = [],
        method: String = "POST"
    ) async -> CollectorAnswer {
        await responder.answer(
            to: CollectorRequest(
                method: method,
                path: path,
                query: query,
                fields: fields,
                body: Array(body),
                received: RealTimeline().now
            )
        )
    }
}

extension CollectorAnswer {
    var text: String { String(decoding: body, as: UTF8.self) }
}
