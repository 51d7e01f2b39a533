package import Timekeeping

/// A change of what runs, as somebody has marked it.
package struct Deployment: Hashable, Sendable {
    package var version: String
    /// When it was marked; no other has the same instant.
    package var marked: Timestamp
    /// How long the pipeline is to be stable before what is stored is judged.
    package var settle: Duration
    /// When the refresh was that judged it; nil while that is to come.
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
    /// The deployment that is taken to be the cause of an anomaly: the last one before it was first
    /// seen, unless what that one has stored had been judged already.
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
