internal import Broker
internal import Logging
internal import Storage
internal import Timekeeping

/// How long a stage puts up with a store that fails, before the run ends.
package struct StorePatience: Hashable, Sendable {
    package var firstWait: Duration = .milliseconds(50)
    package var longestWait: Duration = .seconds(2)
    /// From the first failure of a call to giving up.
    package var total: Duration = .seconds(60)

    package init() {}
}

/// Calls a store until it answers: the deliveries stay with the stage meanwhile, so the queue
/// before it grows and, where the subscription blocks, the producer slows down.
struct StoreRetry: Sendable {
    var timeline: any Timeline
    var patience: StorePatience
    var meter: StageMeter
    var logger: Logger

    /// What `operation` gives, once it succeeds; before each wait `holdOn` may extend leases.
    ///
    /// - Throws: The operation's `StoreError` where trying again is pointless or patience has
    ///   run out; `CancellationError` when the task is cancelled while it waits.
    func run<Result>(
        holdOn: () -> Void = {},
        _ operation: () async throws(StoreError) -> Result
    ) async throws -> Result {
        var wait = patience.firstWait
        var failed: Timestamp?
        while true {
            do throws(StoreError) {
                let result = try await operation()
                meter.update { $0.storeCalls += 1 }
                if let failed { tellAnswer(after: timeline.now - failed) }
                return result
            } catch {
                let now = timeline.now
                if failed == nil { tell(error) }
                let began = failed ?? now
                failed = began
                let end = began + patience.total
                guard error.isTransient, now < end else { throw error }
                meter.update { $0.storeRetries += 1 }
                holdOn()
            }
            try await timeline.sleep(until: timeline.now + wait)
            wait = min(wait * 2, patience.longestWait)
        }
    }

    private func tell(_ failure: StoreError) {
        logger.info(
            "the store does not do as asked",
            metadata: ["stage": "\(meter.name)", "error": "\(failure)"]
        )
    }

    private func tellAnswer(after length: Duration) {
        logger.info(
            "the store does as asked again",
            metadata: ["stage": "\(meter.name)", "after": "\(length)"]
        )
    }
}
