internal import Broker
internal import Commerce

/// A topic whose publications go into a digest.
struct WitnessedTopic: Topic {
    private let topic: any Topic<Batch>
    private let digest: RunDigest

    init(_ topic: any Topic<Batch>, _ digest: RunDigest) {
        self.topic = topic
        self.digest = digest
    }

    var name: String { topic.name }

    var published: (messages: Int64, bytes: Int64) { topic.published }

    func publish(_ batch: Batch) async throws(CancellationError) {
        digest.observer?.published(batch, on: name)
        try await topic.publish(batch)
        digest.note(.published) { sum in
            sum.add(name)
            sum.add(batch)
        }
    }

    func close() {
        topic.close()
    }
}
