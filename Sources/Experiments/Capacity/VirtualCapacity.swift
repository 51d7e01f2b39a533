package import Documents
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
        return CapacityReport.Probe(try await simulation.run(stop: Signal()).report, rate: rate)
    }
}

extension RunReport {
    /// What makes each stage of a pipeline take the times that this run has measured: an
    /// empirical service time of the percentiles of its jobs.
    ///
    /// A job is the work on what one call to `receive` gave, the store's answer included; that of
    /// an analytics stage of `document` begins with the gathering, whose interval is taken off. Of
    /// a stage that had none nothing is said.
    package func serviceTimeSettings(for document: PipelineDocument) -> [DocumentSetting] {
        let measured: [DocumentSetting] = stages.compactMap { stage in
            var gathering = Duration.zero
            if case .analytics(let plan) = document.stages.first(where: { $0.name == stage.name })?
                .kind
            {
                gathering = plan.options.commitInterval
            }
            let shares = [
                (0.5, stage.jobs.p50Ms), (0.9, stage.jobs.p90Ms), (0.99, stage.jobs.p99Ms),
                (0.999, stage.jobs.p999Ms), (1, stage.jobs.maxMs),
            ]
            let quantiles = shares.compactMap { share, milliseconds in
                milliseconds.map { milliseconds in
                    let job = Duration.nanoseconds(Int64((milliseconds * 1e6).rounded()))
                    let time = max(.zero, job - gathering)
                    return "{share: \(share), time: \(DurationText.write(time))}"
                }
            }
            guard quantiles.count == shares.count else { return nil }
            return DocumentSetting(
                path: ["spec", "stages", stage.name, "serviceTime"],
                value: "{distribution: empirical, quantiles: "
                    + "[\(quantiles.joined(separator: ", "))]}"
            )
        }
        // A job holds the answer of its store, whose own time would come on top of it.
        let stores = document.stores.filter { $0.serviceTime != nil }.map { store in
            DocumentSetting(
                path: ["spec", "stores", store.name, "serviceTime"],
                value: "{distribution: constant, time: 0s}"
            )
        }
        return measured.isEmpty ? [] : stores + measured
    }
}
