package import Timekeeping

/// Planned work, whose slices count neither as good nor as bad and are shown as excluded.
package struct MaintenanceWindow: Hashable, Sendable {
    package var reason: String
    /// When the first one starts, on the wall of the zone.
    package var start: CivilDateTime
    package var zone: CivilZone
    package var duration: Duration
    /// How often it comes again; nil if it does not.
    package var every: CalendarPeriod?
    /// The windows start before this; nil if they go on.
    package var until: CivilDateTime?

    package init(
        reason: String,
        start: CivilDateTime,
        zone: CivilZone,
        duration: Duration,
        every: CalendarPeriod? = nil,
        until: CivilDateTime? = nil
    ) {
        precondition(duration > .zero, "maintenance takes time")
        self.reason = reason
        self.start = start
        self.zone = zone
        self.duration = duration
        self.every = every
        self.until = until
    }
}

/// Answers whether there is maintenance at an instant, and remembers until when that holds.
package struct MaintenanceSchedule: Sendable {
    private let windows: [MaintenanceWindow]
    private var answer = false
    /// The instants for which ``answer`` holds.
    private var holds = Timestamp.distantPast..<Timestamp.distantPast

    package init(_ windows: [MaintenanceWindow]) {
        self.windows = windows
    }

    /// Whether `instant` lies in one of the windows.
    package mutating func isUnderMaintenance(at instant: Timestamp) -> Bool {
        if windows.isEmpty { return false }
        if holds.contains(instant) { return answer }
        answer = false
        var end = Timestamp.distantFuture
        for window in windows {
            let (isUnderway, until) = window.state(at: instant)
            answer = answer || isUnderway
            end = min(end, until)
        }
        holds = instant..<end
        return answer
    }
}

extension MaintenanceWindow {
    /// Whether it is underway at `instant`, and until when that is not going to change.
    package func state(at instant: Timestamp) -> (isUnderway: Bool, until: Timestamp) {
        let first = zone.instant(at: start)
        guard instant >= first else { return (false, first) }
        let end = until.map(zone.instant) ?? .distantFuture
        guard let every else {
            let over = first + duration
            return instant < over ? (true, over) : (false, .distantFuture)
        }
        let period = CalendarWindow(start: start, period: every, zone: zone)
            .period(containing: instant)
        guard period.lowerBound < end else { return (false, .distantFuture) }
        let over = min(period.lowerBound + duration, period.upperBound)
        return instant < over ? (true, over) : (false, period.upperBound)
    }
}
