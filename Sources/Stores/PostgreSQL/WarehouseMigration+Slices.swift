extension WarehouseMigration {
    /// What the objectives counted, slice by slice.
    static let slices = """
        CREATE TABLE sli_series (
            series bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            objective text COLLATE "C" NOT NULL,
            component text COLLATE "C" NOT NULL,
            revision text COLLATE "C" NOT NULL,
            indicator_revision text COLLATE "C" NOT NULL,
            slice_ns bigint NOT NULL,
            UNIQUE (objective, component, revision, indicator_revision, slice_ns)
        );
        COMMENT ON TABLE sli_series IS
            'Which versions of which objectives were counted, in slices of which length.';
        COMMENT ON COLUMN sli_series.slice_ns IS 'Length of every slice, in nanoseconds.';

        CREATE TABLE sli_slices (
            series bigint NOT NULL REFERENCES sli_series,
            start_ns bigint NOT NULL,
            writer text COLLATE "C" NOT NULL,
            good bigint NOT NULL,
            total bigint NOT NULL,
            PRIMARY KEY (series, start_ns, writer)
        ) WITH (fillfactor = 80);
        COMMENT ON TABLE sli_slices IS
            'Good and all events of each slice of time; those of several writers add up.';
        COMMENT ON COLUMN sli_slices.start_ns IS
            'Start of the slice in nanoseconds since 1970-01-01 UTC; weir_time() shows it.';
        COMMENT ON COLUMN sli_slices.writer IS 'The run that counted.';

        CREATE VIEW sli_by_hour AS
        SELECT weir_time(start_ns - mod(start_ns, 3600000000000)) AS hour, objective, component,
            revision, sum(good)::bigint AS good, sum(total)::bigint AS total,
            round(100 * sum(good) / nullif(sum(total), 0), 4) AS good_percent
        FROM sli_slices JOIN sli_series USING (series)
        GROUP BY 1, objective, component, revision
        ORDER BY 1, objective, component, revision;
        COMMENT ON VIEW sli_by_hour IS 'What each objective counted in each hour (UTC).';
        """
}
