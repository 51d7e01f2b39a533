package import Datasets
internal import Stages
package import Timekeeping

extension PostgreSQLWarehouse: DeploymentLog {
    package func deployments() async throws -> [Deployment] {
        try await reports.run { [flaws] line throws(StoreError) in
            try line.query(
                DeploymentStatement.read,
                notingIn: flaws
            ) { row throws(StoreError) in
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
        try await reports.run { line throws(StoreError) in
            _ = try line.query(
                DeploymentStatement.mark,
                [
                    .text(deployment.version), .integer(deployment.marked.nanoseconds),
                    .integer(deployment.settle.inNanoseconds),
                    Parameter(deployment.judged?.nanoseconds),
                ]
            ) { _ in }
        }
    }

    package func judge(
        deploymentMarkedAt marked: Timestamp,
        at instant: Timestamp
    ) async throws {
        try await reports.run { line throws(StoreError) in
            _ = try line.query(
                DeploymentStatement.judge,
                [.integer(marked.nanoseconds), .integer(instant.nanoseconds)]
            ) { _ in }
        }
    }
}

/// The texts that keep deployments.
private enum DeploymentStatement {
    static let read = Statement(
        name: "deployments",
        sql: "SELECT marked_ns, version, settle_ns, judged_ns FROM deployments ORDER BY marked_ns",
        table: "deployments",
        keys: 1
    )

    static let mark = Statement(
        name: "mark_deployment",
        sql: "INSERT INTO deployments (version, marked_ns, settle_ns, judged_ns) "
            + "VALUES ($1, $2, $3, $4)"
    )

    static let judge = Statement(
        name: "judge_deployment",
        sql: "UPDATE deployments SET judged_ns = $2 WHERE marked_ns = $1 AND judged_ns IS NULL"
    )
}
