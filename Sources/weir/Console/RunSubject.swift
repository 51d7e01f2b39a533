internal import Console
internal import Pipeline
internal import SLO
internal import Synchronization
internal import Timekeeping

/// A run as a console shows it, from before it begins.
final class RunSubject: ConsoleSubject {
    private let process: ProcessMetrics
    private let invariants: InvariantWatch?
    private let run = Mutex<RunMetrics?>(nil)
    /// What there was to be read when the run had ended.
    private let last = Mutex<[MetricFamily]?>(nil)
    /// Raised when the last figures have been asked for.
    let isRead = Signal()

    init(_ process: ProcessMetrics, _ invariants: InvariantWatch?) {
        self.process = process
        self.invariants = invariants
    }

    /// The run has its meters.
    func begin(_ metrics: RunMetrics) {
        run.withLock { $0 = metrics }
    }

    /// The run has ended: its figures stay what they are now.
    func conclude() {
        let figures = (run.withLock { $0 }?.families ?? []) + (invariants?.families ?? [])
        last.withLock { $0 = figures }
    }

    var families: [MetricFamily] {
        if let last = last.withLock({ $0 }) {
            isRead.raise()
            return last + process.families
        }
        return (run.withLock { $0 }?.families ?? []) + (invariants?.families ?? [])
            + process.families
    }

    /// How the run is doing; nil before it has begun.
    var condition: PipelineCondition? { run.withLock { $0 }?.condition }

    var impediments: [String] {
        guard last.withLock({ $0 }) == nil else { return ["the run has ended"] }
        return run.withLock { $0 }?.impediments ?? ["the run has not begun"]
    }
}
