internal import GRDB

/// The tables and views of a SQLite warehouse, as versioned migrations.
enum WarehouseSchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { database in
            try database.execute(sql: tables)
            try database.execute(sql: views)
        }
        migrator.registerMigration("2") { database in
            try database.execute(sql: history)
        }
        migrator.registerMigration("3") { database in
            try database.execute(sql: CatalogueSchema.datasets)
            try database.execute(sql: CatalogueSchema.snapshot)
        }
        migrator.registerMigration("4") { database in
            try database.execute(sql: CatalogueSchema.deployments)
        }
        migrator.registerMigration("census") { database in
            try database.execute(sql: CensusSchema.tables)
        }
        migrator.registerMigration("orders") { database in
            try database.execute(sql: OrderSchema.changes)
        }
        migrator.registerMigration("owners") { database in
            try database.execute(sql: owners)
        }
        return migrator
    }

    // Times are nanoseconds since the epoch, money is in minor units, an empty category is the
    // total over all. The tables are strict, so that nothing but what a column is for is taken,
    // and a sum which is too large for an integer is refused, where SQLite would go on in
    // floating point.
    private static let tables = """
        CREATE TABLE window_aggregates (
            grain TEXT NOT NULL,
            start_ns INTEGER NOT NULL,
            category TEXT NOT NULL,
            currency TEXT NOT NULL,
            view_item_list INTEGER NOT NULL,
            view_item INTEGER NOT NULL,
            search INTEGER NOT NULL,
            add_to_cart INTEGER NOT NULL,
            remove_from_cart INTEGER NOT NULL,
            begin_checkout INTEGER NOT NULL,
            purchase INTEGER NOT NULL,
            refund INTEGER NOT NULL,
            units INTEGER NOT NULL,
            revenue INTEGER NOT NULL,
            refunded INTEGER NOT NULL,
            PRIMARY KEY (grain, start_ns, category, currency)
        ) WITHOUT ROWID, STRICT;
        CREATE TABLE product_sales (
            grain TEXT NOT NULL,
            start_ns INTEGER NOT NULL,
            product TEXT NOT NULL,
            currency TEXT NOT NULL,
            views INTEGER NOT NULL,
            orders INTEGER NOT NULL,
            units INTEGER NOT NULL,
            revenue INTEGER NOT NULL,
            PRIMARY KEY (grain, start_ns, product, currency)
        ) WITHOUT ROWID, STRICT;
        CREATE TABLE distinct_hashes (
            part INTEGER PRIMARY KEY,
            grain TEXT NOT NULL,
            start_ns INTEGER NOT NULL,
            measure TEXT NOT NULL,
            category TEXT NOT NULL,
            hashes BLOB NOT NULL
        ) STRICT;
        CREATE INDEX distinct_hashes_window
            ON distinct_hashes (grain, start_ns, measure, category);
        CREATE TABLE progress (
            subscription TEXT NOT NULL,
            stream TEXT NOT NULL,
            first_offset INTEGER NOT NULL,
            last_offset INTEGER NOT NULL,
            PRIMARY KEY (subscription, stream, first_offset)
        ) WITHOUT ROWID, STRICT;
        CREATE TABLE counted_events (
            subscription TEXT NOT NULL,
            identity_high INTEGER NOT NULL,
            identity_low INTEGER NOT NULL,
            PRIMARY KEY (subscription, identity_high, identity_low)
        ) WITHOUT ROWID, STRICT;
        CREATE TABLE watermarks (
            subscription TEXT NOT NULL,
            stream TEXT NOT NULL,
            watermark_ns INTEGER NOT NULL,
            PRIMARY KEY (subscription, stream)
        ) WITHOUT ROWID, STRICT;
        CREATE TABLE late_events (
            subscription TEXT NOT NULL,
            source TEXT NOT NULL,
            id TEXT NOT NULL,
            time_ns INTEGER NOT NULL,
            missed_grain TEXT NOT NULL,
            lateness_ns INTEGER NOT NULL,
            document TEXT NOT NULL,
            PRIMARY KEY (subscription, source, id)
        ) WITHOUT ROWID, STRICT;
        CREATE TABLE dead_letters (
            subscription TEXT NOT NULL,
            source TEXT NOT NULL,
            id TEXT NOT NULL,
            position INTEGER NOT NULL,
            reason TEXT NOT NULL,
            detail TEXT NOT NULL,
            attempts INTEGER NOT NULL,
            first_failure_ns INTEGER NOT NULL,
            last_failure_ns INTEGER NOT NULL,
            document BLOB NOT NULL,
            PRIMARY KEY (subscription, source, id)
        ) WITHOUT ROWID, STRICT;
        """

    // The aggregates of a warehouse are one, whoever counts: so a topic has one subscription that
    // counts it here, and a part of the aggregates is kept or not for all of them. The keys of
    // `progress` and `counted_events` are unique within a subscription; that no event is counted
    // by two is what the owners are for.
    private static let owners = """
        CREATE TABLE counting_owners (
            topic TEXT NOT NULL PRIMARY KEY,
            subscription TEXT NOT NULL
        ) WITHOUT ROWID, STRICT;
        CREATE TABLE kept_parts (
            part TEXT NOT NULL PRIMARY KEY,
            is_kept INTEGER NOT NULL,
            missing INTEGER NOT NULL,
            paused_at INTEGER NOT NULL,
            lacks_distinct INTEGER NOT NULL
        ) WITHOUT ROWID, STRICT;
        """

    // What the objectives counted, slice by slice; a writer is a run.
    private static let history = """
        CREATE TABLE sli_series (
            series INTEGER PRIMARY KEY,
            objective TEXT NOT NULL,
            component TEXT NOT NULL,
            revision TEXT NOT NULL,
            indicator_revision TEXT NOT NULL,
            slice_ns INTEGER NOT NULL,
            UNIQUE (objective, component, revision, indicator_revision, slice_ns)
        ) STRICT;
        CREATE TABLE sli_writers (
            writer INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE
        ) STRICT;
        CREATE TABLE sli_slices (
            series INTEGER NOT NULL REFERENCES sli_series,
            start_ns INTEGER NOT NULL,
            writer INTEGER NOT NULL REFERENCES sli_writers,
            good INTEGER NOT NULL,
            total INTEGER NOT NULL,
            PRIMARY KEY (series, start_ns, writer)
        ) WITHOUT ROWID, STRICT;
        """
    private static let views = """
        CREATE VIEW revenue_per_hour AS
        SELECT datetime(start_ns / 1000000000, 'unixepoch') AS hour, currency,
            purchase AS orders, revenue, refunded
        FROM window_aggregates
        WHERE grain = '1h' AND category = '' AND purchase + refund > 0
        ORDER BY start_ns, currency;
        CREATE VIEW sales_per_day AS
        SELECT date(start_ns / 1000000000, 'unixepoch') AS day, currency,
            purchase AS orders, units, revenue, refunded
        FROM window_aggregates
        WHERE grain = '1d' AND category = '' AND purchase + refund > 0
        ORDER BY start_ns, currency;
        CREATE VIEW top_products AS
        SELECT product, currency, sum(orders) AS orders, sum(units) AS units,
            sum(revenue) AS revenue
        FROM product_sales GROUP BY product, currency
        ORDER BY sum(revenue) DESC, product, currency;
        """
}
