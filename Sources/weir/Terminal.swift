internal import Foundation
internal import Pipeline
internal import Stages
internal import Synchronization

/// Standard output for results, standard error for everything else.
enum Terminal {
    /// Whether colour may be used on standard output: a terminal, and no `NO_COLOR`.
    static var usesColour: Bool {
        isatty(1) == 1 && (ProcessInfo.processInfo.environment["NO_COLOR"] ?? "").isEmpty
    }

    /// Writes a result, and a line end behind it.
    ///
    /// - Throws: What ``document(_:)`` throws.
    static func result(_ text: String) throws(StoreError) {
        try document(text + "\n")
    }

    /// Writes a text that has its line ends.
    ///
    /// - Throws: A `StoreError` where standard output is closed, or on a full disk.
    static func document(_ text: String) throws(StoreError) {
        do {
            try FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
        } catch {
            throw StoreError(
                .unavailable,
                "standard output cannot be written to (\(error.localizedDescription)); "
                    + "the report is lost but for what --report names"
            )
        }
    }

    /// Writes a message.
    static func message(_ text: String) {
        write(text + "\n")
    }

    /// Writes to standard error; where that is gone, there is nobody left to tell.
    static func write(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
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
        Terminal.write("\r\u{1b}[K\(parts.joined(separator: "  ·  "))")
    }

    /// Removes the line, before something else is written.
    func clear() {
        guard isShown else { return }
        Terminal.write("\r\u{1b}[K")
    }

    private static func whole(_ value: Double) -> String {
        value.formatted(.number.precision(.fractionLength(0)).locale(.init(identifier: "en_US")))
    }

    private static func milliseconds(_ value: Double) -> String {
        "\(value.formatted(.number.precision(.significantDigits(3)))) ms"
    }
}
