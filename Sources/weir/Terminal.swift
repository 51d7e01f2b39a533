internal import Foundation
internal import Pipeline
internal import Reports
internal import Stages
internal import Synchronization
internal import Timekeeping

/// Standard output for results, standard error for everything else.
enum Terminal {
    /// Whether colour may be used on standard output: a terminal, and no `NO_COLOR`.
    static var usesColour: Bool {
        isatty(1) == 1 && (ProcessInfo.processInfo.environment["NO_COLOR"] ?? "").isEmpty
    }

    /// Writes the lines of a result, and a line end behind them.
    ///
    /// - Throws: What ``document(_:)`` throws.
    static func result(_ text: String) throws {
        try document(ReportText.printableLines(text) + "\n")
    }

    /// Writes a text that was made to be shown, with its line ends: a report, rules, a history.
    ///
    /// - Throws: A `StoreError` where standard output is closed, or on a full disk.
    static func document(_ text: String) throws {
        do {
            try FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
        } catch {
            throw StoreError(
                .unavailable,
                "standard output cannot be written to (\(error.localizedDescription)); "
                    + "the result is lost but for what --report names"
            )
        }
    }

    /// Writes a message: the one place where what somebody sent or typed comes to standard error,
    /// but for the log.
    static func message(_ text: String) {
        write(ReportText.printableLines(SecretArguments.masked(text)) + "\n")
    }

    /// Writes `text` over the live line; removes it where there is none.
    static func live(_ text: String = "") {
        write("\r\u{1b}[K" + ReportText.printable(text))
    }

    /// Writes bytes of the log.
    static func log(_ line: String) {
        write(JSONText.shown(SecretArguments.masked(line)) + "\n")
    }

    /// Raised when nobody reads standard error any more.
    static let isUnread = Signal()

    /// Where standard error is gone, there is nobody left to tell.
    private static func write(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(2, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EPIPE {
                isUnread.raise()
                return
            } else if errno != EINTR {
                return
            }
        }
    }
}

/// One line on a terminal that is written anew a few times a second; nothing on a pipe.
final class LiveLine: Sendable {
    private let isShown = isatty(2) == 1
    /// When, in seconds of the run, the line was last written.
    private let lastShown = Mutex(-1.0)

    /// Shows a slice of the run.
    func show(_ sample: RunReport.Sample) {
        let isDue = lastShown.withLock { last in
            guard sample.seconds - last >= 0.25 else { return false }
            last = sample.seconds
            return true
        }
        guard isShown, isDue else { return }
        var parts = [
            "\(sample.seconds.formatted(.number.precision(.fractionLength(0)))) s",
            "\(LiveLine.whole(sample.publishedRate)) events/s",
        ]
        for stage in sample.stages {
            let p99 = stage.p99Ms.map { "p99 \(LiveLine.milliseconds($0))" } ?? "no data"
            parts.append("\(stage.name) \(p99)")
        }
        let backlog = sample.backlog.sorted { $0.key < $1.key }
            .map { "\($0.key) \(LiveLine.whole(Double($0.value)))" }
        parts.append("backlog \(backlog.joined(separator: ", "))")
        Terminal.live(parts.joined(separator: "  ·  "))
    }

    /// Removes the line, before something else is written.
    func clear() {
        guard isShown else { return }
        Terminal.live()
    }

    private static func whole(_ value: Double) -> String {
        value.formatted(.number.precision(.fractionLength(0)).locale(.init(identifier: "en_US")))
    }

    private static func milliseconds(_ value: Double) -> String {
        "\(value.formatted(.number.precision(.significantDigits(3)))) ms"
    }
}
