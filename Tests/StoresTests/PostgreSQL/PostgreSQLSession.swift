import CPostgres
import Testing
import Timekeeping

/// Another program's connection to a server, which is none of ours.
final class PostgreSQLSession {
    private let connection: OpaquePointer?

    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    init(_ url: String) throws {
        connection = PQconnectdb(url)
        guard PQstatus(connection) == CONNECTION_OK else {
            throw Failure(description: String(cString: PQerrorMessage(connection)))
        }
        PQsetNoticeReceiver(connection, { _, _ in }, nil)
    }

    deinit { PQfinish(connection) }

    /// What the last statement of `sql` gives, each value as text; NULL as "NULL".
    @discardableResult
    func query(_ sql: String) throws -> [[String]] {
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

    /// Asks `sql` until its one value is `expected`, for 20 s at most.
    func waitUntil(_ sql: String, is expected: String) async throws {
        let timeline = RealTimeline()
        for _ in 0..<2000 where try query(sql) != [[expected]] {
            try await timeline.sleep(until: timeline.now + .milliseconds(10))
        }
        try #require(query(sql) == [[expected]])
    }
}
