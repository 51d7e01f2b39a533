internal import Documents
internal import Reports
internal import Timekeeping

/// The deployments that a warehouse knows of, as a person or a program reads it.
package struct DeploymentListing: WrittenListing, Sendable {
    package struct Line: Encodable, Sendable {
        package var version: String
        /// RFC 3339.
        package var marked: String
        package var settle: String
        /// RFC 3339; nil while that is to come.
        package var judged: String?
        /// How many anomalies are attributed to it, those that have gone among them.
        package var anomalies: Int
    }

    package var schemaVersion = 1
    /// By the time of their marks.
    package var deployments: [Line]

    /// The listing of `deployments`, to which the anomalies of `snapshot` are attributed.
    package init(_ deployments: [Deployment], _ snapshot: InvariantSnapshot) {
        let causes = snapshot.anomalies.compactMap {
            deployments.cause(ofWhatWasFirstSeen: $0.firstSeen)?.marked
        }
        self.deployments = deployments.map { deployment in
            Line(
                version: deployment.version,
                marked: deployment.marked.description,
                settle: DurationText.write(deployment.settle),
                judged: deployment.judged?.description,
                anomalies: causes.count { $0 == deployment.marked }
            )
        }
    }

    package func text(colour: Bool) -> String {
        let table = ReportDocument.Table(
            "deployments",
            [
                .text("version"), .text("marked"), .text("settle"), .text("judged"),
                .number("anomalies"),
            ],
            of: deployments
        ) { line in
            [
                "\(line.version)", "\(line.marked)", "\(line.settle)",
                "\(line.judged ?? "not yet")",
                .count(Int64(line.anomalies), ifAny: .bad),
            ]
        }
        return TableText(table, colour: colour).text
    }
}
