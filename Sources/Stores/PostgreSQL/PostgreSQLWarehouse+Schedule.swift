package import Datasets
internal import Stages
internal import Timekeeping

/// The schedule is a job of pg_cron's, named after the schema.
extension PostgreSQLWarehouse: RefreshScheduler {
    package func refreshSchedule() async throws -> RefreshSchedule? {
        try await withJobs { line throws(StoreError) in
            try line.query(ScheduleStatement.read) { row throws(StoreError) in
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
        try await withJobs { line throws(StoreError) in
            _ = try line.query(ScheduleStatement.make, [.text(schedule.expression)]) { _ in }
        }
    }

    package func unscheduleRefresh() async throws -> Bool {
        try await withJobs { line throws(StoreError) in
            try line.query(ScheduleStatement.remove) { row throws(StoreError) in try row.bool(0) }
                == [true]
        }
    }

    /// Runs `body` where there is pg_cron.
    private func withJobs<Value: Sendable>(
        _ body: @Sendable (PostgreSQLLine) throws(StoreError) -> Value
    ) async throws -> Value {
        let (server, value) = try await reports.run { line throws(StoreError) in
            let isThere =
                try line.query(ScheduleStatement.ask) { row throws(StoreError) in try row.bool(0) }
                == [true]
            return (line.server, isThere ? try body(line) : nil)
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

    static let ask = Statement(
        name: "ask_cron",
        sql: """
            SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_cron') AND EXISTS (
                SELECT FROM pg_namespace
                WHERE nspname = 'cron' AND has_schema_privilege(oid, 'USAGE')
            )
            """
    )

    static let read = Statement(
        name: "read_schedule",
        sql: """
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
    static let make = Statement(
        name: "make_schedule",
        sql: """
            SELECT cron.schedule(\(name), $1, format(
                'SET statement_timeout = ''30s''; '
                    'SELECT %I.dataset_invariants_refresh(limit_ms => 30000)',
                current_schema()
            ))
            """
    )

    static let remove = Statement(
        name: "remove_schedule",
        sql: """
            SELECT coalesce(bool_or(cron.unschedule(jobid)), false) FROM cron.job
            WHERE jobname = \(name) AND username = current_user
            """
    )
}
