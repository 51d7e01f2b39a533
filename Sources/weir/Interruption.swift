internal import Foundation
internal import Timekeeping
internal import UnixSignals

/// What SIGINT and SIGTERM do to a run.
enum Interruption {
    /// Runs `body`; the first signal raises what `body` is given, the second one ends the
    /// process.
    static func stopping<Result: Sendable>(
        _ body: @escaping @Sendable (Signal) async throws -> Result
    ) async throws -> Result {
        let stop = Signal()
        let interrupts = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await body(stop) }
            group.addTask {
                var seen = 0
                for await _ in interrupts {
                    seen += 1
                    guard seen < 2 else { Foundation.exit(ExitStatus.interrupted.rawValue) }
                    Terminal.message("\nstopping: draining what is under way (again to quit now)")
                    stop.raise()
                }
                return nil
            }
            defer { group.cancelAll() }
            while let ended = try await group.next() {
                if let result = ended { return result }
            }
            throw CancellationError()
        }
    }
}
