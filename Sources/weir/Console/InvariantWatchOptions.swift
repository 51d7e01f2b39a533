internal import ArgumentParser
internal import Datasets
internal import Foundation
internal import Logging
internal import Pipeline
internal import SLO
internal import Timekeeping

/// How the invariants of a warehouse are watched while something is served.
struct InvariantWatchOptions: ParsableArguments {
    @Option(
        help: """
            Files of invariants or directories, held against the warehouse while it is served \
            (repeatable; default: slo/invariants, where that is there).
            """
    )
    var invariants: [String] = []

    @Option(help: "How old what the invariants found may be (default: 30m).")
    var invariantsEvery: DurationArgument?

    /// Whether anything of it was said.
    var isAsked: Bool { !invariants.isEmpty || invariantsEvery != nil }

    func validate() throws {
        if let every = invariantsEvery?.duration, every < .seconds(10) {
            throw ValidationError("--invariants-every must be 10s or more.")
        }
    }

    /// The invariants, with every mistake told on standard error; none where none are named and
    /// there are none in the usual place.
    func read() throws -> InvariantSet {
        if invariants.isEmpty,
            !FileManager.default.fileExists(atPath: InvariantFileOptions.usual)
        {
            return InvariantSet()
        }
        let set = try InvariantFileOptions.read(at: invariants)
        for mistake in set.mistakes { Terminal.message("\(mistake)") }
        return set
    }

    /// A watch over `store`; nil where there is nothing to look at.
    func watch(
        _ store: any InvariantStore,
        _ deployments: (any DeploymentLog)?,
        _ set: InvariantSet,
        _ timeline: any Timeline,
        _ logger: Logger
    ) -> InvariantWatch? {
        guard !set.invariants.isEmpty || !set.refused.isEmpty else { return nil }
        return InvariantWatch(
            store,
            set,
            deployments: deployments,
            every: invariantsEvery?.duration ?? .seconds(1800),
            timeline: timeline,
            logger: logger
        )
    }
}

extension InvariantWatch? {
    /// Runs `body`, of which `condition` tells how it is doing, with the watch beside it where
    /// there is one.
    func beside<Result: Sendable>(
        _ condition: @escaping @Sendable () -> PipelineCondition?,
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        guard let watch = self else { return try await body() }
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                await watch.run(condition)
                return nil
            }
            group.addTask { try await body() }
            defer { group.cancelAll() }
            while let ended = try await group.next() {
                if let result = ended { return result }
            }
            throw CancellationError()
        }
    }
}
