/// Sums over calls, each with its events and the time it took: all that a fit of a cost per call
/// and a cost per event needs, whatever the number of calls.
///
/// Those of several runs add up.
package struct WorkSums: Hashable, Sendable, Codable {
    package var calls: Int64 = 0
    package var events: Int64 = 0
    /// The squares of the events of each call.
    package var eventsSquared: Int64 = 0
    package var microseconds: Int64 = 0
    /// The time of each call by its events.
    package var microsecondsByEvents: Int64 = 0

    package init() {}

    /// Adds a call with `events` that took so many `nanoseconds`, to the microsecond.
    package mutating func add(events: Int, nanoseconds: Int64) {
        let (events, time) = (Int64(events), max(0, nanoseconds + 500) / 1000)
        let (squared, tooMany) = events.multipliedReportingOverflow(by: events)
        let (product, tooLong) = time.multipliedReportingOverflow(by: events)
        guard !tooMany, !tooLong else { return }
        var call = WorkSums()
        call.calls = 1
        call.events = events
        call.eventsSquared = squared
        call.microseconds = time
        call.microsecondsByEvents = product
        add(call)
    }

    /// Adds the calls of `other`, unless that is more than can be counted.
    package mutating func add(_ other: WorkSums) {
        var sums = self
        func add(_ term: Int64, to sum: inout Int64) -> Bool {
            let (value, overflow) = sum.addingReportingOverflow(term)
            sum = value
            return !overflow
        }
        guard add(other.calls, to: &sums.calls), add(other.events, to: &sums.events),
            add(other.eventsSquared, to: &sums.eventsSquared),
            add(other.microseconds, to: &sums.microseconds),
            add(other.microsecondsByEvents, to: &sums.microsecondsByEvents)
        else { return }
        self = sums
    }
}
