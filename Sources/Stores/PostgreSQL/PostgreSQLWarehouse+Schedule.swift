package import Datasets
internal import SQLStores
internal import Storage
internal import Timekeeping

/// The schedule is a job of pg_cron's, named after the schema.
extension PostgreSQLWarehouse: RefreshScheduler {
    package var scheduler: (any RefreshScheduler)? { self }

    package func refreshSchedule() async throws -> RefreshSchedule? {
        try await withJobs { connection in
            try connection.map(ScheduleStatement.read) { row in
                RefreshSchedule(
                    expression: try row.text(0),
                    interval: CronSchedule(expression: try row.text(0))?.interval,
                    isActive: try row.bool(1),
                    lastRun: row.isNull(2)
                        ? nil
                        : RefreshSchedule.Run(
                            ended: try row.optionalInstant(4),
                            hasSucceeded: try row.text(2) == "succeeded",
                            message: try row.text(3)
                        )
                )
            }.first
        }
    }

    package func scheduleRefresh(every interval: Duration) async throws {
        guard let schedule = CronSchedule(every: interval) else {
            throw UnschedulableInterval(
                interval,
                nearest: CronSchedule.nearest(to: interval).interval
            )
        }
        try await withJobs { connection in
            // pg_cron looks for changes once a second, and forgets one that is made while it reads
            // the one before. The second time comes when it has read the first.
            try connection.run(ScheduleStatement.make, [.text(schedule.expression)])
            try connection.run(ScheduleStatement.pause)
            try connection.run(ScheduleStatement.make, [.text(schedule.expression)])
        }
    }

    package func unscheduleRefresh() async throws -> Bool {
        try await withJobs { connection in
            try connection.map(ScheduleStatement.remove) { row in try row.bool(0) }
                == [true]
        }
    }

    /// Runs `body` where there is pg_cron.
    private func withJobs<Value: Sendable>(
        _ body: @Sendable (PostgreSQLConnection) throws -> Value
    ) async throws -> Value {
        let (server, value) = try await reports.run { connection in
            let isThere =
                try connection.map(ScheduleStatement.ask) { row in try row.bool(0) }
                == [true]
            return (connection.store, isThere ? try body(connection) : nil)
        }
        guard let value else {
            throw NoScheduler(
                "\(server): pg_cron is not installed in this database, or the role may not use it"
            )
        }
        return value
    }
}

/// The texts that speak with pg_cron.
private enum ScheduleStatement {
    private static let name = "'weir invariants ' || current_schema()"

    static let ask = SQLStatement(
        """
        SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_cron') AND EXISTS (
            SELECT FROM pg_namespace
            WHERE nspname = 'cron' AND has_schema_privilege(oid, 'USAGE')
        )
        """
    )

    static let read = SQLStatement(
        """
        SELECT job.schedule, job.active, last.status, coalesce(last.return_message, ''),
            (extract(epoch FROM last.end_time) * 1e6)::bigint * 1000
        FROM cron.job LEFT JOIN LATERAL (
            SELECT * FROM cron.job_run_details AS run
            WHERE run.jobid = job.jobid AND run.status IN ('succeeded', 'failed')
            ORDER BY run.runid DESC LIMIT 1
        ) AS last ON true
        WHERE job.jobname = \(name) AND job.username = current_user
        """
    )

    /// Half a minute, where pg_cron runs its jobs as a client does; else the next one sees to it.
    static let make = SQLStatement(
        """
        SELECT cron.schedule(\(name), $1, format(
            'SET statement_timeout = ''30s''; '
                'SELECT %I.dataset_invariants_refresh(limit_ms => 30000)',
            current_schema()
        ))
        """
    )

    /// Longer than pg_cron takes to notice a change.
    static let pause = SQLStatement("SELECT pg_sleep(1.5)")

    static let remove = SQLStatement(
        """
        SELECT coalesce(bool_or(cron.unschedule(jobid)), false) FROM cron.job
        WHERE jobname = \(name) AND username = current_user
        """
    )
}

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
