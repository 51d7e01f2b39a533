internal import Logging
internal import Pipeline
internal import Reports
internal import Storage
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
        Logger(label: "weir") { lines($0, level, timeline) }
    }

    fileprivate static func lines(
        _ label: String,
        _ level: Logger.Level,
        _ timeline: any Timeline
    ) -> LogLines {
        LogLines(label: label, level: level) { timeline.now.description }
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
            // When it was is said already, and all is of one service.
            .filter { "\($0.value)" != instant && $0.key != "service" }
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

/// Gives each log message to a recorder, which keeps it beside the raw events.
struct KeptLogs: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info
    let recorder: LogRecorder
    let timeline: any Timeline

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        recorder.note(
            LogLevel(rawValue: event.level.rawValue) ?? .info,
            "\(event.message)",
            // order-free: the recorder sorts them.
            metadata.merging(event.metadata ?? [:]) { _, new in new }
                .map { LogField(name: $0.key, value: "\($0.value)") },
            at: timeline.now
        )
    }
}

/// Keeps the logs of a run in the first of its stores that does so.
struct LogKeeping {
    private let recorder = LogRecorder()

    /// A logger of what matters as much as `level`, or more, for the run of `document`; what is
    /// kept is what matters as much as ``KeptLogs`` says.
    func logger(
        _ level: Logger.Level,
        _ timeline: any Timeline,
        of document: PipelineDocument
    ) -> Logger {
        var logger = Logger(label: "weir") { label in
            MultiplexLogHandler([
                LogLines.lines(label, level, timeline),
                KeptLogs(recorder: recorder, timeline: timeline),
            ])
        }
        logger[metadataKey: "service"] = "\(document.name)"
        return logger
    }

    /// What `body` gives, with what is logged meanwhile kept in one of `stores`, for as long as
    /// `document` says; what could not be kept is told.
    func during<Value: Sendable>(
        _ stores: RunStores,
        of document: PipelineDocument,
        _ timeline: any Timeline,
        body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let keeper = document.stores.lazy.compactMap { plan in
            stores.raw.first { $0.name == plan.name }?.store.logs
                .map { (store: $0, retention: plan.logRetention) }
        }.first
        guard let keeper else {
            recorder.close()
            return try await body()
        }
        let value: Result<Value, any Error>
        do {
            value = .success(
                try await withCompanions(
                    { [recorder] in
                        try await recorder.run(
                            into: keeper.store,
                            retention: keeper.retention,
                            timeline
                        )
                    },
                    body: body
                )
            )
        } catch {
            value = .failure(error)
        }
        if let loss = await recorder.finish(into: keeper.store) {
            let count = ReportNumbers.count(loss.records)
            Terminal.message("warning: \(count) log records were not kept: \(loss.reason)")
        }
        return try value.get()
    }
}
