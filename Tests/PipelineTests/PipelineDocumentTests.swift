import Broker
import Commerce
import Documents
import Foundation
import Pipeline
import Stages
import Storage
import Testing
import Timekeeping

/// What a pipeline file says is what its document says.
@Suite struct PipelineDocumentTests {
    @Test func `the shipped storefront is what its file says`() throws {
        var expected = PipelineDocument(name: "storefront")
        expected.owners = [
            .init(name: "shop", contact: "shop@example.com"),
            .init(name: "data", contact: "data@example.com"),
        ]
        expected.topics = [.init(name: "events", owner: "shop")]
        var ingest = PipelineDocument.Subscription(name: "ingest", topic: "events")
        ingest.owner = "data"
        var analytics = PipelineDocument.Subscription(name: "analytics", topic: "events")
        analytics.owner = "data"
        expected.subscriptions = [ingest, analytics]
        var ingestStage = PipelineDocument.Stage(
            name: "ingest",
            kind: .ingest(subscription: "ingest", store: "raw"),
            owner: "data"
        )
        ingestStage.batch = 4096
        expected.stages = [
            .init(name: "storefront", kind: .producer(topic: "events"), owner: "shop"),
            ingestStage,
            .init(
                name: "analytics",
                kind: .analytics(
                    .init(
                        subscription: "analytics",
                        store: "warehouse",
                        windows: [.second, .minute, .hour, .day, .month]
                    )
                ),
                owner: "data"
            ),
        ]
        expected.stores = [
            .init(name: "raw", role: .raw, url: "sqlite:.weir/raw.sqlite", owner: "data"),
            .init(
                name: "warehouse",
                role: .warehouse,
                url: "sqlite:.weir/warehouse.sqlite",
                owner: "data"
            ),
        ]
        expected.stores[0].serviceTime = ServiceTime(
            .constant(.milliseconds(6)),
            perEvent: .microseconds(400)
        )
        expected.stores[1].serviceTime = ServiceTime(
            .constant(.milliseconds(40)),
            perEvent: .microseconds(25)
        )
        let path = shippedFile("storefront.yaml").path(percentEncoded: false)
        let document = try PipelineDocument.read(path: path)
        // Everything else in the file repeats a default, so that the file shows them.
        expected.objectives = ["../slo/storefront"]
        #expect(document == expected)
        #expect(document.load == LoadProfile(shape: .constant(rate: 1000), arrivals: .poisson))
        #expect(document.validation.rules.earliest == EventRules.standard.earliest)
        #expect(document.validation.rules.aheadLimit == EventRules.standard.aheadLimit)
    }

    @Test func `the commented example of an input is right`() throws {
        let text = try String(contentsOf: shippedFile("storefront.yaml"), encoding: .utf8)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let start = try #require(lines.firstIndex(of: "  # input:"))
        let example = lines[start..<start + 5].map { $0.replacing("  # ", with: "  ") }
        let document = try PipelineDocument.parse(
            text: minimalPipeline + example.joined(separator: "\n"),
            file: "f"
        )
        var columns = CSVMapping(
            time: "ordered_at",
            timeFormat: .rfc3339,
            user: "customer",
            name: .constant(.purchase),
            currency: .constant(.usd)
        )
        columns.transaction = "order"
        columns.quantity = "units"
        columns.amount = .value(column: "total")
        #expect(document.csv == columns)
    }

    @Test func `a subscription can say everything`() throws {
        let document = try parse(
            """
              subscriptions:
                - name: a
                  topic: t
                  ackDeadlineSeconds: 600
                  enableMessageOrdering: true
                  filter: attributes.type = "purchase" AND NOT hasPrefix(attributes.user, "u")
                  messageRetentionDuration: 10m
                  retainAckedMessages: true
                  retryPolicy: {minimumBackoff: "0.25s", maximumBackoff: 2m}
                  deadLetterPolicy: {maxDeliveryAttempts: 100}
                  flowControl:
                    maxOutstandingMessages: 10
                    maxOutstandingBytes: 1GiB
                    whenFull: shed
            """
        )
        var expected = PipelineDocument.Subscription(name: "a", topic: "t")
        expected.policy.ackDeadline = .seconds(600)
        expected.policy.isOrdered = true
        expected.filter = .all([
            .equal("type", "purchase"), .not(.hasPrefix("user", "u")),
        ])
        expected.policy.retention = .seconds(600)
        expected.policy.retainsAcked = true
        expected.policy.minimumBackoff = .milliseconds(250)
        expected.policy.maximumBackoff = .seconds(120)
        expected.policy.maximumAttempts = 100
        expected.policy.maximumMessages = 10
        expected.policy.maximumBytes = 1 << 30
        expected.policy.whenFull = .shed
        #expect(document.subscriptions == [expected])
    }

