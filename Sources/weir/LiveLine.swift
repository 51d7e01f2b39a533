internal import Foundation
internal import Pipeline
internal import Reports
internal import Synchronization
internal import Timekeeping

/// One line on a terminal that is written anew a few times a second; nothing on a pipe.
final class LiveLine: Sendable {
    /// How long a line stands at the least.
    private static let interval = Duration.milliseconds(250)

    private let isShown = Terminal.isRead
    private let clock = RealTimeline()
    private let lastShown = Mutex(Timestamp.distantPast)

    /// Shows `parts` where the line has stood for long enough.
    func show(_ parts: @autoclosure () -> [String]) {
        guard isShown else { return }
        let now = clock.now
        let isDue = lastShown.withLock { last in
            guard last < now - LiveLine.interval else { return false }
            last = now
            return true
        }
        if isDue { Terminal.live(LiveLine.text(parts(), columns: Terminal.columns)) }
    }

    /// Removes the line, before something else is written.
    func clear() {
        if isShown { Terminal.live() }
    }

    /// As many of `parts` as fit a line of so many columns, the first of which matter most; the
    /// last column stays free, or the line would break.
    static func text(_ parts: [String], columns: Int) -> String {
        var text = ""
        for part in parts {
            let longer = text.isEmpty ? part : "\(text)  ·  \(part)"
            guard ReportText.width(longer) < columns else { break }
            text = longer
        }
        return text
    }

    /// Runs `body` with the line beside it, which shows what `parts` are meanwhile.
    func following<Value: Sendable>(
        _ parts: @escaping @Sendable () -> [String],
        body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        guard isShown else { return try await body() }
        defer { clear() }
        return try await withCompanions(
            { [self] in
                while (try? await clock.sleep(until: clock.now + LiveLine.interval)) != nil {
                    Terminal.live(LiveLine.text(parts(), columns: Terminal.columns))
                }
            },
            body: body
        )
    }
}

/// How far a run is: what came in the last second.
final class RunProgressLine: Sendable {
    /// How long the stretch is over which the rate is told.
    private static let stretch = 1.0

    private let duration: Duration?
    private let samples = Mutex<[RunReport.Sample]>([])

    /// Of a run that is to publish for `duration`; nil for as long as its input lasts.
    init(duration: Duration?) {
        self.duration = duration
    }

    /// Takes note of a slice.
    func note(_ sample: RunReport.Sample) {
        samples.withLock { samples in
            samples.append(sample)
            // One more than the stretch, since a slice begins where the one before it ends.
            let first = samples.lastIndex {
                $0.seconds <= sample.seconds - RunProgressLine.stretch
            }
            samples.removeFirst(first ?? 0)
        }
    }

    /// `12 of 60 s`, `998 of 1,000/s`, `oldest 210 ms`, `backlog 310`, `ingest p99 1.25 ms`.
    var parts: [String] {
        let samples = samples.withLock { $0 }
        let isWhole = samples.count < 2
        guard let last = samples.last,
            let now = RunReport.Sample(
                joining: isWhole ? samples[...] : samples.dropFirst(),
                from: isWhole ? 0 : samples[0].seconds
            )
        else { return [] }
        let passed = ReportNumbers.fixed(last.seconds, 0)
        let time = duration.map { "\(passed) of \(ReportNumbers.fixed($0.inSeconds, 0)) s" }
        let reached = ReportNumbers.fixed(now.publishedRate, 0)
        let asked = now.askedRate.map { " of \(ReportNumbers.fixed($0, 0))" } ?? ""
        // order-free: the greatest, and a sum
        let oldest = (last.oldestAgeSeconds ?? [:]).values.max() ?? 0
        let backlog = last.backlog.values.reduce(0, &+)
        let latencies = now.stages.compactMap { stage in
            stage.p99Ms.map { "\(stage.name) p99 \(ReportNumbers.latency(milliseconds: $0))" }
        }
        return [
            time ?? "\(passed) s", "\(reached)\(asked)/s",
            "oldest \(ReportNumbers.duration(seconds: oldest))",
            "backlog \(ReportNumbers.count(backlog))",
        ] + latencies
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

    /// `34%`, `1 min 20 s left`, `2026-01-11T09:12:00Z`, `21,000 times as fast`.
    var parts: [String] {
        let now = timeline.now
        let passed = (now - start).inSeconds
        let speed = passed / max((clock.now - began).inSeconds, 1e-9)
        var parts = ["\(ReportNumbers.fixed(min(1, passed / length.inSeconds) * 100, 0))%"]
        let left = (length.inSeconds - passed) / speed
        if speed > 0, left >= 1 { parts.append("\(ReportNumbers.duration(seconds: left)) left") }
        return parts + [
            Timestamp(seconds: now.nanoseconds / 1_000_000_000).description,
            "\(ReportNumbers.fixed(speed, 0)) times as fast",
        ]
    }
}
