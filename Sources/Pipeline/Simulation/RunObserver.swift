internal import Broker
internal import Commerce

/// Sees what the stages of a simulation publish, receive and settle, from where they stand.
protocol RunObserver: Sendable {
    /// `batch` was given to a topic, before anything goes wrong with it.
    func published(_ batch: Batch, on topic: String)

    /// A stage was handed `deliveries`.
    func received(_ deliveries: [Delivery<Batch>], from subscription: String)

    /// A stage says what became of `delivery`.
    func settled(_ delivery: Delivery<Batch>, _ settlement: Settlement, of subscription: String)
}
