import Datasets
import Testing
import Timekeeping

/// Which deployment an anomaly is attributed to.
struct DeploymentTests {
    private static func at(_ seconds: Int64) -> Timestamp { Timestamp(seconds: seconds) }

    private static let deployments = [
        Deployment(version: "1", marked: at(100), settle: .seconds(10), judged: at(150)),
        Deployment(version: "2", marked: at(200), settle: .seconds(10), judged: at(250)),
        Deployment(version: "3", marked: at(220), settle: .seconds(10)),
    ]

    @Test(
        arguments: [
            (99, nil), (100, "1"), (150, "1"), (151, nil), (219, "2"), (220, "3"), (250, "3"),
            (900, "3"),
        ] as [(Int64, String?)]
    )
    func `it is the last one before, until that one is judged`(
        seconds: Int64,
        version: String?
    ) {
        #expect(
            Self.deployments.cause(ofWhatWasFirstSeen: Self.at(seconds))?.version == version
        )
        #expect(
            Self.deployments.reversed().cause(ofWhatWasFirstSeen: Self.at(seconds))?.version
                == version
        )
    }

    @Test func `a report names it, and a listing counts what it has brought`() throws {
        let seen: [(Int64, Timestamp?)] = [
            (120, nil), (160, nil), (210, Self.at(230)), (300, nil),
        ]
        let anomalies = seen.map { seen, gone in
            InvariantSnapshot.Anomaly(
                invariant: "rule",
                subject: "s\(seen)",
                detail: "",
                firstSeen: Self.at(seen),
                lastSeen: Self.at(seen),
                gone: gone
            )
        }
        let snapshot = InvariantSnapshot(
            standings: [
                .init(invariant: "rule", severity: "page", owner: "data", description: "", count: 3)
            ],
            anomalies: anomalies
        )
        let report = InvariantReport(
            snapshot,
            gone: true,
            deployments: Self.deployments,
            in: "here"
        )
        #expect(report.invariants[0].rows.map(\.deployment) == ["1", nil, "2", "3"])
        let listing = DeploymentListing(Self.deployments, snapshot)
        #expect(listing.deployments.map(\.anomalies) == [1, 1, 1])
    }
}
