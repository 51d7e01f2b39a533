internal import Commerce
internal import Synchronization

/// Shows the first records that were refused for each reason, as they are met, and how many more
/// there were.
final class RejectionPrinter: Sendable {
    private let live: LiveLine
    private let shown = Mutex(FirstOfEach())

    init(_ live: LiveLine) {
        self.live = live
    }

    func show(_ rejection: Rejection) {
        guard shown.withLock({ $0.takes(rejection.reason, at: rejection.line) }) else { return }
        live.clear()
        Terminal.message("rejected: \(rejection)")
    }

    func finish() {
        for line in shown.withLock(\.rest) {
            Terminal.message("rejected: \(line); the report counts them by reason")
        }
    }
}
