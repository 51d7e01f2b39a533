internal import Documents
internal import Reports
package import Timekeeping

/// A marked deployment: a change of what runs.
package struct Deployment: Hashable, Sendable {
    package var version: String
    /// When it was marked; no other has the same instant.
    package var marked: Timestamp
    /// How long the pipeline must be stable before the data are judged.
    package var settle: Duration
    /// When a refresh judged it; nil before that.
    package var judged: Timestamp?

    package init(
        version: String,
        marked: Timestamp,
        settle: Duration,
        judged: Timestamp? = nil
    ) {
        self.version = version
        self.marked = marked
        self.settle = settle
        self.judged = judged
    }
}

extension [Deployment] {
    /// The deployment that an anomaly is attributed to: the last one before it was first
    /// seen, unless that one had been judged already.
    package func cause(ofWhatWasFirstSeen instant: Timestamp) -> Deployment? {
        guard let last = filter({ $0.marked <= instant }).max(by: { $0.marked < $1.marked }) else {
            return nil
        }
        return last.judged.map { instant <= $0 } ?? true ? last : nil
    }
}

/// A warehouse that remembers deployments.
package protocol DeploymentLog: Sendable {
    /// Every deployment, by the time of its mark.
    func deployments() async throws -> [Deployment]

    /// Remembers `deployment`.
    func mark(_ deployment: Deployment) async throws

    /// Remembers that the deployment marked at `marked` was judged by a refresh at `instant`;
    /// changes nothing where it has been.
    func judge(deploymentMarkedAt marked: Timestamp, at instant: Timestamp) async throws
}

/// The deployments that a warehouse knows, for people and programs.
package struct DeploymentListing: WrittenListing, Sendable {
    package struct Line: Encodable, Sendable {
        package var version: String
        /// RFC 3339.
        package var marked: String
        package var settle: String
        /// RFC 3339; nil before that.
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
