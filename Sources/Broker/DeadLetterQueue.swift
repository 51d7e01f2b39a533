internal import DequeModule
internal import Synchronization
internal import Timekeeping

/// What the subscriptions of a broker gave up, until somebody keeps it.
///
/// It has no bound of its own: a dead letter that had no room would be lost. Its growth is
/// bounded by its reader, which every pipeline runs beside the stages, and by the subscriptions'
/// flow control, since only messages that were let in can be given up.
final class DeadLetterQueue: Sendable {
    private struct Contents {
        var letters: Deque<DeadLetter> = []
        var isClosed = false
    }

    private let contents = Mutex(Contents())
    private let changed = Signal()

    func append(_ letter: DeadLetter) {
        contents.withLock { $0.letters.append(letter) }
        changed.raise()
    }

    func close() {
        contents.withLock { $0.isClosed = true }
        changed.raise()
    }

    func take(atMost limit: Int) async throws(CancellationError) -> [DeadLetter]? {
        while true {
            let version = changed.version
            let (taken, isClosed) = contents.withLock { contents in
                let taken = Array(contents.letters.prefix(limit))
                contents.letters.removeFirst(taken.count)
                return (taken, contents.isClosed)
            }
            if !taken.isEmpty { return taken }
            if isClosed { return nil }
            try await changed.wait(since: version)
        }
    }
}
