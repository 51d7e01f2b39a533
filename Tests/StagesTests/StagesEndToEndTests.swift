import Broker
import Commerce
import Logging
import Stages
import Storage
import TestSupport
import Testing
import Timekeeping

/// The stages over the broker of one process and stores in memory, in virtual time.
struct StagesEndToEndTests {
    private let shop = Shop()
    private let timeline = VirtualTimeline()

    /// A storefront: one topic, ingest and analytics on it, and the dead letters.
    private struct Storefront: Sendable {
        let broker: InProcessBroker<Batch>
        let timeline: VirtualTimeline
        let store: TroubledRawStore
        let warehouse = MemoryWarehouse()
        let producer = ProducerMeter(name: "producer")
        let ingest = StageMeter(name: "ingest")
        let analytics = StageMeter(name: "analytics")
        let deadLetters = DeadLetterMeter()
        var logger: Logger { Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() } }

        /// Runs `produce` and every stage until all is settled.
        func run(
            _ produce: @escaping @Sendable (any Topic<Batch>) async throws -> Void
        ) async throws {
            let topic = broker.topics[0]
            try await withThrowingTaskGroup { outer in
                outer.addTask {
                    try await DeadLetterStage(
                        broker: broker,
                        warehouse: warehouse,
                        timeline: timeline,
                        meter: deadLetters,
                        logger: logger
                    ).run()
                }
                try await withThrowingTaskGroup { group in
                    group.addTask {
                        try await ingestStage.run()
                    }
                    group.addTask {
                        try await AnalyticsStage(
                            subscription: broker.subscriptions[1],
                            warehouse: warehouse,
                            options: AnalyticsOptions(),
                            rules: .standard,
                            timeline: timeline,
                            meter: analytics,
                            logger: logger
                        ).run()
                    }
                    try await produce(topic)
                    topic.close()
                    try await group.waitForAll()
                }
                broker.closeGivenUp()
                try await outer.waitForAll()
            }
        }

        var ingestStage: IngestStage {
            IngestStage(
                subscription: broker.subscriptions[0],
                store: store,
                rules: .standard,
                timeline: timeline,
                meter: ingest,
                logger: logger
            )
        }

