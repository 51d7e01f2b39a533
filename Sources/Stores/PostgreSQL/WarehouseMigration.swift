internal import Stages

/// A step from one form of the warehouse's tables to the next.
struct WarehouseMigration {
    /// From 1, without gaps.
    var version: Int64
    var name: String
    /// Statements without values.
    var sql: String

    /// Every step, in order.
    static let all = [
        WarehouseMigration(version: 1, name: "aggregates and exceptions", sql: tables + views),
        WarehouseMigration(version: 2, name: "slices of objectives", sql: slices),
        WarehouseMigration(version: 3, name: "datasets and invariants", sql: datasets + snapshot),
        WarehouseMigration(version: 4, name: "refresh of the invariants", sql: refresh),
        WarehouseMigration(version: 5, name: "deployments", sql: deployments),
        WarehouseMigration(version: 6, name: "census of raw events", sql: census),
        WarehouseMigration(version: 7, name: "orders", sql: orders),
        WarehouseMigration(version: 8, name: "owners of what is counted", sql: owners),
        WarehouseMigration(version: 9, name: "amounts of four decimals", sql: amounts),
    ]

    /// Brings the schema of `location` up to date; processes that start at once take turns.
    static func migrate(
        _ line: PostgreSQLLine,
        _ location: PostgreSQLLocation
    ) throws(StoreError) {
        // Without a lock and without rights to create anything, where there is nothing to do.
        if try storedVersion(line, location) == Int64(all.count) { return }
        try line.execute("BEGIN ISOLATION LEVEL READ COMMITTED; \(WarehouseStatement.lock)")
        let stored = try storedVersion(line, location)
        if stored == nil {
            try line.execute("CREATE SCHEMA IF NOT EXISTS \(location.schema); \(ledger)")
        }
        for migration in all where migration.version > stored ?? 0 {
            try line.execute(migration.sql)
            _ = try line.query(
                Statement(
                    name: "record_migration",
                    sql: "INSERT INTO migrations (version, name) VALUES ($1, $2)"
                ),
                [.integer(migration.version), .text(migration.name)]
            ) { _ in }
        }
        try line.execute("COMMIT")
    }

    /// The version that the schema has; nil where there is none, or nothing in it.
    private static func storedVersion(
        _ line: PostgreSQLLine,
        _ location: PostgreSQLLocation
    ) throws(StoreError) -> Int64? {
        let tables = try line.query(
            Statement(
                name: "list_tables",
                sql: """
                    SELECT relname::text FROM pg_class
                    WHERE relnamespace = to_regnamespace($1) AND relkind IN ('r', 'p', 'v', 'm')
                    """
            ),
            [.text(location.schema)]
        ) { row throws(StoreError) in try row.text(0) }
        guard !tables.isEmpty else { return nil }
        guard tables.contains("migrations"), tables.contains("window_aggregates") else {
            throw StoreError(
                .wrongFormat,
                "\(line.server): schema \(location.schema) belongs to another program; name "
                    + "another one in the URL with ?schema="
            )
        }
        let versions = try line.query(
            Statement(name: "read_version", sql: "SELECT max(version) FROM migrations")
        ) { row throws(StoreError) in try row.optionalInteger(0) ?? 0 }
        let version = versions.first ?? 0
        guard version <= Int64(all.count) else {
            throw StoreError(
                .wrongFormat,
                "\(line.server): schema \(location.schema) has version \(version), which a newer "
                    + "weir has made, and this one knows \(all.count); use that weir, or name "
                    + "another schema in the URL with ?schema="
            )
        }
        return version
    }

    private static let ledger = """
        CREATE TABLE migrations (
            version bigint PRIMARY KEY,
            name text NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT now()
        );
        COMMENT ON TABLE migrations IS
            'Which steps have made the tables of this schema what they are.';
        """
}
