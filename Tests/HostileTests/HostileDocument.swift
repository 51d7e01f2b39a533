import Foundation

/// Sound documents, which are damaged, or lead to what is.
enum HostileDocument {
    /// The shop of the repository, in small.
    static func stored() throws -> String {
        let text = try String(contentsOfFile: "pipelines/storefront.yaml", encoding: .utf8)
        let here = FileManager.default.currentDirectoryPath
        return text.replacing("../slo", with: "\(here)/slo")
            .replacing("users: 100000", with: "users: 100")
            .replacing("products: 10000", with: "products: 20")
            .replacing("categories: 50", with: "categories: 3")
            .replacing("commitInterval: 40ms", with: "commitInterval: 1ms")
    }

    /// A pipeline that reads the logs of `kind`.
    static func small(_ kind: HostileText) -> String {
        let columns =
            switch kind {
            case .lines:
                """
                {transaction: Invoice, time: Date, timeFormat: dd/MM/yyyy HH:mm,
                              timeZone: Europe/Berlin, user: Customer, eventName: purchase,
                              returnPrefix: C, product: Article, quantity: Pieces, price: Price,
                              decimal: comma, thousands: point, currency: Money}
                """
            case .visits:
                """
                {time: event_time, user: user_id, session: user_session,
                              event: event_type, events: {view: view_item, cart: add_to_cart},
                              product: product_id, category: category, price: price,
                              currencyCode: USD}
                """
            default:
                """
                {id: id, time: at, timeFormat: rfc3339, user: customer,
                              eventName: purchase, transaction: order, quantity: units,
                              value: total, currencyCode: USD}
                """
            }
        let delimiter = kind == .lines ? ";" : ","
        return """
            apiVersion: weir/v1
            kind: Pipeline
            metadata: {name: small}
            spec:
              topics: [{name: events}]
              subscriptions:
                - {name: ingest, topic: events, deadLetterPolicy: {maxDeliveryAttempts: 5}}
                - {name: analytics, topic: events}
              stages:
                - {name: storefront, kind: producer, publishes: events}
                - {name: ingest, kind: ingest, subscription: ingest, store: raw}
                - name: analytics
                  kind: analytics
                  subscription: analytics
                  store: warehouse
                  windows: [1m, 1h, 1mo]
                  commitInterval: 1ms
              stores:
                - {name: raw, role: raw, url: "memory:"}
                - {name: warehouse, role: warehouse, url: "memory:"}
              load: {shape: constant, rate: 100, arrivals: poisson}
              traffic: {model: sessions, users: 50, products: 20, categories: 3}
              validation: {earliest: 1980-01-01T00:00:00Z, aheadLimit: 1d}
              input:
                csv:
                  delimiter: "\(delimiter)"
                  columns: \(columns)

            """
    }

    /// Pipelines that use most of what a document may say.
    static let rich = [
        rich("{shape: ramp, from: 0, to: 1.5k, over: 1h30m}", "cartLimit: 5"),
        rich("{shape: step, steps: [{at: 0s, rate: 5}, {at: 1m, rate: 10}]}", "model: mix"),
        rich("{shape: spike, base: 1, peak: 1e3, at: 1s, for: 1s}", "refundProbability: 0.1"),
        rich("{shape: diurnal, mean: 9, amplitude: 0.5, period: 1d, peakAt: 20h}", "model: mix"),
    ]

    private static func rich(_ load: String, _ traffic: String) -> String {
        """
        apiVersion: weir/v1
        kind: Pipeline
        metadata: {name: rich}
        spec:
          owners: [{name: shop, contact: shop@example.com}]
          topics:
            - {name: events, owner: shop, messageRetentionDuration: 10m}
            - {name: purchases}
          services: [{name: tax, owner: shop, calls: []}]
          subscriptions:
            - name: ingest
              topic: events
              ackDeadlineSeconds: 10
              enableMessageOrdering: true
              retryPolicy: {minimumBackoff: 0.1s, maximumBackoff: 10s}
              deadLetterPolicy: {maxDeliveryAttempts: 5}
              flowControl: {maxOutstandingMessages: 100, maxOutstandingBytes: 1MiB, whenFull: block}
            - {name: bought, topic: events, filter: 'attributes.type = "purchase"'}
            - {name: analytics, topic: purchases, retainAckedMessages: true}
          stages:
            - {name: storefront, kind: producer, publishes: events, calls: [tax]}
            - {name: ingest, kind: ingest, subscription: ingest, store: raw, batch: 16, workers: 2}
            - {name: relay, kind: relay, subscription: bought, publishes: purchases}
            - name: analytics
              kind: analytics
              subscription: analytics
              store: warehouse
              windows: [1s, 1m, 1h, 1d, 1mo]
              allowedLateness: 10s
              commitInterval: 20ms
              serviceTime: {distribution: exponential, mean: 1ms}
          stores:
            - {name: raw, role: raw, url: "memory:", indexes: [order]}
            - name: warehouse
              role: warehouse
              url: "memory:"
              serviceTime: {distribution: lognormal, median: 1ms, sigma: 0.5, servers: 2}
          load: \(load)
          traffic:
            \(traffic)
            users: 100
            products: 20
            categories: 5
            currency: USD
            prices: {from: 1.99, to: 499.99}
          validation: {earliest: 1980-01-01T00:00:00Z, aheadLimit: 1d, zeroQuantity: drop-item}

        """
    }

    /// An objective whose counts a Prometheus is asked for.
    static func queried(port: Int) -> String {
        """
        apiVersion: openslo/v1
        kind: DataSource
        metadata: {name: prom}
        spec: {type: prometheus, connectionDetails: {url: "http://127.0.0.1:\(port)"}}
        ---
        apiVersion: openslo/v1
        kind: Service
        metadata: {name: web}
        spec: {description: shop front}
        ---
        apiVersion: openslo/v1
        kind: SLO
        metadata: {name: web-ok}
        spec:
          service: web
          indicator:
            metadata: {name: web-ok-sli}
            spec:
              ratioMetric:
                counter: true
                bad: {metricSource: {metricSourceRef: prom, spec: {query: 'errors_total'}}}
                total: {metricSource: {metricSourceRef: prom, spec: {query: 'sum(rate(x[5m]))'}}}
          timeWindow: [{duration: 30d, isRolling: true}]
          budgetingMethod: Occurrences
          objectives: [{displayName: ok, target: 0.9995}]

        """
    }
}
