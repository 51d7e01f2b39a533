internal import Datasets
internal import GRDB
internal import SQLStores

/// The tables and views of a SQLite warehouse, as versioned migrations.
enum WarehouseSchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        for (identifier, sql) in migrations {
            migrator.registerMigration(identifier) { try $0.execute(sql: sql) }
        }
        return migrator
    }

    /// Every step that makes something here, in order.
    private static var migrations: [(identifier: String, sql: String)] {
        WarehouseStep.allCases.compactMap { step in
            let sql = own(before: step) + step.tables(.sqlite) + own(after: step)
            return sql.isEmpty ? nil : (identifier(of: step), sql)
        }
    }

    /// The name under which files note a step.
    private static func identifier(of step: WarehouseStep) -> String {
        switch step {
        case .aggregates: "1"
        case .history: "2"
        case .datasets: "3"
        case .deployments: "4"
        default: "\(step)"
        }
    }

    private static func own(before step: WarehouseStep) -> String {
        step == .history ? writers : ""
    }

    private static func own(after step: WarehouseStep) -> String {
        switch step {
        case .aggregates:
            views(orders: "purchase") + products
        case .orders:
            "DROP VIEW revenue_per_hour; DROP VIEW sales_per_day;"
                + views(orders: "purchase - order_parts")
        default: ""
        }
    }

    private static let writers = """
        CREATE TABLE sli_writers (
            writer INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE
        ) STRICT;

        """

    private static func views(orders: String) -> String {
        """
        CREATE VIEW revenue_per_hour AS
        SELECT datetime(start_ns / 1000000000, 'unixepoch') AS hour, currency,
            \(orders) AS orders, revenue, refunded
        FROM window_aggregates
        WHERE grain = '1h' AND category = '' AND purchase + refund > 0
        ORDER BY start_ns, currency;
        CREATE VIEW sales_per_day AS
        SELECT date(start_ns / 1000000000, 'unixepoch') AS day, currency,
            \(orders) AS orders, units, revenue, refunded
        FROM window_aggregates
        WHERE grain = '1d' AND category = '' AND purchase + refund > 0
        ORDER BY start_ns, currency;

        """
    }

    private static let products = """
        CREATE VIEW top_products AS
        SELECT product, currency, sum(orders) AS orders, sum(units) AS units,
            sum(revenue) AS revenue
        FROM product_sales GROUP BY product, currency
        ORDER BY sum(revenue) DESC, product, currency;
        """
}
