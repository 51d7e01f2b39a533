/// The only source of time: everything that asks for the time or waits does it through one.
package protocol Timeline: Sendable {
    /// The present instant; never earlier than one it gave before.
    var now: Timestamp { get }

    /// How long a task that waits for many small things lets them gather: the price of
    /// waiting is not paid more often than once a tick.
    var tick: Duration { get }

    /// Returns at `deadline`, or at once where that has passed.
    ///
    /// - Throws: `CancellationError` when the task is cancelled while it waits.
    func sleep(until deadline: Timestamp) async throws(CancellationError)

    /// Returns once `signal` has been raised since `version`, or at `deadline`, whichever is
    /// first.
    ///
    /// - Throws: `CancellationError` when the task is cancelled while it waits.
    func wait(
        for signal: Signal,
        since version: UInt64,
        until deadline: Timestamp?
    ) async throws(CancellationError)

    /// Runs `work`, which waits for something that keeps its own time: a disk, a server.
    ///
    /// Real time passes meanwhile; virtual time stands still.
    func outside<Value, Failure: Error>(
        _ work: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value
}
