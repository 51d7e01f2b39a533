package import Datasets
package import Prometheus
internal import SLO
internal import Timekeeping

/// The metrics of invariants, all from the last snapshot.
package struct InvariantMetrics: Sendable {
    /// The outcomes of the refreshes of one process.
    package struct Refreshes: Hashable, Sendable {
        package var succeeded: Int64 = 0
        package var failed: Int64 = 0

        package init() {}
    }

    private typealias Standing = InvariantSnapshot.Standing

    private let standings: [Standing]
    private let refreshes: Refreshes
    private let interval: Duration

    /// The metrics of `standings`; invariants of `set` that were never checked have 0.
    ///
    /// `interval` is how old figures are before this process refreshes them.
    package init(
        _ standings: [InvariantSnapshot.Standing],
        of set: InvariantSet,
        _ refreshes: Refreshes,
        every interval: Duration
    ) {
        let known = Set(standings.map(\.invariant))
        // Without a census nothing is known, which 0 would not say.
        let unseen = set.invariants.filter { !known.contains($0.name) && !$0.needsCensus }
            .map { Standing($0) }
        self.standings = (standings + unseen).sorted { $0.invariant < $1.invariant }
        self.refreshes = refreshes
        self.interval = interval
    }

    package var families: [MetricFamily] {
        [
            family("dataset_anomalies", "What offends against an invariant.") { $0.count },
            family(
                "dataset_invariant_consecutive_failures",
                "Looks at an invariant that have failed since the last one that did not."
            ) { $0.failures },
            MetricFamily(
                "dataset_invariants_last_refresh_timestamp_seconds",
                .gauge,
                unit: "seconds",
                help: "When the oldest figure of the snapshot was found; 0 while one is missing.",
                samples: [sample(.number(asOf.map { Double($0.nanoseconds) / 1e9 } ?? 0))]
            ),
            MetricFamily(
                "dataset_invariants_refresh_interval_seconds",
                .gauge,
                unit: "seconds",
                help: "How old the snapshot is before this process refreshes it.",
                samples: [sample(.number(interval.inSeconds))]
            ),
            MetricFamily(
                "dataset_invariants_refresh_seconds",
                .gauge,
                unit: "seconds",
                help: "How long the looks took that the snapshot is from, all together.",
                samples: [
                    sample(.number(standings.reduce(Duration.zero) { $0 + $1.took }.inSeconds))
                ]
            ),
            MetricFamily(
                "dataset_invariants_refreshes",
                .counter,
                help: "Refreshes that this process has begun and that ended so.",
                samples: [
                    sample(.integer(refreshes.succeeded), [.init("result", "succeeded")]),
                    sample(.integer(refreshes.failed), [.init("result", "failed")]),
                ]
            ),
        ]
    }

    private var asOf: Timestamp? { InvariantSnapshot(standings: standings).asOf }

    private func family(
        _ name: String,
        _ help: String,
        _ value: (Standing) -> Int64
    ) -> MetricFamily {
        let samples = standings.map { standing in
            sample(
                .integer(value(standing)),
                [
                    .init("invariant", standing.invariant), .init("severity", standing.severity),
                    .init("owner", standing.owner),
                ]
            )
        }
        return MetricFamily(name, .gauge, help: help, samples: samples)
    }

    private func sample(
        _ value: MetricValue,
        _ labels: [MetricFamily.Label] = []
    ) -> MetricFamily.Sample {
        MetricFamily.Sample(labels, value)
    }
}
