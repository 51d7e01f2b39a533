/// Sends events to a Weir collector, in the background.
///
/// ```swift
/// let tracker = Tracker()
/// tracker.track("search_made", ["query": "shoes", "n_results": 3])
/// await tracker.shutdown()
/// ```
///
/// Events are sent in batches, packed by gzip, in the order in which they were tracked. A request
/// that fails is repeated, after a pause that grows and that chance spreads, and not before the
/// collector's `Retry-After`. An event has an id from the start, by which the collector recognises
/// a repetition. What the collector refuses for good (400, 401, 403, 404, 405, 413, 415) is dropped
/// and counted; of a batch with an event that it refuses (400, 413), the others are sent all the
/// same.
///
/// The process may end only after ``shutdown(within:)`` or ``flush(within:)``: an event that waits
/// is in memory alone.
public final class Tracker: Sendable {
    private let source: String
    private let system: TrackerSystem
    private let driver: TrackerDriver

    /// A tracker that `options` describe; by default the environment does: `WEIR_COLLECTOR_URL`,
    /// `WEIR_COLLECTOR_KEY`, `SERVICE` and `STAGE`.
    ///
    /// Where no collector is named, events are dropped and counted.
    public convenience init(_ options: TrackerOptions = TrackerOptions()) {
        self.init(options, system: .real)
    }

    /// A tracker with a clock and chance of its own.
    package init(_ options: TrackerOptions, system: TrackerSystem) {
        source = options.source
        self.system = system
        driver = TrackerDriver(options, system)
    }

    /// A tracker that nobody holds any more has as long to send what waits.
    deinit { driver.close(within: .seconds(10)) }

    /// Tracks an event that happens now: returns at once, and never fails.
    ///
    /// - Parameters:
    ///   - name: Its name, such as `search_made`.
    ///   - values: What is to be known of it.
    ///   - correlationID: The id of the request that it belongs to.
    ///   - traceparent: Where it stands in a trace, as W3C Trace Context has it.
    /// - Returns: The id of the event, a UUID of version 7.
    @discardableResult
    public func track(
        _ name: String,
        _ values: [String: TrackedValue] = [:],
        correlationID: String? = nil,
        traceparent: String? = nil
    ) -> String {
        let time = system.time()
        let event = TrackedEvent(
            id: TrackedEvent.id(at: time, system.chance(), system.chance()),
            name: name,
            source: source,
            time: time,
            correlationID: correlationID,
            traceparent: traceparent,
            values: values
        )
        driver.add(event.json)
        return event.id
    }

    /// What became of the events so far.
    public var counts: TrackerCounts { driver.counts }

    /// Sends what waits, without waiting for more.
    ///
    /// - Returns: Whether all events that were tracked before were sent or dropped in time.
    @discardableResult
    public func flush(within patience: Duration = .seconds(30)) async -> Bool {
        await driver.flush(within: patience)
    }

    /// Sends what waits and ends: what is not accepted in time is dropped, and so is what is
    /// tracked from now on.
    public func shutdown(within patience: Duration = .seconds(10)) async {
        await driver.shutdown(within: patience)
    }
}
