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
