import Commerce
import Documents
import Logging
import Pipeline
import Prometheus
import SLO
import Storage
import TestSupport
import Testing
import Timekeeping

/// What a run in virtual time tells a scraper.
@Suite struct RunMetricsTests {
    private static let text = ShopPipeline(analytics: "windows: [1h]").text

    /// What the scraper saw: before the first event, at each sample, and after the end.
    private struct Seen {
        var before: [MetricFamily] = []
        var impediments: [[String]] = []
        var after: [MetricFamily] = []
        var report: RunReport
    }

    private static func run(
        raw: (VirtualTimeline) -> any RawStore = { _ in MemoryRawStore() }
    ) async throws -> Seen {
        let timeline = VirtualTimeline()
        var options = RunOptions()
        options.rate = .perSecond(1000)
        options.events = 3000
        let run = PipelineRun(
            document: try PipelineDocument.parse(text: text, file: "shop.yaml"),
            options: options,
            stores: RunStores(
                raw: [.init(name: "raw", label: "memory:", store: raw(timeline))],
                warehouses: [.init(name: "warehouse", label: "memory:", store: MemoryWarehouse())]
            ),
            timeline: timeline,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        return try await timeline.run {
            let metrics = Locked<RunMetrics?>(nil)
            let before = Locked<[MetricFamily]>([])
            let impediments = Locked<[[String]]>([])
            let report = try await run.run(
                stop: Signal(),
                onStart: { started in
                    metrics.change { $0 = started }
                    before.change { $0 = started.families }
                },
                onSample: { _ in
                    let now = metrics.value?.impediments ?? []
                    impediments.change { $0.append(now) }
                }
            ).report
            impediments.change { $0.append(metrics.value?.impediments ?? ["no metrics"]) }
            return Seen(
                before: before.value,
                impediments: impediments.value,
                after: metrics.value?.families ?? [],
                report: report
            )
        }
    }

    /// The samples by name and labels, as the text has them.
    private static func values(_ families: [MetricFamily]) -> [String: String] {
        let lines = ExpositionText.write(families, as: .prometheus).split(separator: "\n")
        var values: [String: String] = [:]
        for line in lines where !line.hasPrefix("#") {
            let space = line.lastIndex(of: " ") ?? line.endIndex
            let series = String(line[..<space])
            #expect(values[series] == nil, "\(series) is there twice")
            values[series] = String(line[space...].dropFirst())
        }
        return values
    }

    @Test func `every series exists at 0 before the first event, and none comes later`()
        async throws
    {
        let seen = try await Self.run()
        let before = Self.values(seen.before)
        let after = Self.values(seen.after)
        #expect(Set(before.keys) == Set(after.keys))
        for (series, value) in before.sorted(by: { $0.key < $1.key }) {
            #expect(value == (series.hasPrefix("weir_store_up") ? "1" : "0"), "\(series)")
        }
    }

    @Test func `the counters are those of the report`() async throws {
        let seen = try await Self.run()
        let values = Self.values(seen.after)
        func expect(_ series: String, _ count: Int64) {
            #expect(values[series] == String(count), "\(series)")
        }
        expect("weir_topic_published_messages_total{topic=\"events\"}", 3000)
        for subscription in seen.report.subscriptions {
            func counter(_ name: String) -> String {
                "weir_subscription_\(name)_messages_total{subscription=\"\(subscription.name)\"}"
            }
            expect(counter("published"), subscription.published)
            expect(counter("acked"), subscription.acked)
            expect(counter("delivered"), subscription.delivered)
            expect(counter("dead_lettered"), subscription.deadLettered)
            #expect(subscription.acked + subscription.deadLettered == 3000)
        }
        for stage in seen.report.stages {
            let name = "{stage=\"\(stage.name)\"}"
            expect("weir_stage_processed_messages_total\(name)", stage.processed)
            expect("weir_stage_message_latency_seconds_count\(name)", stage.latency.count)
        }
    }

    @Test func `the buckets of a histogram ascend to its count`() async throws {
        for family in try await Self.run().after where family.kind == .histogram {
            var last: Int64 = 0
            for sample in family.samples {
                guard case .integer(let count) = sample.value else { continue }
                switch sample.part {
                case .bucket:
                    #expect(count >= last)
                    last = count
                case .count:
                    #expect(count == last)
                    last = 0
                case .sum, .value: Issue.record("neither is a whole number here")
                }
            }
        }
    }

    @Test func `a run is not ready while its store is down, and is again when it comes back`()
        async throws
    {
        let seen = try await Self.run { AbsentRawStore(until: Shop.epoch + .seconds(8), $0) }
        let down = seen.impediments.filter { !$0.isEmpty }
        #expect(down.count > 10)
        for impediments in down {
            #expect(impediments.count == 1)
            #expect(impediments[0].hasPrefix("the store raw has failed for "))
            #expect(impediments[0].hasSuffix(" s (store-unavailable)"))
        }
        #expect(seen.impediments.last == [])
        let failures = "weir_store_failures_total{store=\"raw\",reason=\"store-unavailable\"}"
        #expect(Self.values(seen.after)[failures].flatMap { Int($0) } ?? 0 > 3)
        #expect(Self.values(seen.after)["weir_store_up{store=\"raw\"}"] == "1")
    }

    @Test func `connections are told where there are any, and unknown ones are no number`()
        async throws
    {
        let values = Self.values(
            try await Self.run { AbsentRawStore(until: Shop.epoch, $0) }.before
        )
        for (state, count) in [("server", "NaN"), ("open", "3"), ("in_use", "1"), ("limit", "8")] {
            #expect(values["mongodb_connections{store=\"raw\",state=\"\(state)\"}"] == count)
        }
    }
}

/// A raw store that is away until an instant.
private struct AbsentRawStore: RawStore {
    private let store = MemoryRawStore()
    private let back: Timestamp
    private let timeline: any Timeline

    init(until back: Timestamp, _ timeline: any Timeline) {
        self.back = back
        self.timeline = timeline
    }

    func hold() {}
    func readBack(from position: Int64) -> Int64 { store.readBack(from: position) }
    func nextPosition() -> Int64 { store.nextPosition() }
    func count() -> Int64 { store.count() }
    func close() {}

    func connections() -> StoreConnections? {
        StoreConnections(server: nil, open: 3, inUse: 1, limit: 8)
    }

    func store(_ writes: [RawWrite]) throws(StoreError) -> RawOutcome {
        guard timeline.now >= back else { throw StoreError(.unavailable, "the store is away") }
        return store.store(writes)
    }
}
