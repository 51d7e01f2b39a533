internal import Logging
package import Prometheus
package import SLO
internal import Synchronization
internal import Timekeeping

/// Follows the objectives of a run: cuts what the meters say into slices, moves the alerts, and
/// keeps the slices in the history.
///
/// It goes on from what the history has of the same objectives, so that a budget outlives the
/// runs that spend it.
package final class ObjectiveRecorder: Sendable {
    fileprivate struct Followed {
        var tracker: ObjectiveTracker
        /// What this run alone counted; nil where nothing was counted before it.
        var own: ObjectiveTracker?
        var probes: [IndicatorProbe]
        var series: [SliceSeries]
        var episodes: [AlertEpisode] = []
        /// What a previous run counted stays in its own slices.
        var counted: [[Slice]]
        var burn = BurnCurve()
    }

    private let followed: Mutex<[Followed]>
    private let history: any SLIHistory
    private let writer: String
    private let slice: Duration
    private let slicesPerFlush: Int
    private let read: @Sendable (Timestamp) -> MeterReading
    private let timeline: any Timeline
    private let logger: Logger
    private let onSlice: @Sendable (_ end: Timestamp, _ bad: [String]) -> Void

    /// Takes up `objectives` where `history` left them, except those whose slice windows are no
    /// multiple of `slice`.
    ///
    /// The `writer` is the run, whose slices these are, written `slicesPerFlush` at a time and at
    /// the end; `read` says what the meters say at an
    /// instant; `onSlice` hears of the end of each slice, and which objectives counted anything bad
    /// in it. Throws what `history` throws.
    init(
        _ objectives: [Objective],
        history: any SLIHistory,
        writer: String,
        slice: Duration,
        slicesPerFlush: Int,
        timeline: any Timeline,
        logger: Logger,
        onSlice: @escaping @Sendable (_ end: Timestamp, _ bad: [String]) -> Void = { _, _ in },
        read: @escaping @Sendable (Timestamp) -> MeterReading
    ) async throws {
        self.onSlice = onSlice
        self.history = history
        self.writer = writer
        self.slice = slice
        self.slicesPerFlush = slicesPerFlush
        self.read = read
        self.timeline = timeline
        self.logger = logger
        var followed: [Followed] = []
        let now = timeline.now
        for objective in objectives where ObjectiveTracker.fits(slice: slice, objective) {
            let series = SliceSeries.all(of: objective, slice: slice)
            let (tracker, hasPast) = try await ObjectiveRecorder.tracker(
                objective,
                series,
                history,
                slice,
                now
            )
            followed.append(
                Followed(
                    tracker: tracker,
                    own: hasPast ? ObjectiveTracker(objective, slice: slice, begun: now) : nil,
                    probes: objective.components.map { IndicatorProbe($0.indicator) },
                    series: series,
                    counted: series.map { _ in [] }
                )
            )
        }
        self.followed = Mutex(followed)
    }

    private static func tracker(
        _ objective: Objective,
        _ series: [SliceSeries],
        _ history: any SLIHistory,
        _ slice: Duration,
        _ now: Timestamp
    ) async throws -> (ObjectiveTracker, hasPast: Bool) {
        let begin = now - objective.timeWindow.nominalLength * 2
        var past: [[Slice]] = []
        for series in series {
            past.append(try await history.slices(of: series, in: begin..<now))
        }
        guard past.contains(where: { !$0.isEmpty }) else {
            return (ObjectiveTracker(objective, slice: slice, begun: now), false)
        }
        let replay = ObjectiveReplay(
            objective,
            history: past,
            slice: slice,
            range: (past.compactMap { $0.first?.start }.min() ?? begin)..<now,
            retention: .live
        )
        return (replay.tracker, true)
    }

    /// How each objective stands.
    var statuses: [ObjectiveStatus] {
        followed.withLock { $0.compactMap { $0.tracker.status() } }
    }

    /// How each objective stands over its period, and what this run alone counted of it.
    var results: [(status: ObjectiveStatus, ofRun: WindowMeasurement)] {
        followed.withLock { $0.map { ($0.tracker, $0.own ?? $0.tracker) } }
            .compactMap { tracker, own in
                guard let status = tracker.status(), let ofRun = own.measureAll() else {
                    return nil
                }
                return (status, ofRun)
            }
    }

    /// How fast each objective spent its budget in the run, by its name.
    var burns: [String: [BurnCurve.Point]] {
        Dictionary(
            followed.withLock { $0.map { ($0.tracker.objective.name, $0.burn.points) } },
            uniquingKeysWith: { first, _ in first }
        )
    }

    /// How each objective stands, with what was counted since the start.
    ///
    /// The sums are worked out on a copy, so that nothing waits for them.
    package var readings: [ObjectiveMetrics.Reading] {
        followed.withLock { $0.map(\.tracker) }.compactMap { ObjectiveMetrics.Reading($0) }
    }

    /// The alerts that fired in this run, in the order of their starts.
    package var episodes: [AlertEpisode] {
        followed.withLock { followed in
            followed.flatMap { $0.episodes + $0.tracker.alerts.compactMap(\.episode) }
        }
        .sorted { ($0.start, $0.id) < ($1.start, $1.id) }
    }

    /// Cuts slices until the task is cancelled.
    func run() async {
        let length = slice.inNanoseconds
        func nextEnd() -> Timestamp {
            Timestamp(nanoseconds: (timeline.now.nanoseconds.flooringQuotient(length) + 1) * length)
        }
        var cut = 0
        var end = nextEnd()
        while (try? await timeline.sleep(until: end)) != nil {
            take(endingAt: end)
            cut += 1
            if cut % slicesPerFlush == 0 { await flush() }
            end = nextEnd()
        }
    }

    /// Counts what came since the last slice in the slice that is under way, or ends now, and
    /// writes all.
    func finish() async {
        let length = slice.inNanoseconds
        let begun = (timeline.now.nanoseconds - 1).flooringQuotient(length) + 1
        var end = Timestamp(nanoseconds: begun * length)
        let taken = followed.withLock { $0.compactMap(\.tracker.now).max() }
        if let taken, taken >= end { end = taken + slice }
        take(endingAt: end)
        await flush()
    }

    private func take(endingAt end: Timestamp) {
        let reading = read(timeline.now)
        var bad: [String] = []
        let transitions = followed.withLock { followed in
            followed.indices.flatMap { index in
                followed[index].take(endingAt: end, slice, reading, bad: &bad)
            }
        }
        onSlice(end, bad)
        for transition in transitions {
            log(transition)
        }
    }

    private func log(_ transition: AlertTransition) {
        let episode = transition.episode
        let metadata: Logger.Metadata = [
            "alert": "\(episode.alert)", "severity": "\(episode.alert.severity)",
            "started": "\(episode.start)",
        ]
        switch transition {
        case .fired: logger.warning("alert fired", metadata: metadata)
        case .resolved: logger.notice("alert resolved", metadata: metadata)
        }
    }

    /// Writes the slices that were not written yet; those that cannot be are kept for next time.
    private func flush() async {
        let due = followed.withLock { followed in
            followed.flatMap { zip($0.series, $0.counted) }.filter { !$0.1.isEmpty }
        }
        for (series, slices) in due {
            do {
                try await history.append(slices, to: series, writer: writer)
                followed.withLock { $0.forget(slices, of: series) }
            } catch {
                logger.warning("slices not kept yet", metadata: ["error": "\(error)"])
                return
            }
        }
    }
}

