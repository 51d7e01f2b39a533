internal import Foundation
internal import Pipeline
internal import Reports
internal import Synchronization
internal import Timekeeping

/// One line on a terminal that is written anew a few times a second; nothing on a pipe.
final class LiveLine: Sendable {
    /// How long a line stands at the least.
    private static let interval = Duration.milliseconds(250)

    private let isShown = isatty(2) == 1
    private let clock = RealTimeline()
    private let lastShown = Mutex(Timestamp.distantPast)

    /// Shows `text` where the line has stood for long enough.
    func show(_ text: @autoclosure () -> String) {
        guard isShown else { return }
        let now = clock.now
        let isDue = lastShown.withLock { last in
            guard last < now - LiveLine.interval else { return false }
            last = now
            return true
        }
        if isDue { Terminal.live(text()) }
    }

    /// Removes the line, before something else is written.
    func clear() {
        if isShown { Terminal.live() }
    }

    /// Runs `body` with the line beside it, which shows what `text` is meanwhile.
    func following<Value: Sendable>(
        _ text: @escaping @Sendable () -> String,
        body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        guard isShown else { return try await body() }
        defer { clear() }
        return try await withCompanions(
            { [self] in
                while (try? await clock.sleep(until: clock.now + LiveLine.interval)) != nil {
                    Terminal.live(text())
                }
            },
            body: body
        )
    }
}

extension RunReport.Sample {
    /// `12 s  ·  1,000 events/s  ·  ingest p99 1.25 ms  ·  backlog ingest 12`.
    var liveText: String {
        let stages = stages.map { stage in
            stage.p99Ms.map { "\(stage.name) p99 \(ReportNumbers.latency(milliseconds: $0))" }
                ?? "\(stage.name) no data"
        }
        let backlog = backlog.sorted { $0.key < $1.key }
            .map { "\($0.key) \(ReportNumbers.count($0.value))" }.joined(separator: ", ")
        let rate = "\(ReportNumbers.fixed(publishedRate, 0)) events/s"
        return (["\(ReportNumbers.fixed(seconds, 0)) s", rate] + stages + ["backlog \(backlog)"])
            .joined(separator: "  ·  ")
    }
}

/// How far a simulation has come.
struct SimulationProgress {
    private let timeline: VirtualTimeline
    private let start: Timestamp
    private let length: Duration
    private let clock = RealTimeline()
    private let began: Timestamp

    /// Follows `timeline`, which stands at the start, for `length`.
    init(_ timeline: VirtualTimeline, length: Duration) {
        self.timeline = timeline
        self.length = length
        start = timeline.now
        began = clock.now
    }

    /// `2026-01-11T09:12:00Z  ·  34%  ·  21,000 times as fast  ·  1 min 20 s left`.
    var liveText: String {
        let now = timeline.now
        let passed = (now - start).inSeconds
        let speed = passed / max((clock.now - began).inSeconds, 1e-9)
        var parts = [
            Timestamp(seconds: now.nanoseconds / 1_000_000_000).description,
            "\(ReportNumbers.fixed(min(1, passed / length.inSeconds) * 100, 0))%",
            "\(ReportNumbers.fixed(speed, 0)) times as fast",
        ]
        let left = (length.inSeconds - passed) / speed
        if speed > 0, left >= 1 { parts.append("\(ReportNumbers.duration(seconds: left)) left") }
        return parts.joined(separator: "  ·  ")
    }
}
