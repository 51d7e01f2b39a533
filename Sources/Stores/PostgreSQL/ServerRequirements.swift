internal import SQLStores
package import Storage

/// What a server must be and allow for a warehouse.
package enum ServerRequirements {
    /// Server versions from here on have what the tables need: 13.0, as libpq numbers it.
    static let oldestVersion: Int32 = 130_000

    /// Throws where the server is too old, or its database cannot hold every text or be written.
    static func check(_ connection: PostgreSQLConnection) throws {
        if let error = refusal(
            version: connection.version,
            encoding: connection.report("server_encoding"),
            server: connection.store
        ) {
            throw error
        }
        let isReadOnly = try connection.map(
            SQLStatement(
                "SELECT current_setting('transaction_read_only')::boolean, "
                    + "pg_is_in_recovery()"
            )
        ) { row in
            (setting: try row.bool(0), isStandby: try row.bool(1))
        }
        guard let found = isReadOnly.first, found.setting else { return }
        throw StoreError(
            .readOnly,
            found.isStandby
                ? "\(connection.store) is a standby, which can only be read; name the primary"
                : "\(connection.store) is read-only (default_transaction_read_only); a run must be "
                    + "able to write to it, so name another database or role"
        )
    }

    /// What is wrong with a server of this version and encoding, if anything.
    package static func refusal(version: Int32, encoding: String?, server: String) -> StoreError? {
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
        _ connection: PostgreSQLConnection,
        _ location: PostgreSQLLocation
    ) throws {
        let missing = try connection.map(
            SQLStatement(
                """
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
        ) { row in try row.text(0) }
        guard let first = missing.first else { return }
        let more = missing.count > 1 ? " and \(missing.count - 1) more" : ""
        throw StoreError(
            .refused,
            "\(connection.store): the role lacks the right \(first)\(more); grant SELECT, INSERT, "
                + "UPDATE and DELETE on the tables of schema \(location.schema) and TEMPORARY on "
                + "the database, or name another role in the URL"
        )
    }
}

/// What a PostgreSQL server, or libpq on its behalf, said went wrong.
package struct ServerFailure: Sendable {
    /// The SQLSTATE, five characters; nil where the server did not get to say one.
    var state: String?
    /// What was said, without values of rows.
    var message: String
    /// Where in the statement it went wrong, in characters from 1; nil where that is not said.
    var position: Int?

    package init(state: String?, message: String, position: Int? = nil) {
        self.state = state
        self.message = message
        self.position = position
    }

    /// The error for the caller, with the remedy; `server` is named as it is given.
    package func storeError(at server: String) -> StoreError {
        let (code, remedy) = verdict
        return StoreError(code, "\(server): \(message); \(remedy)")
    }

    private var verdict: (StoreError.Code, String) {
        guard let state else { return ServerFailure.verdict(onConnecting: message) }
        return ServerFailure.verdicts[state]
            ?? ServerFailure.verdicts[String(state.prefix(2))]
            ?? (.refused, "this is a fault of weir's, which the server's log tells more of")
    }

    /// By SQLSTATE and, for all others of a class, by its first two characters:
    /// https://www.postgresql.org/docs/current/errcodes-appendix.html.
    private static let verdicts: [String: (StoreError.Code, String)] = [
        "08": (.unavailable, "see that the server runs and can be reached"),
        "0A000": (.refused, "see that a PostgreSQL server of version 13 or later answers there"),
        "22": (.refused, "see that the sums are within 64 bits and the texts are UTF-8"),
        "22P05": (.refused, "use a database with the encoding UTF8"),
        "23": (.refused, "see that no other run writes to it"),
        "25P03": (.busy, "the run may have stood still; trying again is right"),
        "25006": (.readOnly, "name the primary, and a database and role that may write"),
        "28000": (
            .refused,
            "see that user and password are right and that pg_hba.conf admits them, if need be "
                + "with sslmode=require in the URL"
        ),
        "28P01": (.refused, "see that user and password are right"),
        "3D000": (.refused, "create the database with createdb, or name another in the URL"),
        "3F000": (.refused, "check that the warehouse's schema was not dropped"),
        "40": (.busy, "trying again is right"),
        "42501": (.refused, "grant the role what is missing, or name another in the URL"),
        "42P01": (.refused, "check that the warehouse's tables were not dropped"),
        "53": (.busy, "see that the server has memory and connections to spare"),
        "53100": (.full, "make room on the server's disk"),
        "53300": (
            .busy, "raise max_connections or the role's or database's limit, or end other clients"
        ),
        "54": (.refused, "see that names and ids are of sensible length"),
        "55": (.busy, "see who holds its locks in pg_locks"),
        "55000": (.refused, "see the server's log"),
        "57": (.unavailable, "see that the server runs; it may be starting or shutting down"),
        "57014": (
            .busy, "see what holds the server up in pg_stat_activity, or raise statement_timeout"
        ),
        "58": (.unavailable, "see that the server's disk is well"),
        "XX": (.refused, "see the server's log"),
        "XX001": (.corrupted, "restore the database from a backup"),
        "XX002": (.corrupted, "reindex the database"),
    ]

    /// libpq gives no code for what it finds itself while it connects, but its texts are fixed.
    private static func verdict(onConnecting message: String) -> (StoreError.Code, String) {
        let text = message.lowercased()
        let permanent = [
            ("server does not support ssl", "say sslmode=prefer in the URL, or set up TLS there"),
            (
                "certificate",
                "see that sslrootcert names the authority and the host is the one it "
                    + "was made for"
            ),
            (
                "ssl error",
                "see that sslmode, sslrootcert, sslcert and sslkey in the URL fit the "
                    + "server"
            ),
            ("no password supplied", "put the password into the URL, PGPASSWORD or ~/.pgpass"),
            ("invalid ", "see that the URL's parameters are libpq's"),
            ("authentication method", "see that libpq is as new as the server"),
        ]
        for (part, remedy) in permanent where text.contains(part) {
            return (.refused, remedy)
        }
        return (.unavailable, "see that the server runs and can be reached")
    }
}
