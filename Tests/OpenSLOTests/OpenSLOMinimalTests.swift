import Documents
import ObjectiveSamples
import OpenSLO
import SLO
import Testing

/// Documents that are right, and what they come to.
@Suite struct OpenSLOMinimalTests {
    @Test func `the minimal set is one objective with everything resolved`() throws {
        let result = reading(minimalSet)
        #expect(result.mistakes.map(\.description) == [])
        #expect(result.warnings.map(\.description) == [])
        let set = try result.checked()
        func source(_ query: String) -> MetricSource {
            MetricSource(dataSource: "local-prom", .query(query))
        }
        let factor = try #require(ExactDecimal("14.4"))
        #expect(
            set.objectives == [
                Objective(
                    name: "checkout-availability",
                    service: "checkout",
                    target: try #require(ExactDecimal("0.999")),
                    budgeting: .occurrences,
                    timeWindow: .rolling(.seconds(30 * 86_400)),
                    components: [
                        ObjectiveComponent(
                            name: "checkout-ok-ratio",
                            indicator: .ratio(
                                RatioIndicator(
                                    isCounter: true,
                                    terms: .goodTotal(
                                        good: source(#"orders_total{result="ok"}"#),
                                        total: source("orders_total")
                                    )
                                )
                            )
                        )
                    ],
                    alertPolicies: [
                        AlertPolicy(
                            name: "checkout-page",
                            rules: [
                                .burnRate(
                                    BurnRateAlert(
                                        longWindow: .seconds(3600),
                                        factor: factor,
                                        alertAfter: .seconds(300),
                                        severity: "page"
                                    )
                                )
                            ],
                            alertWhenResolved: true,
                            alertWhenBreaching: true,
                            targets: [
                                NotificationTarget(name: "oncall-webhook", target: "webhook")
                            ]
                        )
                    ]
                )
            ]
        )
        let dataSource = try #require(set.dataSources.first)
        #expect(set.dataSources.count == 1)
        #expect(dataSource.name == "local-prom")
        #expect(dataSource.kind == .prometheus)
        #expect(dataSource.url == "http://127.0.0.1:9090")
    }

    @Test func `the shipped objectives are read without a mistake or a doubt`() throws {
        let files = try OpenSLO.files(at: [repositoryFile("slo/storefront")])
        let result = OpenSLO.read(files)
        #expect(result.mistakes.map(\.description) == [])
        #expect(result.warnings.map(\.description) == [])
        #expect(ObjectiveLint.warnings(for: result.set).map(\.description) == [])
        let names = result.set.objectives.map(\.name)
        #expect(
            names == [
                "availability", "freshness", "message-success", "mongodb-connections",
                "processing-latency",
            ]
        )
        #expect(result.set.objectives.allSatisfy { $0.owner == "data" })
        #expect(result.set.objectives[0].components.count == 5)
    }
}