extension ObjectiveRecorder.Followed {
    fileprivate mutating func take(
        endingAt end: Timestamp,
        _ slice: Duration,
        _ reading: MeterReading,
        bad: inout [String]
    ) -> [AlertTransition] {
        for component in probes.indices {
            let counts = probes[component].slice(endingAt: end, length: slice, reading)
            // Opened before it is counted in, or it would lie ahead.
            advance(to: end - slice)
            guard let counts else { continue }
            let name = tracker.objective.name
            if counts.bad > 0, bad.last != name { bad.append(name) }
            tracker.record(counts, of: component)
            own?.record(counts, of: component)
            counted[component].append(counts)
        }
        advance(to: end)
        burn.sample(tracker, at: end)
        let transitions = tracker.evaluate()
        for case .resolved(let episode) in transitions {
            episodes.append(episode)
        }
        return transitions
    }

    private mutating func advance(to instant: Timestamp) {
        tracker.advance(to: max(instant, tracker.now ?? .distantPast))
        let counted = own?.now ?? .distantPast
        own?.advance(to: max(instant, counted))
    }
}

extension [ObjectiveRecorder.Followed] {
    fileprivate mutating func forget(_ slices: [Slice], of series: SliceSeries) {
        for index in indices {
            guard let place = self[index].series.firstIndex(of: series) else { continue }
            // Those that came since are kept.
            self[index].counted[place].removeFirst(slices.count)
        }
    }
}

/// The burn rate over the last hour, at even steps that grow as the run does.
struct BurnCurve: Sendable {
    struct Point: Sendable {
        var instant: Timestamp
        /// Nil where nothing was observed in the hour.
        var rate: Double?
    }

    /// How much of the past a point is over: the long window of the alert that calls first.
    static let window = Duration.seconds(3600)
    private static let limit = 240

    private(set) var points: [Point] = []
    /// How many slices there are to a point, and how many came since the last.
    private var stride = 1
    private var passed = 0

    /// Takes note of a slice of `tracker` that ended at `end`.
    mutating func sample(_ tracker: ObjectiveTracker, at end: Timestamp) {
        passed += 1
        guard passed == stride else { return }
        passed = 0
        let rate = tracker.burnRate(last: BurnCurve.window, asOf: end).value
        points.append(Point(instant: end, rate: rate?.approximation))
        guard points.count == BurnCurve.limit else { return }
        points = points.enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
        stride *= 2
    }
}
