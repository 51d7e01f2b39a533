package import Datasets
internal import GRDB
package import Timekeeping

extension SQLiteWarehouse: DeploymentLog {
    package func deployments() async throws -> [Deployment] {
        try await file.read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM deployments ORDER BY marked_ns").map {
                row in
                Deployment(
                    version: row["version"],
                    marked: Timestamp(nanoseconds: row["marked_ns"]),
                    settle: .nanoseconds(row["settle_ns"] as Int64),
                    judged: (row["judged_ns"] as Int64?).map(Timestamp.init(nanoseconds:))
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
