internal import Synchronization

/// Stands between a server and the run that it serves, which comes and goes while the server is
/// there.
package final class RunEntrance<Occupant: Sendable>: Sendable {
    private let state = Mutex<Occupant?>(nil)

    package init() {}

    /// What is asked; nil before the run begins, and after it has ended.
    package var occupant: Occupant? {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}
