internal import Synchronization
package import Timekeeping

/// Takes what loggers say, and keeps it in a ``LogStore``: loggers wait for nothing.
///
/// - Guarantees: what was noted is kept, in the order of its notes, once ``finish()`` has returned
///   without a loss.
/// - Non-guarantees: a store that fails for long fills ``room``; what is said then is counted as
///   lost. A killed process loses what was said in its last ``interval``.
package final class LogRecorder: Sendable {
    /// What was not kept, and why.
    package struct Loss: Hashable, Sendable {
        package var records: Int64
        package var reason: String
    }

    private struct State {
        var waiting: [LogRecord] = []
        /// The sequence of the last record.
        var last: Int64 = 0
        var lost: Int64 = 0
        var failure: StoreError?
        var isOpen = true
    }

    /// How many records may wait to be kept.
    package static let room = 65_536
    /// How often what waits is kept.
    package static let interval = Duration.milliseconds(250)
    /// How many records a call to the store has.
    private static let batch = 1024
    /// How many characters of Unicode a message or a value may have; the rest is cut off.
    private static let textLimit = 4096

    private let state = Mutex(State())

    /// A recorder that keeps nothing yet.
    package init() {}

    /// Notes what was said at `now`.
    package func note(
        _ level: LogLevel,
        _ message: String,
        _ fields: some Sequence<LogField>,
        at now: Timestamp
    ) {
        let fields = fields.map { LogField(name: $0.name, value: LogRecorder.cut($0.value)) }
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        let message = LogRecorder.cut(message)
        state.withLock { state in
            guard state.isOpen else { return }
            guard state.waiting.count < LogRecorder.room else {
                state.lost += 1
                return
            }
            state.last = max(state.last + 1, now.nanoseconds)
            state.waiting.append(
                LogRecord(sequence: state.last, level: level, message: message, fields: fields)
            )
        }
    }

    private static func cut(_ text: String) -> String {
        guard text.utf8.count > textLimit, text.unicodeScalars.count > textLimit else {
            return text
        }
        return String(text.unicodeScalars.prefix(textLimit)) + "…"
    }

    /// Takes and keeps nothing more: for a run whose stores keep no logs.
    package func close() {
        state.withLock { state in
            state.isOpen = false
            state.waiting = []
        }
    }

    /// Keeps in `store` what is noted, until the task is cancelled, and removes there what is older
    /// than `retention`; what fails is tried again.
    package func run(
        into store: any LogStore,
        retention: Duration,
        _ timeline: any Timeline
    ) async throws(CancellationError) {
        var isBegun = false
        var removal = timeline.now
        while true {
            do throws(StoreError) {
                if !isBegun { begin(after: try await store.lastSequence()) }
                isBegun = true
                try await keep(in: store)
                if timeline.now >= removal {
                    let oldest = timeline.now - retention
                    try await store.remove(before: oldest.nanoseconds)
                    removal = timeline.now + .seconds(3600)
                }
            } catch {
                note(error)
            }
            try await timeline.sleep(until: timeline.now + LogRecorder.interval)
        }
    }

    /// Keeps what still waits, and takes nothing more.
    ///
    /// - Returns: What was not kept; nil where all was.
    package func finish(into store: any LogStore) async -> Loss? {
        do throws(StoreError) { try await keep(in: store) } catch { note(error) }
        return state.withLock { state in
            state.isOpen = false
            let lost = state.lost + Int64(state.waiting.count)
            state.waiting = []
            guard lost > 0 else { return nil }
            let full = "\(LogRecorder.room) records waited to be kept already"
            return Loss(records: lost, reason: state.failure.map { "\($0)" } ?? full)
        }
    }

    private func note(_ failure: StoreError) {
        state.withLock { $0.failure = failure }
    }

    /// Puts what was noted before the store was known behind what is kept there.
    private func begin(after last: Int64) {
        state.withLock { state in
            var last = last
            for place in state.waiting.indices {
                last = max(last + 1, state.waiting[place].sequence)
                state.waiting[place].sequence = last
            }
            state.last = max(state.last, last)
        }
    }

    private func keep(in store: any LogStore) async throws(StoreError) {
        while true {
            let records = state.withLock { Array($0.waiting.prefix(LogRecorder.batch)) }
            guard !records.isEmpty else { return }
            try await store.append(records)
            // Others may have been added behind them meanwhile.
            state.withLock { $0.waiting.removeFirst(min(records.count, $0.waiting.count)) }
        }
    }
}
