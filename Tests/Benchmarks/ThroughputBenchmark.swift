internal import Broker
internal import Commerce
internal import Logging
internal import Pipeline
internal import Stages
internal import Storage
internal import Timekeeping

/// The pipeline from producer to memory stores against two loops of one thread, without a broker
/// or an ingest: a fused one with the product's own aggregation, and a plain one that shares
/// nothing with the product but the events (``PlainLoop``).
///
/// The fused loop says what the broker and the stages cost; the plain one, what the aggregation
/// does, which the fused loop has as well.
struct ThroughputBenchmark {
    var name: String
    var options: AnalyticsOptions
    var makeSource: @Sendable (Timestamp, SymbolTable) -> any EventSource
    var events = 8_000_000
    var rounds = 7

    /// Independent events, counted by name and category in windows of a second.
    static let storefront = ThroughputBenchmark(
        name: "storefront-1s",
        options: seconds(countingDistinct: false),
        makeSource: { start, symbols in
            MixModel(
                shop: ShopOptions(),
                options: MixOptions(),
                load: nil,
                seed: 1,
                start: start,
                source: "/bench",
                symbols: symbols
            )
        }
    )

    /// The full shopper model, with distinct shoppers and sessions.
    static let sessions = ThroughputBenchmark(
        name: "storefront-sessions",
        options: seconds(countingDistinct: true),
        makeSource: shoppers
    )

    /// The full shopper model, and all that a pipeline counts where its file does not say what.
    static let full = ThroughputBenchmark(
        name: "storefront-full",
        options: AnalyticsOptions(),
        makeSource: shoppers,
        events: 4_000_000,
        rounds: 5
    )

    private static func seconds(countingDistinct: Bool) -> AnalyticsOptions {
        var options = AnalyticsOptions()
        options.grains = [.second]
        options.countsDistinct = countingDistinct
        options.countsProducts = false
        options.commitInterval = .milliseconds(10)
        return options
    }

    private static let shoppers: @Sendable (Timestamp, SymbolTable) -> any EventSource = {
        SessionModel(
            shop: ShopOptions(),
            options: SessionOptions(),
            load: nil,
            seed: 1,
            start: $0,
            source: "/bench",
            symbols: $1
        )
    }

    func measure() async throws -> [Figure] {
        var plain: [Double] = []
        var fused: [Double] = []
        var job: [Double] = []
        for _ in 0..<rounds {
            plain.append(try runPlain())
            fused.append(try runFused())
            job.append(try await runJob())
        }
        func ratio(_ speeds: [Double], to base: [Double]) -> Double {
            zip(speeds, base).map { $0 / $1 }.median
        }
        return [
            Figure(
                name: "\(name).plain",
                value: plain.median / 1e6,
                unit: "million events/s"
            ),
            Figure(
                name: "\(name).fused",
                value: fused.median / 1e6,
                unit: "million events/s",
                ratio: ratio(fused, to: plain),
                target: "of plain"
            ),
            Figure(
                name: "\(name).job",
                value: job.median / 1e6,
                unit: "million events/s",
                ratio: ratio(job, to: fused),
                target: ">= 0.8 of fused"
            ),
            Figure(
                name: "\(name).job-to-plain",
                value: ratio(job, to: plain),
                unit: "of plain",
                target: ">= 0.3"
            ),
        ]
    }

    /// Events per second of the plain loop.
    private func runPlain() throws -> Double {
        var loop = PlainLoop(ShopOptions(), options)
        let seconds = try makeAll(in: BatchPool()) { loop.add($0) }
        precondition(loop.finish() == Int64(events), "the plain loop lost events")
        return Double(events) / seconds
    }

    /// Events per second of the fused loop.
    private func runFused() throws -> Double {
        var aggregator = WindowAggregator(options: options)
        var total: Int64 = 0
        let seconds = try makeAll(in: nil) { batch in
            aggregator.add(batch, .range(0..<batch.count))
            if aggregator.pendingEvents >= options.commitLimit {
                total += sum(&aggregator)
            }
        }
        total += sum(&aggregator)
        precondition(total == Int64(events), "the fused loop lost events")
        return Double(events) / seconds
    }

    /// Gives `take` all events, made on the same thread; the seconds that this takes.
    private func makeAll(in pool: BatchPool?, _ take: (Batch) -> Void) throws -> Double {
        let timeline = RealTimeline()
        let began = timeline.now
        let symbols = SymbolTable()
        var source = makeSource(began, symbols)
        var made = 0
        while made < events {
            var builder = BatchBuilder(
                stream: source.stream,
                symbols: symbols,
                capacity: 512,
                pool: pool
            )
            let limit = min(512, events - made)
            _ = try source.fill(&builder, until: timeline.now, limit: limit)
            let batch = builder.finish(schedule: .asRecorded)
            take(batch)
            made += batch.count
        }
        return (timeline.now - began).inSeconds
    }

    private func sum(_ aggregator: inout WindowAggregator) -> Int64 {
        aggregator.takeDeltas().cells
            .filter { $0.key.grain == .second && !$0.key.category.isPresent }
            .reduce(0) { $0 + $1.delta.total }
    }

    /// Events per second of the pipeline, from the first publication to the last commit.
    private func runJob() async throws -> Double {
        let timeline = RealTimeline()
        let broker = InProcessBroker<Batch>(
            topics: ["events"],
            firstPosition: 1,
            subscriptions: ["ingest", "analytics"].map { name in
                var policy = SubscriptionPolicy()
                policy.maximumMessages = 131_072
                return .init(name: name, topic: "events", policy: policy)
            },
            timeline: timeline
        )
        let logger = Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }
        let warehouse = MemoryWarehouse()
        let raw = MemoryRawStore()
        guard let topic = broker.topic("events"),
            let ingestFrom = broker.subscription("ingest"),
            let analyticsFrom = broker.subscription("analytics")
        else { preconditionFailure("the broker was made with these") }
        let producer = ProducerStage(
            topic: topic,
            timeline: timeline,
            meter: ProducerMeter(name: "producer"),
            pace: .flatOut,
            batchLimit: 2048
        )
        let ingest = IngestStage(
            subscription: ingestFrom,
            store: raw,
            rules: .standard,
            timeline: timeline,
            meter: StageMeter(name: "ingest"),
            logger: logger
        )
        let analytics = AnalyticsStage(
            subscription: analyticsFrom,
            warehouse: warehouse,
            options: options,
            rules: .standard,
            timeline: timeline,
            meter: StageMeter(name: "analytics"),
            logger: logger
        )
        let began = timeline.now
        let source = makeSource(began, SymbolTable())
        try await withThrowingTaskGroup { group in
            group.addTask { try await ingest.run() }
            group.addTask { try await analytics.run() }
            group.addTask {
                try await producer.run(limited(source))
                topic.close()
            }
            try await group.waitForAll()
        }
        let seconds = (timeline.now - began).inSeconds
        let counted = warehouse.windows(.second, categories: .total)
            .reduce(Int64(0)) { $0 + $1.cell.total }
        precondition(counted == Int64(events), "the pipeline lost events")
        precondition(raw.count() == Int64(events), "the raw store lost events")
        return Double(events) / seconds
    }

    private func limited(_ source: some EventSource) -> any EventSource {
        LimitedSource(source, events: events, isPaced: false)
    }
}
