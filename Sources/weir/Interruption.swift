internal import Foundation
internal import Timekeeping
internal import UnixSignals

/// What ends a run before its time: SIGINT, SIGTERM, the end of its terminal (SIGHUP), and that
/// nothing reads its messages any more (SIGPIPE, as in a shell).
enum Interruption {
    /// The signals, but for those that the process was started to ignore.
    static var signals: [UnixSignal] {
        [.sigint, .sigterm] + (Surroundings.ignoresHangup ? [] : [.sighup])
    }

    /// Runs `body`; the first signal raises what `body` is given, and says `words`, the second one
    /// ends the process.
    static func stopping<Value: Sendable>(
        saying words: String? = "\nstopping: draining what is under way (again to quit now)",
        _ body: @escaping @Sendable (Signal) async throws -> Value
    ) async throws -> Value {
        let stop = Signal()
        let interrupts = await UnixSignalsSequence(trapping: signals)
        return try await withCompanions(
            {
                var seen = 0
                for await _ in interrupts {
                    seen += 1
                    guard seen < 2 else { Foundation.exit(ExitStatus.interrupted.rawValue) }
                    if let words { Terminal.message(words) }
                    stop.raise()
                }
            },
            {
                try await Terminal.isUnread.wait(since: 0)
                stop.raise()
            },
            body: { try await body(stop) }
        )
    }
}
