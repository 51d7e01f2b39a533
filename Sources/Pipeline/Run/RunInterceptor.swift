package import Broker
package import Commerce
package import SLO
package import Stages
package import Storage
package import Timekeeping

/// What is done to a run on purpose: makes the interceptors of one run when it begins.
package protocol RunExperiment: Sendable {
    /// Who stands between the nodes of a run that began at `began` and their ports.
    func interceptor(
        of document: PipelineDocument,
        _ options: RunOptions,
        began: Timestamp,
        timeline: any Timeline
    ) -> any RunInterceptor
}

/// Stands between the nodes of a run and their ports, and sees how the run goes.
///
/// Where there are several, ``RunInterceptors`` applies them, in one order. What one does not
/// change it leaves as it is.
package protocol RunInterceptor: Sendable {
    /// What becomes of the load of `producer`.
    func traffic(of producer: PipelineDocument.Stage) -> TrafficChange

    /// What happens to the calls of all stages to the store called `name`, the outermost first.
    func layers(beforeStore name: String) -> [any StoreLayer]

    /// Changes what a producer works with.
    func intercept(_ producer: inout ProducerPorts)

    /// Changes what one worker of a stage works with.
    func intercept(_ worker: inout WorkerPorts)

    /// A slice of the objectives ended at `end`: those that counted anything `bad` in it, and for
    /// how long the `oldest` message that is not settled waits since it should have been sent.
    func sliceEnded(at end: Timestamp, bad: [String], oldest: Duration)

    /// Adds to the report of the run, in which the alerts `episodes` fired.
    func finish(_ report: inout RunReport, _ episodes: [AlertEpisode])
}

extension RunInterceptor {
    package func traffic(of producer: PipelineDocument.Stage) -> TrafficChange { TrafficChange() }
    package func layers(beforeStore name: String) -> [any StoreLayer] { [] }
    package func intercept(_ producer: inout ProducerPorts) {}
    package func intercept(_ worker: inout WorkerPorts) {}
    package func sliceEnded(at end: Timestamp, bad: [String], oldest: Duration) {}
    package func finish(_ report: inout RunReport, _ episodes: [AlertEpisode]) {}
}

/// What an interceptor makes of the load of a producer.
package struct TrafficChange: Sendable {
    package var surges: [LoadProfile.Surge] = []
    /// What changes the events, which the name of their stream depends on; see ``StreamName``.
    package var causes: [any Sendable] = []

    package init(surges: [LoadProfile.Surge] = [], causes: [any Sendable] = []) {
        self.surges = surges
        self.causes = causes
    }
}

/// What a producer works with.
package struct ProducerPorts: Sendable {
    package let stage: PipelineDocument.Stage
    package var topic: any Topic<Batch>
    /// Publishes what is held back, once the source has ended.
    package var flush: @Sendable () async throws -> Void = {}
}

/// What one worker of a stage works with.
package struct WorkerPorts: Sendable {
    package let stage: PipelineDocument.Stage
    /// From 0.
    package let number: Int
    package var subscription: any Subscription<Batch>
    /// Of an ingest stage.
    package var rawStore: (any RawStore)?
    /// Of an analytics stage.
    package var warehouse: (any Warehouse)?
    /// Of a relay.
    package var topic: (any Topic<Batch>)?
    /// Notes that the worker is busy where it seems to wait, by whether that begins or ends.
    package var onWork: @Sendable (_ begins: Bool) -> Void = { _ in }
    /// How long it puts up with a store that fails.
    package var patience = StorePatience()
    /// Runs the worker, once or as often as it is to begin anew.
    package var live:
        @Sendable (_ worker: @escaping @Sendable () async throws -> Void) async throws -> Void = {
            try await $0()
        }
}

/// The interceptors of a run, from the ports outwards: what the experiment does happens first,
/// and the witness sees what is left of it.
struct RunInterceptors: RunInterceptor {
    private let inner: [any RunInterceptor]

    init(_ inner: [(any RunInterceptor)?]) {
        self.inner = inner.compactMap(\.self)
    }

    func traffic(of producer: PipelineDocument.Stage) -> TrafficChange {
        inner.map { $0.traffic(of: producer) }.reduce(into: TrafficChange()) { all, change in
            all.surges += change.surges
            all.causes += change.causes
        }
    }

    func layers(beforeStore name: String) -> [any StoreLayer] {
        inner.reversed().flatMap { $0.layers(beforeStore: name) }
    }

    func intercept(_ producer: inout ProducerPorts) {
        for interceptor in inner { interceptor.intercept(&producer) }
    }

    func intercept(_ worker: inout WorkerPorts) {
        for interceptor in inner { interceptor.intercept(&worker) }
    }

    func sliceEnded(at end: Timestamp, bad: [String], oldest: Duration) {
        for interceptor in inner {
            interceptor.sliceEnded(at: end, bad: bad, oldest: oldest)
        }
    }

    func finish(_ report: inout RunReport, _ episodes: [AlertEpisode]) {
        for interceptor in inner { interceptor.finish(&report, episodes) }
    }
}
