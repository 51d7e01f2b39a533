internal import Logging
internal import Pipeline
internal import Storage
internal import Timekeeping

/// A pipeline that stores what a shop sends, as fast as it is taken, and may count it as well.
struct IngestPipeline {
    var name: String
    var events: Int
    /// How many events the store is given at a time.
    var batch: Int

    private let analytics = """
        - {name: analytics, kind: analytics, subscription: analytics, store: warehouse,
           windows: [1s, 1m, 1h, 1d, 1mo], allowedLateness: 10s, commitInterval: 40ms}
        """

    /// Runs it into `store`, and the counts into `warehouse`; they stay open.
    func run(
        into store: any RawStore,
        label: String,
        countingIn warehouse: (any Warehouse)? = nil
    ) async throws -> RunReport {
        let counts = warehouse != nil
        let text = """
            apiVersion: weir/v1
            kind: Pipeline
            metadata: {name: \(name)}
            spec:
              topics: [{name: events}]
              subscriptions:
                - {name: ingest, topic: events}
                \(counts ? "- {name: analytics, topic: events}" : "")
              stages:
                - {name: shop, kind: producer, publishes: events}
                - {name: ingest, kind: ingest, subscription: ingest, store: raw,
                   workers: \(counts ? 1 : 2), batch: \(batch)}
                \(counts ? analytics : "")
              stores:
                - {name: raw, role: raw}
                \(counts ? "- {name: warehouse, role: warehouse}" : "")
            """
        var options = RunOptions()
        options.rate = .maximum
        options.events = events
        let run = PipelineRun(
            document: try PipelineDocument.parse(text: text, file: name),
            options: options,
            stores: RunStores(
                raw: [.init(name: "raw", label: label, store: store)],
                warehouses: warehouse.map {
                    [.init(name: "warehouse", label: "warehouse", store: $0)]
                } ?? []
            ),
            timeline: RealTimeline(),
            logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }
        )
        return try await run.run(stop: Signal()).report
    }
}
