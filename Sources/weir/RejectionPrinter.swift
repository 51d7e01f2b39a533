internal import Commerce
internal import Synchronization

/// Shows the first records that were refused, as they are met, and how many more there were.
final class RejectionPrinter: Sendable {
    private static let shown = 20

    private let live: LiveLine
    private let count = Mutex(0)

    init(_ live: LiveLine) {
        self.live = live
    }

    func show(_ rejection: Rejection) {
        let number = count.withLock { count in
            count += 1
            return count
        }
        guard number <= RejectionPrinter.shown else { return }
        live.clear()
        Terminal.message("rejected: \(rejection)")
    }

    func finish() {
        let more = count.withLock { $0 } - RejectionPrinter.shown
        if more > 0 {
            Terminal.message("rejected: … and \(more) more; the report counts them by reason")
        }
    }
}
