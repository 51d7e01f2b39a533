package import Datasets
internal import GRDB
package import Timekeeping

extension SQLiteWarehouse: DeploymentLog {
    package func deployments() async throws -> [Deployment] {
        try await file.read { [flaws = file.flaws] database in
            try RowReader(
                database,
                StoredTable("deployments", keys: 1),
                """
                SELECT marked_ns, version, settle_ns, judged_ns FROM deployments
                ORDER BY marked_ns
                """
            ).map(notingIn: flaws) { row in
                Deployment(
                    version: try row.text(1),
                    marked: try row.instant(0),
                    settle: try row.span(2),
                    judged: try row.optionalInstant(3)
                )
            }
        }
    }

    package func mark(_ deployment: Deployment) async throws {
        try await file.write { database in
            try database.execute(
                sql: "INSERT INTO deployments (version, marked_ns, settle_ns, judged_ns) "
                    + "VALUES (?, ?, ?, ?)",
                arguments: [
                    deployment.version, deployment.marked.nanoseconds,
                    deployment.settle.inNanoseconds, deployment.judged?.nanoseconds,
                ]
            )
        }
    }

    package func judge(
        deploymentMarkedAt marked: Timestamp,
        at instant: Timestamp
    ) async throws {
        try await file.write { database in
            try database.execute(
                sql: "UPDATE deployments SET judged_ns = ? "
                    + "WHERE marked_ns = ? AND judged_ns IS NULL",
                arguments: [instant.nanoseconds, marked.nanoseconds]
            )
        }
    }
}
