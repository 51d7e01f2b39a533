/// The pipeline file of a small shop: one topic, which an ingest and an analytics stage read, and
/// stores in memory.
package struct ShopPipeline {
    /// Further keys of what the name says, in YAML's flow style, such as `, workers: 2`.
    package var producer = ""
    package var subscription = ""
    package var ingest = ""
    package var analytics = ""
    package var raw = ""
    /// The lines below `spec` that follow, indented by two.
    package var end = ""

    /// The shop whose analytics stage has these keys, such as `windows: [1h]`.
    package init(analytics: String) {
        self.analytics = analytics
    }

    /// The file.
    package var text: String {
        """
        apiVersion: weir/v1
        kind: Pipeline
        metadata: {name: shop}
        spec:
          topics: [{name: events}]
          subscriptions:
            - {name: ingest, topic: events\(subscription)}
            - {name: analytics, topic: events}
          stages:
            - {name: shop, kind: producer, publishes: events\(producer)}
            - {name: ingest, kind: ingest, subscription: ingest, store: raw\(ingest)}
            - {name: analytics, kind: analytics, subscription: analytics, store: warehouse,
               \(analytics)}
          stores:
            - {name: raw, role: raw, url: "memory:"\(raw)}
            - {name: warehouse, role: warehouse, url: "memory:"}
        \(end)
        """
    }
}
