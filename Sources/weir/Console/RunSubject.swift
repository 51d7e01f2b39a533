internal import Console
internal import Pipeline
internal import SLO
internal import Synchronization

/// A run as a console shows it, from before it begins.
final class RunSubject: ConsoleSubject {
    private let process: ProcessMetrics
    private let invariants: InvariantWatch?
    private let run = Mutex<RunMetrics?>(nil)

    init(_ process: ProcessMetrics, _ invariants: InvariantWatch?) {
        self.process = process
        self.invariants = invariants
    }

    /// The run has its meters.
    func begin(_ metrics: RunMetrics) {
        run.withLock { $0 = metrics }
    }

    var families: [MetricFamily] {
        (run.withLock { $0 }?.families ?? []) + (invariants?.families ?? []) + process.families
    }

    /// How the run is doing; nil before it has begun.
    var condition: PipelineCondition? { run.withLock { $0 }?.condition }

    var impediments: [String] {
        run.withLock { $0 }?.impediments ?? ["the run has not begun"]
    }
}
