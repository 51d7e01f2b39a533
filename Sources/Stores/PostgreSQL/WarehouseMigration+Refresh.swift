internal import Datasets
internal import Timekeeping

extension WarehouseMigration {
    /// How the database itself checks the invariants: a client or a schedule calls
    /// one function, which fills a materialized view and holds the memory of anomalies to it.
    ///
    /// What is remembered is what `InvariantSnapshot.replaced(by:of:at:)` says.
    static let refresh = """
        ALTER TABLE dataset_invariants
            ADD COLUMN file text NOT NULL DEFAULT '',
            ADD COLUMN grace_ns bigint NOT NULL DEFAULT 0,
            ADD COLUMN query text,
            ADD COLUMN flaw text;
        COMMENT ON COLUMN dataset_invariants.query IS
            'Gives subject, detail and total; $1 is now less the grace period, in nanoseconds.';
        COMMENT ON COLUMN dataset_invariants.flaw IS 'Why there is no query.';

        \(look)

        CREATE MATERIALIZED VIEW dataset_offenders AS SELECT * FROM dataset_invariants_look();
        CREATE UNIQUE INDEX dataset_offenders_once ON dataset_offenders (invariant, subject);
        COMMENT ON MATERIALIZED VIEW dataset_offenders IS
            'What violated each invariant at the last refresh; a row without a subject '
            'says how the look at the invariant ended.';

        \(lock)
        \(refreshing)

        """

    /// An invariant that fails, in a subtransaction of its own that can only read, stops no other.
    ///
    /// The time that a statement has is for all looks together. So those that took least come
    /// first, and those that failed or are new last: one that never ends takes it from none that is
    /// known to end.
    private static let look = """
        CREATE FUNCTION dataset_invariants_look() RETURNS TABLE (
            invariant text, subject text, detail text, anomalies bigint, took_ns bigint,
            failure text
        ) LANGUAGE plpgsql VOLATILE SET search_path FROM CURRENT AS $look$
        #variable_conflict use_column
        DECLARE
            known record;
            subjects text[];
            details text[];
            total bigint;
            reason text;
            began timestamptz;
            is_over boolean := false;
            now_ns bigint := nullif(current_setting('weir.refresh_ns', true), '');
        BEGIN
            FOR known IN SELECT * FROM dataset_invariants AS kept
                ORDER BY kept.refreshed_ns IS NULL, kept.failures, kept.took_ns, kept.invariant
            LOOP
                began := clock_timestamp();
                subjects := NULL;
                details := NULL;
                total := NULL;
                reason := known.flaw;
                IF reason IS NULL AND is_over THEN
                    reason := known.file || ':1:1: no time was left for the query; '
                        'make others cheaper, or allow the refresh more with --timeout';
                ELSIF reason IS NULL THEN
                    BEGIN
                        PERFORM set_config('transaction_read_only', 'on', true);
                        EXECUTE 'SELECT array_agg(subject), array_agg(detail), '
                            || 'coalesce(max(total), 0) FROM (' || known.query || ') AS found'
                            INTO subjects, details, total USING now_ns - known.grace_ns;
                    EXCEPTION
                        WHEN query_canceled THEN
                            is_over := true;
                            reason := known.file || ':1:1: the query has not ended in time; '
                                'make it cheaper, or allow the refresh more with --timeout';
                        WHEN OTHERS THEN
                            reason := known.file || ':1:1: the database refuses the query ('
                                || SQLERRM || '); expected one that reads what a warehouse has';
                    END;
                END IF;
                RETURN QUERY
                    SELECT known.invariant, NULL::text, NULL::text, total,
                        (extract(epoch FROM clock_timestamp() - began) * 1e9)::bigint, reason
                    UNION ALL
                    SELECT known.invariant,
                        CASE WHEN octet_length(each_subject) > \(KeyText.longest)
                            THEN left(each_subject, 150) || '…' || md5(each_subject)
                            ELSE each_subject END,
                        coalesce(each_detail, ''), NULL, NULL, NULL
                    FROM unnest(subjects, details) AS each (each_subject, each_detail);
            END LOOP;
        END
        $look$;
        """

