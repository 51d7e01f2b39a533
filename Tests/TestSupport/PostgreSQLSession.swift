internal import CPostgres

/// Another program's connection to a server, which is none of ours.
package final class PostgreSQLSession {
    private let connection: OpaquePointer?

    package struct Failure: Error, CustomStringConvertible {
        package var description: String
    }

    package init(_ url: String) throws {
        connection = PQconnectdb(url)
        guard PQstatus(connection) == CONNECTION_OK else {
            throw Failure(description: String(cString: PQerrorMessage(connection)))
        }
        PQsetNoticeReceiver(connection, { _, _ in }, nil)
    }

    deinit { PQfinish(connection) }

    /// What the last statement of `sql` gives, each value as text; NULL as "NULL".
    @discardableResult
    package func query(_ sql: String) throws -> [[String]] {
        let result = PQexec(connection, sql)
        defer { PQclear(result) }
        guard [PGRES_COMMAND_OK, PGRES_TUPLES_OK].contains(PQresultStatus(result)) else {
            throw Failure(description: String(cString: PQresultErrorMessage(result)))
        }
        return (0..<PQntuples(result)).map { row in
            (0..<PQnfields(result)).map { column in
                PQgetisnull(result, row, column) == 1
                    ? "NULL" : String(cString: PQgetvalue(result, row, column))
            }
        }
    }
}
