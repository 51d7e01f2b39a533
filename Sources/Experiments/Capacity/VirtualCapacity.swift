internal import Logging
package import Pipeline
package import SLO
internal import Stages
internal import Storage
internal import Timekeeping

/// Finds the capacity that a pipeline has in virtual time, by the service times that it declares.
package struct VirtualCapacity: Sendable {
    /// What holds up to here is not searched any further.
    package static let highest = 1_000_000.0

    private let document: PipelineDocument
    private let objectives: [Objective]
    private let length: Duration
    private let seed: UInt64

    /// The capacity of `document` under `objectives`, each rate tried for `length`.
    ///
    /// - Throws: ``RunError`` where nothing in the pipeline takes any time.
    package init(
        _ document: PipelineDocument,
        objectives: [Objective],
        length: Duration,
        seed: UInt64
    ) throws(RunError) {
        let times =
            document.stores.compactMap(\.serviceTime) + document.stages.compactMap(\.serviceTime)
        guard times.contains(where: \.takesAny) else {
            throw RunError(
                "nothing in the pipeline \"\(document.name)\" takes any virtual time, so that any "
                    + "rate would hold; give stores or stages a serviceTime, or take measured "
                    + "ones with --service-times report.json"
            )
        }
        self.document = document
        self.objectives = objectives
        self.length = length
        self.seed = seed
    }

    /// A run at `rate` events per second.
    ///
    /// - Throws: What `PipelineRun.run` throws.
    package func probe(_ rate: Double) async throws -> CapacityReport.Probe {
        var options = RunOptions()
        options.objectives = objectives
        options.rate = .perSecond(rate)
        options.duration = length
        options.seed = seed
        options.experiment = Experiment(takesServiceTimes: true)
        // So that a probe of seconds is judged at all.
        options.slice = .seconds(1)
        options.sampleInterval = CapacityReport.sampleInterval(of: length)
        let simulation = Simulation(
            document: document,
            options: options,
            stores: RunStores(
                raw: document.stores.filter { $0.role == .raw }.map {
                    .init(name: $0.name, label: "memory:", store: MemoryRawStore())
                },
                warehouses: document.stores.filter { $0.role == .warehouse }.map {
                    .init(name: $0.name, label: "memory:", store: MemoryWarehouse())
                }
            ),
            timeline: VirtualTimeline(
                start: Timestamp(seconds: 1_767_225_600),
                tick: .milliseconds(10)
            ),
            logger: Logger(label: "capacity") { _ in SwiftLogNoOpLogHandler() },
            replay: ""
        )
        let report = try await simulation.run(stop: Signal()).report
        return CapacityReport.Probe(report, rate: rate, length: length)
    }
}
