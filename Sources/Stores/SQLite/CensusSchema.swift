/// The tables of a SQLite warehouse that hold the census of raw events.
enum CensusSchema {
    // One row in the first, or none where no census was taken.
    static let tables = """
        CREATE TABLE raw_census (
            taken_ns INTEGER NOT NULL,
            events INTEGER NOT NULL,
            recorded INTEGER NOT NULL,
            counted INTEGER NOT NULL,
            unstored INTEGER NOT NULL,
            settled_ns INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE raw_census_hours (
            start_ns INTEGER NOT NULL,
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
            PRIMARY KEY (start_ns, currency)
        ) WITHOUT ROWID, STRICT;
        CREATE TABLE raw_census_sources (
            source TEXT NOT NULL PRIMARY KEY,
            events INTEGER NOT NULL,
            sequences INTEGER,
            last_sequence INTEGER,
            first_gap INTEGER,
            refused INTEGER NOT NULL,
            latest_ns INTEGER NOT NULL
        ) WITHOUT ROWID, STRICT;
        CREATE TABLE raw_census_refunds (
            source TEXT NOT NULL,
            transaction_id TEXT NOT NULL,
            currency TEXT NOT NULL,
            purchases INTEGER NOT NULL,
            purchased INTEGER NOT NULL,
            refunded INTEGER NOT NULL,
            latest_ns INTEGER NOT NULL,
            PRIMARY KEY (source, transaction_id, currency)
        ) WITHOUT ROWID, STRICT;
        CREATE TABLE raw_census_findings (
            kind TEXT NOT NULL,
            subject TEXT NOT NULL,
            detail TEXT NOT NULL
        ) STRICT;
        """
}
