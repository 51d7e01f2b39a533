package import Stages

extension PipelineDocument.Stage {
    /// What a collector needs to know.
    package struct Collector: Hashable, Sendable {
        /// Who may send events, and the secret that shows it.
        package struct Source: Hashable, Sendable {
            package var name: String
            package var key: SecretPlace

            package init(name: String, key: SecretPlace) {
                self.name = name
                self.key = key
            }
        }

        package var topic: String
        /// Without any, only this machine can reach the collector, and nobody needs a key.
        package var sources: [Source] = []
        /// The pages whose browsers may send events, such as `https://shop.example`.
        package var allowedOrigins: [String] = []
        /// How long a request may wait for room in a subscription.
        package var publishTimeout = Duration.seconds(5)
        /// The folder that keeps what was accepted until it is settled; nil for one of the
        /// stage's name.
        package var journal: String?
        /// Whether an order of GA4's protocol, which has no ids, is known by its transaction.
        package var knowsGA4Orders = false
        /// What is done to every event before anything of it is kept.
        package var conform = ConformRules()

        package init(topic: String) {
            self.topic = topic
        }
    }

    /// What it is as a collector; nil for any other stage.
    package var collector: Collector? {
        if case .collector(let collector) = kind { collector } else { nil }
    }
}

extension PipelineDocument {
    /// The pipeline with a collector: where it has none, one that publishes to the topic of its
    /// producers, and takes events of this machine alone.
    ///
    /// - Throws: `RunError` where they publish to several.
    package func collecting() throws(RunError) -> PipelineDocument {
        if stages.contains(where: { $0.collector != nil }) { return self }
        // order-free: there is one
        let published = Set(stages.filter(\.isProducer).compactMap(\.topic))
        guard let topic = published.first, published.count == 1,
            !stages.contains(where: { $0.name == "collector" })
        else {
            throw RunError(
                "it is not plain where to publish what clients send; add a stage to the pipeline, "
                    + "such as {name: clients, kind: collector, publishes: \(topics[0].name)}"
            )
        }
        var document = self
        let kind = Stage.Kind.collector(Stage.Collector(topic: topic))
        document.stages.append(Stage(name: "collector", kind: kind))
        return document
    }
}