    /// Taken until the end of the transaction.
    private static let lock = """
        CREATE FUNCTION dataset_invariants_key() RETURNS bigint
        LANGUAGE sql STABLE SET search_path FROM CURRENT AS $key$
            SELECT hashtextextended('weir invariants '
                || current_database() || '.' || current_schema(), 0)
        $key$;
        CREATE FUNCTION dataset_invariants_lock() RETURNS boolean
        LANGUAGE sql VOLATILE SET search_path FROM CURRENT AS $lock$
            SELECT pg_try_advisory_xact_lock(dataset_invariants_key())
        $lock$;
        COMMENT ON FUNCTION dataset_invariants_lock() IS
            'Whether no other transaction refreshes the invariants; none does until this one ends.';
        """

    /// Nothing but another session can end a statement for which no timeout was set before it
    /// began, as it is with a schedule: so one that is due ends the one before, which then goes on
    /// without the query that it was at.
    private static let refreshing = """
        CREATE FUNCTION dataset_invariants_refresh(
            at_ns bigint DEFAULT NULL, limit_ms bigint DEFAULT NULL
        ) RETURNS boolean LANGUAGE plpgsql VOLATILE SET search_path FROM CURRENT AS $refresh$
        DECLARE
            now_ns bigint := coalesce(
                at_ns, (extract(epoch FROM clock_timestamp()) * 1e6)::bigint * 1000
            );
            looked text[];
        BEGIN
            IF NOT dataset_invariants_lock() THEN
                PERFORM pg_cancel_backend(held.pid)
                FROM pg_locks AS held JOIN pg_stat_activity AS other USING (pid)
                WHERE held.locktype = 'advisory' AND held.granted
                    AND held.database = other.datid AND other.datname = current_database()
                    AND (held.classid::bigint << 32 | held.objid::bigint)
                        = dataset_invariants_key()
                    AND other.usename = current_user
                    AND other.xact_start < clock_timestamp() - limit_ms * interval '1 ms';
                RETURN false;
            END IF;
            PERFORM set_config('weir.refresh_ns', now_ns::text, true);
            REFRESH MATERIALIZED VIEW CONCURRENTLY dataset_offenders;

            UPDATE dataset_invariants AS kept
            SET anomalies = coalesce(seen.anomalies, kept.anomalies),
                refreshed_ns = CASE WHEN seen.failure IS NULL
                    THEN now_ns ELSE kept.refreshed_ns END,
                took_ns = CASE WHEN seen.failure IS NULL THEN seen.took_ns ELSE kept.took_ns END,
                failures = CASE WHEN seen.failure IS NULL THEN 0 ELSE kept.failures + 1 END,
                failure = seen.failure
            FROM dataset_offenders AS seen
            WHERE seen.invariant = kept.invariant AND seen.subject IS NULL;

            looked := ARRAY(
                SELECT seen.invariant FROM dataset_offenders AS seen
                WHERE seen.subject IS NULL AND seen.failure IS NULL
            );
            DELETE FROM dataset_anomalies AS kept
            WHERE kept.invariant = ANY (looked)
                AND kept.gone_ns <= now_ns - \(InvariantSnapshot.memory.inNanoseconds);
            UPDATE dataset_anomalies AS kept SET gone_ns = now_ns
            WHERE kept.invariant = ANY (looked) AND kept.gone_ns IS NULL
                AND NOT EXISTS (
                    SELECT FROM dataset_offenders AS seen
                    WHERE seen.invariant = kept.invariant AND seen.subject = kept.subject
                );
            UPDATE dataset_anomalies AS kept
            SET last_seen_ns = now_ns, detail = seen.detail
            FROM dataset_offenders AS seen
            WHERE seen.invariant = kept.invariant AND seen.subject = kept.subject
                AND kept.gone_ns IS NULL;
            INSERT INTO dataset_anomalies
                (invariant, subject, detail, first_seen_ns, last_seen_ns)
            SELECT seen.invariant, seen.subject, seen.detail, now_ns, now_ns
            FROM dataset_offenders AS seen
            WHERE seen.subject IS NOT NULL
                AND NOT EXISTS (
                    SELECT FROM dataset_anomalies AS kept
                    WHERE kept.invariant = seen.invariant AND kept.subject = seen.subject
                        AND kept.gone_ns IS NULL
                );
            RETURN true;
        END
        $refresh$;
        COMMENT ON FUNCTION dataset_invariants_refresh IS
            'Checks every invariant and replaces the snapshot; false while another does so, '
            'which is cut short where it has taken longer than the limit.';
        """
}
