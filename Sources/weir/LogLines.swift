internal import Logging
internal import Reports
internal import Timekeeping

/// Writes each log message to standard error on a line of its own: in words on a terminal, and as
/// one JSON object where a program reads it.
struct LogLines: LogHandler {
    private struct Line: Encodable {
        var time: String
        var level: String
        var logger: String
        var message: String
        var metadata: [String: String]
    }

    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level
    private let label: String
    /// The time of a message, which only the wiring can tell.
    private let now: @Sendable () -> String

    init(label: String, level: Logger.Level, now: @escaping @Sendable () -> String) {
        self.label = label
        logLevel = level
        self.now = now
    }

    /// A logger of what matters as much as `level`, or more.
    static func logger(_ level: Logger.Level, _ timeline: any Timeline) -> Logger {
        Logger(label: "weir") { label in
            LogLines(label: label, level: level) { timeline.now.description }
        }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
        guard !Terminal.isRead else { return show(event, all) }
        let line = Line(
            time: now(),
            level: event.level.rawValue,
            logger: label,
            message: "\(event.message)",
            metadata: all.mapValues { "\($0)" }
        )
        guard let line = try? JSONText.line(line) else { return }
        Terminal.log(line)
    }

    /// `00:11:00 alert fired: availability/page-fast-burn/fast, severity page`.
    private func show(_ event: LogEvent, _ metadata: Logger.Metadata) {
        let instant = now()
        let details = metadata.sorted { $0.key < $1.key }
            // When it was is said already.
            .filter { "\($0.value)" != instant }
            .map { name, value in
                let told = ReportNumbers.instant("\(value)")
                return "\(event.message)".hasPrefix(name) ? told : "\(name) \(told)"
            }
        let time = instant.dropFirst(11).prefix(8)
        let level = event.level >= .error ? "\(event.level): " : ""
        let text = "\(time) \(level)\(event.message)"
        Terminal.remark(details.isEmpty ? text : "\(text): \(details.joined(separator: ", "))")
    }
}