    @Test(arguments: [
        ("{shape: constant, rate: 2.5}", LoadProfile.Shape.constant(rate: 2.5)),
        ("{shape: ramp, from: 1, to: 1e3, over: 1m}", .ramp(from: 1, to: 1000, over: .seconds(60))),
        (
            "{shape: step, steps: [{at: 0s, rate: 5}, {at: 1500ms, rate: 0}]}",
            .step([.init(at: .zero, rate: 5), .init(at: .milliseconds(1500), rate: 0)])
        ),
        (
            "{shape: spike, base: 0, peak: 9, at: 1h, for: 5s}",
            .spike(base: 0, peak: 9, at: .seconds(3600), lasting: .seconds(5))
        ),
        (
            "{shape: diurnal, mean: 100, amplitude: 0.5, period: 1d, peakAt: 18h}",
            .diurnal(
                mean: 100,
                amplitude: 0.5,
                period: .seconds(86_400),
                peakAt: .seconds(64_800)
            )
        ),
    ])
    func `every shape of load is read`(text: String, shape: LoadProfile.Shape) throws {
        #expect(try parse("  load: \(text)").load.shape == shape)
    }

    @Test func `traffic of sessions changes only what it names`() throws {
        let document = try parse(
            """
              traffic:
                users: 0
                currency: JPY
                prices: {from: 100, to: 5000}
                landing: {view_item: 0.3, search: 0.7}
                transitions: {view_item: {add_to_cart: 0.1}}
                cartLimit: 2
            """
        )
        var expected = PipelineDocument.Traffic()
        expected.shop.users = 0
        expected.shop.currency = try #require(Currency(code: "JPY"))
        expected.shop.priceRange = 100...5000
        var sessions = SessionOptions()
        sessions.landing = [.viewItem: 0.3, .search: 0.7]
        sessions.transitions[.viewItem] = [.addToCart: 0.1]
        sessions.cartLimit = 2
        expected.model = .sessions(sessions)
        #expect(document.traffic == expected)
    }

    @Test func `a traffic mix is read`() throws {
        let document = try parse("  traffic: {model: mix, shares: {purchase: 0.9, refund: 0.1}}")
        var mix = MixOptions()
        mix.shares = [.purchase: 0.9, .refund: 0.1]
        #expect(document.traffic.model == .mix(mix))
    }

    @Test func `relays and services make a graph of several teams`() throws {
        let document = try PipelineDocument.parse(
            text: """
                apiVersion: weir/v1
                kind: Pipeline
                metadata: {name: p}
                spec:
                  topics: [{name: orders, messageRetentionDuration: 1d}, {name: traffic}]
                  subscriptions: [{name: a, topic: orders}, {name: b, topic: traffic}]
                  stages:
                    - {name: s, kind: producer, publishes: orders, workers: 2, batch: 64}
                    - {name: r, kind: relay, subscription: a, publishes: traffic, calls: [x]}
                    - {name: w, kind: analytics, subscription: b, store: h, windows: [1d, 1s]}
                  stores: [{name: h, role: warehouse}]
                  services: [{name: x, calls: [y]}, {name: y}]
                  objectives: [slo/orders.yaml]
                """,
            file: "f"
        )
        #expect(document.topics[0].messageRetention == .seconds(86_400))
        #expect(document.stages.map(\.topic) == ["orders", "traffic", nil])
        #expect(document.stages.map(\.subscription) == [nil, "a", "b"])
        #expect(document.stages[0].workers == 2)
        #expect(document.stages[0].batch == 64)
        #expect(document.stages[1].calls == ["x"])
        #expect(
            document.stores == [
                .init(name: "h", role: .warehouse, url: "sqlite:.weir/warehouse.sqlite")
            ]
        )
        #expect(document.services[0].calls == ["y"])
        #expect(document.objectives == ["slo/orders.yaml"])
        #expect(document.warnings.isEmpty)
        guard case .analytics(let analytics) = document.stages[2].kind else {
            Issue.record("the third stage is no analytics stage")
            return
        }
        #expect(analytics.windows == [.second, .day])
    }

    @Test func `what analytics keeps can be left out`() throws {
        func options(_ keys: String) throws -> AnalyticsOptions? {
            let document = try PipelineDocument.parse(
                text: """
                    apiVersion: weir/v1
                    kind: Pipeline
                    metadata: {name: p}
                    spec:
                      topics: [{name: t}]
                      subscriptions: [{name: a, topic: t}]
                      stores: [{name: w, role: warehouse}]
                      stages:
                        - {name: s, kind: producer, publishes: t}
                        - {name: c, kind: analytics, subscription: a, store: w,
                           windows: [1s]\(keys)}
                    """,
                file: "f"
            )
            guard case .analytics(let analytics) = document.stages.last?.kind else { return nil }
            return analytics.options
        }
        let all = try options("")
        #expect(all?.countsDistinct == true && all?.countsProducts == true)
        let few = try options(", distinctCounts: false, productSales: false")
        #expect(few?.countsDistinct == false && few?.countsProducts == false)
        // As a shop reads them: the second is too short for people.
        #expect(all?.keptDistinct == DistinctWindows(totals: [], categories: []))
        let more = ", distinctCounts: {windows: [1s]}"
        #expect(
            try options(more)?.keptDistinct == DistinctWindows(totals: [.second], categories: [])
        )
    }

    private func parse(_ lines: String) throws(DocumentError) -> PipelineDocument {
        try PipelineDocument.parse(text: minimalPipeline + lines, file: "f")
    }
}