        func publish(_ source: UniformSource, to topic: any Topic<Batch>) async throws {
            try await ProducerStage(
                topic: topic,
                timeline: timeline,
                meter: producer,
                pace: .asRecorded
            ).run(source)
        }
    }

    /// A storefront whose ingest subscription is changed.
    private func storefront(
        store: TroubledRawStore? = nil,
        _ change: (inout SubscriptionPolicy) -> Void = { _ in }
    ) -> Storefront {
        var policy = SubscriptionPolicy()
        change(&policy)
        let broker = InProcessBroker<Batch>(
            topics: ["events"],
            firstPosition: 1,
            subscriptions: [
                .init(name: "ingest", topic: "events", policy: policy),
                .init(name: "analytics", topic: "events", policy: SubscriptionPolicy()),
            ],
            timeline: timeline
        )
        return Storefront(
            broker: broker,
            timeline: timeline,
            store: store ?? TroubledRawStore(timeline: timeline)
        )
    }

    private func checkSettled(_ storefront: Storefront) {
        for subscription in storefront.broker.subscriptions {
            #expect(subscription.counts.isConserved)
            #expect(subscription.counts.unsettled == 0)
        }
    }

    @Test func `everything that is published arrives once in both stores`() async throws {
        let storefront = storefront()
        let source = UniformSource(shop: shop, count: 5000, every: .microseconds(250))
        try await timeline.run {
            try await storefront.run { try await storefront.publish(source, to: $0) }
        }
        checkSettled(storefront)
        #expect(storefront.producer.total.published == 5000)
        #expect(storefront.store.stored == Array(1...5000))
        #expect(storefront.ingest.total.processed == 5000)
        #expect(storefront.ingest.total.duplicates == 0)
        #expect(storefront.analytics.total.processed == 5000)
        for grain in Grain.allCases {
            #expect(storefront.warehouse.total(grain)[.viewItem] == 5000)
        }
        #expect(storefront.warehouse.progress(of: "analytics").map(\.consumed.count) == [5000])
    }

    /// Four events fall due between two ticks of a millisecond, and none waits longer for ingest.
    ///
    /// Analytics gathers for a tenth of a second before it commits.
    @Test func `latency is a tick for ingest and a commit interval for analytics`() async throws {
        let storefront = storefront()
        let source = UniformSource(shop: shop, count: 4000, every: .microseconds(250))
        try await timeline.run {
            try await storefront.run { try await storefront.publish(source, to: $0) }
        }
        let ingest = storefront.ingest.total.latency.summary
        #expect(ingest.count == 4000)
        #expect(ingest.maximum <= 1_001_000)
        let analytics = storefront.analytics.total.latency.summary
        #expect(analytics.count == 4000)
        #expect(analytics.maximum <= 101_200_000)
        #expect(analytics.p50 > ingest.maximum)
    }

    @Test func `a store that is away for a while loses nothing and shows its retries`() async throws
    {
        let store = TroubledRawStore(timeline: timeline, failures: 7)
        let storefront = storefront(store: store) {
            $0.ackDeadline = .seconds(3)
            // The producer waits for room, and notices deadlines meanwhile.
            $0.maximumMessages = 100
        }
        let source = UniformSource(shop: shop, count: 1000, every: .milliseconds(1))
        try await timeline.run {
            try await storefront.run { try await storefront.publish(source, to: $0) }
        }
        checkSettled(storefront)
        #expect(store.stored == Array(1...1000))
        #expect(storefront.ingest.total.storeRetries == 7)
        #expect(storefront.ingest.total.processed == 1000)
        // The deliveries were kept alive while the stage waited longer than their deadline:
        // 50 + 100 + 200 + 400 + 800 + 1600 + 2000 ms.
        #expect(storefront.broker.subscriptions[0].counts.expiredDeadlines == 0)
        #expect(storefront.ingest.total.latency.summary.maximum >= 5_150_000_000)
    }

    @Test(arguments: [StoreError.Code.corrupted, .readOnly, .wrongFormat, .refused])
    func `a store that can never succeed is not tried again`(code: StoreError.Code) async throws {
        let (shop, timeline) = (shop, timeline)
        let store = TroubledRawStore(timeline: timeline, failures: .max, code: code)
        let storefront = storefront(store: store)
        let error = await #expect(throws: StoreError.self) {
            try await timeline.run {
                try await storefront.broker.topics[0].publish(shop.views(3))
                try await storefront.ingestStage.run()
            }
        }
        #expect(error?.code == code)
        #expect(storefront.ingest.total.storeRetries == 0)
        #expect(timeline.now == Shop.epoch)
        // What it had in hand is there for the next worker.
        let counts = storefront.broker.subscriptions[0].counts
        #expect(counts.nacked == 3)
        #expect(counts.waiting == 3)
    }

    @Test func `patience with a store that stays away ends`() async throws {
        let (shop, timeline) = (shop, timeline)
        let store = TroubledRawStore(timeline: timeline, failures: .max)
        let storefront = storefront(store: store)
        await #expect(throws: StoreError.self) {
            try await timeline.run {
                try await storefront.broker.topics[0].publish(shop.views(3))
                try await storefront.ingestStage.run()
            }
        }
        let waited = timeline.now - Shop.epoch
        #expect(waited >= .seconds(60) && waited <= .seconds(62))
        #expect(storefront.broker.subscriptions[0].counts.nacked == 3)
    }

    @Test func `refused events become dead letters of both subscriptions with their reason`()
        async throws
    {
        let storefront = storefront()
        var nameless = shop.event(2, .purchase)
        nameless.transaction = .none
        let old = shop.event(3, at: Timestamp(seconds: 0))
        let batch = shop.batch([shop.event(1, .purchase), nameless, old])
        try await timeline.run {
            try await storefront.run { try await $0.publish(batch) }
        }
        checkSettled(storefront)
        let reasons: [String: Int64] = ["transaction-id-missing": 1, "time-too-early": 1]
        #expect(storefront.deadLetters.total == ["ingest": reasons, "analytics": reasons])
        #expect(storefront.ingest.total.failures == reasons)
        #expect(storefront.store.stored == [1])
        #expect(storefront.warehouse.total(.day).orders == 1)
        #expect(storefront.warehouse.exceptions().deadLetters == 4)
        // No second attempt could have succeeded.
        #expect(storefront.broker.subscriptions.map(\.counts.redelivered) == [0, 0])
    }

    /// One event a millisecond for 10 s, and a sink that takes nothing from second 5 to 6.
    ///
    /// The event due at 5.000 s waits 1000 ms, the next one 999 ms, ... the one due at 5.999 s
    /// waits 1 ms; the other 9000 wait not at all. Of 10,000 sorted latencies the 5000th is 0,
    /// the 9900th 900 ms, the 9990th 990 ms, the last 1000 ms. A narrow subscription, which
    /// blocks the producer in the meantime, changes none of it: the time that counts is when an
    /// event *should* have been sent. A closed loop asks only how long the sink took once it was
    /// given something: one stall in thousands of calls, and its p99.9 is 0.
    @Test(arguments: [100_000, 100])
    func `a stalled sink is found where arithmetic puts it`(room: Int) async throws {
        let store = TroubledRawStore(
            timeline: timeline,
            stall: (from: Shop.epoch + .seconds(5), lasting: .seconds(1))
        )
        let storefront = storefront(store: store) { $0.maximumMessages = room }
        let source = UniformSource(shop: shop, count: 10_000, every: .milliseconds(1))
        try await timeline.run {
            try await storefront.run { try await storefront.publish(source, to: $0) }
        }
        let latency = storefront.ingest.total.latency.summary
        #expect(latency.count == 10_000)
        #expect(latency.p50 == 0)
        #expect(isNear(latency.p99, .milliseconds(900)))
        #expect(isNear(latency.p999, .milliseconds(990)))
        #expect(isNear(latency.maximum, .milliseconds(1000)))
        // What coordinated omission would have reported.
        let jobs = storefront.ingest.total.jobs.summary
        #expect(jobs.count > 5000)
        #expect(jobs.p999 == 0)
        #expect(isNear(jobs.maximum, .milliseconds(1000)))
    }

    /// A histogram with three significant digits is at most a thousandth too high.
    private func isNear(_ found: Int64, _ exact: Duration) -> Bool {
        let exact = exact.inNanoseconds
        return found >= exact && found <= exact + exact / 1000
    }

    @Test func `a replay keeps the distances of the log divided by its speed`() async throws {
        let (shop, timeline) = (shop, timeline)
        timeline.advance(by: .seconds(86_400))
        let start = timeline.now
        let storefront = storefront()
        let meter = storefront.producer
        try await timeline.run {
            try await ProducerStage(
                topic: storefront.broker.topics[0],
                timeline: timeline,
                meter: meter,
                pace: .replay(speed: 10)
            ).run(UniformSource(shop: shop, count: 11, every: .seconds(1)))
        }
        #expect(meter.total.published == 11)
        #expect(meter.total.ended == start + .seconds(1))
    }

    @Test func `a replay at once waits for nobody but a full subscription`() async throws {
        let storefront = storefront { $0.maximumMessages = 1000 }
        timeline.advance(by: .seconds(5000))
        let (shop, timeline) = (shop, timeline)
        try await timeline.run {
            try await storefront.run { topic in
                try await ProducerStage(
                    topic: topic,
                    timeline: timeline,
                    meter: storefront.producer,
                    pace: .replayAtOnce
                ).run(UniformSource(shop: shop, count: 4000, every: .seconds(1)))
            }
        }
        checkSettled(storefront)
        #expect(storefront.store.stored.count == 4000)
        // The last commit of analytics is all the time there was.
        #expect(timeline.now <= Shop.epoch + .seconds(5000) + .milliseconds(200))
    }

    @Test func `a relay passes everything on once with its identity`() async throws {
        let (shop, timeline) = (shop, timeline)
        let filter = try AttributeFilter(parsing: #"attributes.type = "purchase""#)
        let broker = InProcessBroker<Batch>(
            topics: ["events", "orders"],
            firstPosition: 1,
            subscriptions: [
                .init(name: "relay", topic: "events", policy: .init(), filter: filter),
                .init(name: "last", topic: "orders", policy: .init()),
            ],
            timeline: timeline
        )
        let meter = StageMeter(name: "relay")
        let numbers = try await timeline.run {
            try await broker.topics[0].publish(
                shop.batch((1...6).map { shop.event($0, $0 % 2 == 0 ? .purchase : .search) })
            )
            broker.topics[0].close()
            try await RelayStage(
                subscription: broker.subscriptions[0],
                topic: broker.topics[1],
                timeline: timeline,
                meter: meter
            ).run()
            let deliveries = try await broker.subscriptions[1].receive(atMost: 9, until: nil)
            return deliveries?.flatMap { delivery in
                delivery.selection.all.map { place in
                    let event = delivery.batch.events[place]
                    return [event.sequence, delivery.batch.origin.offset(at: place)]
                        + delivery.batch.items[event.itemRange].map { Int64($0.quantity) }
                }
            }
        }
        #expect(numbers == [[2, 2, 1], [4, 4, 1], [6, 6, 1]])
        #expect(meter.total.processed == 3)
    }
}
