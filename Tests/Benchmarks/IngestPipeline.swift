internal import Logging
internal import Pipeline
internal import Storage
internal import Timekeeping

/// A pipeline that does nothing but store what a shop sends, as fast as it is taken.
struct IngestPipeline {
    var name: String
    var events: Int
    /// How many events the store is given at a time.
    var batch: Int

    /// Runs it into `store`, which stays open.
    func run(into store: any RawStore, label: String) async throws -> RunReport {
        let text = """
            apiVersion: weir/v1
            kind: Pipeline
            metadata: {name: \(name)}
            spec:
              topics: [{name: events}]
              subscriptions: [{name: ingest, topic: events}]
              stages:
                - {name: shop, kind: producer, publishes: events}
                - {name: ingest, kind: ingest, subscription: ingest, store: raw,
                   workers: 2, batch: \(batch)}
              stores: [{name: raw, role: raw}]
            """
        var options = RunOptions()
        options.rate = .maximum
        options.events = events
        let run = PipelineRun(
            document: try PipelineDocument.parse(text: text, file: name),
            options: options,
            stores: RunStores(
                raw: [.init(name: "raw", label: label, store: store)],
                warehouses: []
            ),
            timeline: RealTimeline(),
            logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }
        )
        return try await run.run(stop: Signal()).report
    }
}
