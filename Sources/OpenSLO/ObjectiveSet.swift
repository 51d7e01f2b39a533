package import SLO

/// The objectives that some files describe, with the places that ``ObjectiveLint`` speaks of.
package struct ObjectiveSet: Sendable {
    /// In the order of the files and of the documents in them.
    package var entries: [Entry] = []
    /// What says where Prometheus is, and the like, by name in that order.
    package var dataSources: [DataSource] = []

    /// The objectives alone.
    package var objectives: [Objective] { entries.map(\.objective) }

    /// An objective and where its documents say what.
    package struct Entry: Sendable {
        package var objective: Objective
        /// Where its name stands.
        package var site: OpenSLO.Site
        package var targetSite: OpenSLO.Site
        package var windowSite: OpenSLO.Site
        /// The policies' rules one after the other.
        package var alerts: [Alert] = []
        /// Everything that is measured.
        package var sources: [OpenSLO.Located<MetricSource>] = []
        /// What the annotation `weir.dev/expected-events-per-hour` says.
        package var expectedEventsPerHour: ExactDecimal?
        /// What the annotation `weir.dev/revision-note` says.
        package var revisionNote: String?
    }

    /// A rule and where it is written.
    package struct Alert: Sendable {
        package var rule: AlertRule
        package var policy: String
        /// Where the threshold stands, or the reference to what it follows from.
        package var site: OpenSLO.Site
        package var windowSite: OpenSLO.Site
    }

    /// A DataSource with what it takes to reach it.
    package struct DataSource: Hashable, Sendable {
        package var name: String
        package var kind: MetricSource.Kind
        /// Where its type stands.
        package var site: OpenSLO.Site
        /// What its `connectionDetails` say of where it is.
        package var url: String?
        /// The environment variable that has the token to show there.
        package var bearerTokenEnv: String?
    }
}
