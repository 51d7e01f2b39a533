package import Stages

extension PipelineDocument {
    /// Something that makes, takes or passes on events.
    package struct Stage: Hashable, Sendable {
        /// What a stage does, with what only such a stage has.
        package enum Kind: Hashable, Sendable {
            /// Publishes what shoppers do.
            case producer(topic: String)
            /// Writes every event to a raw store.
            case ingest(subscription: String, store: String)
            /// Writes aggregates to a warehouse.
            case analytics(Analytics)
            /// Publishes what it reads to a further topic.
            case relay(subscription: String, topic: String)
        }

        /// What an analytics stage needs to know.
        package struct Analytics: Hashable, Sendable {
            package var subscription: String
            package var store: String
            /// From the shortest to the longest.
            package var windows: [Grain]
            /// How far events may lie behind the watermark and still be counted.
            package var allowedLateness = Duration.seconds(10)
            /// How often aggregates and position are written, and messages acknowledged.
            package var commitInterval = Duration.milliseconds(200)
            /// Whether distinct shoppers and sessions are counted.
            package var distinctCounts = true
            /// Whether sales are kept by product.
            package var productSales = true

            /// What the stage computes.
            package var options: AnalyticsOptions {
                var options = AnalyticsOptions()
                options.grains = windows
                options.allowedLateness = allowedLateness
                options.commitInterval = commitInterval
                options.countsDistinct = distinctCounts
                options.countsProducts = productSales
                return options
            }

            package init(subscription: String, store: String, windows: [Grain]) {
                self.subscription = subscription
                self.store = store
                self.windows = windows
            }
        }

        package var name: String
        package var kind: Kind
        package var owner: String?
        /// Names of services.
        package var calls: [String] = []
        /// How many of it work side by side.
        package var workers = 1
        /// How long each worker has what it takes up, in virtual time; nil for no time.
        package var serviceTime: ServiceTime?
        /// How many events it moves at once, at most.
        package var batch = 512

        package init(name: String, kind: Kind, owner: String? = nil) {
            self.name = name
            self.kind = kind
            self.owner = owner
        }

        /// Whether it publishes without reading anything.
        package var isProducer: Bool { subscription == nil }

        /// The word for ``kind`` in the pipeline file.
        package var kindName: String {
            switch kind {
            case .producer: "producer"
            case .ingest: "ingest"
            case .analytics: "analytics"
            case .relay: "relay"
            }
        }

        /// The subscription it reads, or nil for a producer.
        package var subscription: String? {
            switch kind {
            case .producer: nil
            case .ingest(let subscription, _), .relay(let subscription, _): subscription
            case .analytics(let analytics): analytics.subscription
            }
        }

        /// How long it gathers what it has taken before it settles it, because it was asked to.
        var pause: Duration {
            if case .analytics(let analytics) = kind { analytics.commitInterval } else { .zero }
        }

        /// The topic it publishes to, if any.
        package var topic: String? {
            switch kind {
            case .producer(let topic), .relay(_, let topic): topic
            case .ingest, .analytics: nil
            }
        }

        /// The store it writes to, if any.
        package var store: String? {
            switch kind {
            case .ingest(_, let store): store
            case .analytics(let analytics): analytics.store
            case .producer, .relay: nil
            }
        }
    }
}
