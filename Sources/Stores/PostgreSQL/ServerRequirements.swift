package import Stages

/// What a server must be and allow for a warehouse.
package enum ServerRequirements {
    /// Server versions from here on have what the tables need: 13.0, as libpq numbers it.
    static let oldestVersion: Int32 = 130_000

    /// Throws where the server is too old, or its database cannot hold every text or be written.
    static func check(_ line: PostgreSQLLine) throws(StoreError) {
        if let error = flaw(
            version: line.version,
            encoding: line.report("server_encoding"),
            server: line.server
        ) {
            throw error
        }
        let isReadOnly = try line.query(
            Statement(
                name: "ask_read_only",
                sql: "SELECT current_setting('transaction_read_only')::boolean, "
                    + "pg_is_in_recovery()"
            )
        ) { row throws(StoreError) in
            (setting: try row.bool(0), isStandby: try row.bool(1))
        }
        guard let found = isReadOnly.first, found.setting else { return }
        throw StoreError(
            .readOnly,
            found.isStandby
                ? "\(line.server) is a standby, which can only be read; name the primary"
                : "\(line.server) is read-only (default_transaction_read_only); a run must be "
                    + "able to write to it, so name another database or role"
        )
    }

    /// What is wrong with a server of this version and encoding, if anything.
    package static func flaw(version: Int32, encoding: String?, server: String) -> StoreError? {
        if version < oldestVersion {
            return StoreError(
                .refused,
                "\(server) is PostgreSQL \(version / 10_000).\(version % 10_000), which is older "
                    + "than this warehouse needs; use version 13 or later"
            )
        }
        if let encoding, encoding != "UTF8" {
            return StoreError(
                .refused,
                "\(server) has the encoding \(encoding), in which not every text can be stored; "
                    + "name a database that was made with ENCODING 'UTF8'"
            )
        }
        return nil
    }

    /// Throws where the role may not do to the tables what a run does.
    static func checkRights(
        _ line: PostgreSQLLine,
        _ location: PostgreSQLLocation
    ) throws(StoreError) {
        let missing = try line.query(
            Statement(
                name: "ask_rights",
                sql: """
                    SELECT format('%s on %s', wanted, relname)
                    FROM pg_class, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS wanted
                    WHERE relnamespace = to_regnamespace($1) AND relkind = 'r'
                        AND relname <> 'migrations' AND NOT has_table_privilege(oid, wanted)
                    UNION ALL
                    SELECT 'TEMPORARY on the database'
                    WHERE NOT has_database_privilege(current_database(), 'TEMPORARY')
                    """
            ),
            [.text(location.schema)]
        ) { row throws(StoreError) in try row.text(0) }
        guard let first = missing.first else { return }
        let more = missing.count > 1 ? " and \(missing.count - 1) more" : ""
        throw StoreError(
            .refused,
            "\(line.server): the role lacks the right \(first)\(more); grant SELECT, INSERT, "
                + "UPDATE and DELETE on the tables of schema \(location.schema) and TEMPORARY on "
                + "the database, or name another role in the URL"
        )
    }
}
