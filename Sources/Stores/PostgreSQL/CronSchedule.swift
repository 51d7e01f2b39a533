internal import Timekeeping

/// What the five fields of cron can say of an interval that is the same all the time.
package struct CronSchedule: Hashable, Sendable {
    package let interval: Duration
    /// Minute, hour, day of the month, month, day of the week.
    package let expression: String

    /// Every schedule, the shortest interval first: only what divides an hour or a day is regular.
    package static let all: [CronSchedule] =
        [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30].map { minutes in
            CronSchedule(
                interval: .seconds(60 * minutes),
                expression: minutes == 1 ? "* * * * *" : "*/\(minutes) * * * *"
            )
        }
        + [1, 2, 3, 4, 6, 8, 12, 24].map { hours in
            CronSchedule(
                interval: .seconds(3600 * hours),
                expression: hours == 1
                    ? "0 * * * *" : hours == 24 ? "0 0 * * *" : "0 */\(hours) * * *"
            )
        }

    private init(interval: Duration, expression: String) {
        self.interval = interval
        self.expression = expression
    }

    /// The schedule with this interval; nil where there is none.
    package init?(every interval: Duration) {
        guard let schedule = Self.all.first(where: { $0.interval == interval }) else { return nil }
        self = schedule
    }

    /// The schedule that `expression` is; nil where it is none of these.
    package init?(expression: String) {
        guard let schedule = Self.all.first(where: { $0.expression == expression }) else {
            return nil
        }
        self = schedule
    }

    /// The one whose interval is the nearest to `interval`, the shorter of two.
    package static func nearest(to interval: Duration) -> CronSchedule {
        func distance(_ schedule: CronSchedule) -> Int64 {
            abs(schedule.interval.inNanoseconds - interval.inNanoseconds)
        }
        return all.dropFirst().reduce(all[0]) { distance($1) < distance($0) ? $1 : $0 }
    }
}
