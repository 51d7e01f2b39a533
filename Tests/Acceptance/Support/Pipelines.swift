/// Pipeline files of tests, with lines that stay where they are when the shipped ones change.
enum Pipelines {
    /// A small shop on memory stores, in 23 lines.
    static let shop = """
        apiVersion: weir/v1
        kind: Pipeline
        metadata: {name: shop}
        spec:
          topics: [{name: events}]
          subscriptions:
            - name: ingest
              topic: events
              ackDeadlineSeconds: 60
            - {name: analytics, topic: events}
          stages:
            - {name: shop, kind: producer, publishes: events}
            - {name: ingest, kind: ingest, subscription: ingest, store: raw, batch: 512}
            - name: analytics
              kind: analytics
              subscription: analytics
              store: warehouse
              allowedLateness: 10s
              windows: [1h, 1d, 1mo]
          stores:
            - {name: raw, role: raw, url: "memory:"}
            - {name: warehouse, role: warehouse, url: "memory:"}
          load: {shape: constant, rate: 1000, arrivals: uniform}

        """

    /// The shop with a mapping for orders in CSV.
    static let csvShop =
        shop + """
              input:
                csv:
                  columns: {time: at, timeFormat: rfc3339, user: customer, eventName: purchase,
                            transaction: order, quantity: units, value: total, currencyCode: USD}

            """

    /// The shop with `text` in place of what must stand there once.
    static func shop(_ changes: [(String, String)]) -> String {
        changes.reduce(shop) { text, change in
            precondition(text.ranges(of: change.0).count == 1, "\(change.0) stands there once")
            return text.replacing(change.0, with: change.1)
        }
    }

    /// Two relays that feed each other.
    static let circle = """
        apiVersion: weir/v1
        kind: Pipeline
        metadata: {name: circle}
        spec:
          topics: [{name: one}, {name: two}]
          subscriptions:
            - {name: first, topic: one}
            - {name: second, topic: two}
          stages:
            - {name: shop, kind: producer, publishes: one}
            - {name: there, kind: relay, subscription: first, publishes: two}
            - {name: back, kind: relay, subscription: second, publishes: one}

        """
}
