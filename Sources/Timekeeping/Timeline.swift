/// The only source of time: everything that asks for the time or waits does it through one.
package protocol Timeline: Sendable {
    /// The present instant; never earlier than one it gave before.
    var now: Timestamp { get }

    /// Returns at `deadline`, or at once where that has passed.
    ///
    /// - Throws: `CancellationError` when the task is cancelled while it waits.
    func sleep(until deadline: Timestamp) async throws(CancellationError)
}
