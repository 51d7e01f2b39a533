internal import Broker
internal import Commerce
internal import SLO
internal import Stages
internal import Timekeeping

/// Where a run keeps a digest, its stages see the broker and the stores through a witness.
extension PipelineRun {
    func witnessed(_ topic: any Topic<Batch>) -> any Topic<Batch> {
        digest.map { WitnessedTopic(topic, $0) } ?? topic
    }

    func witnessed(_ subscription: any Subscription<Batch>) -> any Subscription<Batch> {
        digest.map { WitnessedSubscription(subscription, $0) } ?? subscription
    }

    func witnessed(_ store: any RawStore) -> any RawStore {
        digest.map { WitnessedRawStore(store, $0) } ?? store
    }

    func witnessed(_ warehouse: any Warehouse) -> any Warehouse {
        digest.map { WitnessedWarehouse(warehouse, $0) } ?? warehouse
    }
}

extension RunDigest {
    /// Folds in the alerts of a run.
    func note(_ episodes: [AlertEpisode]) {
        for episode in episodes {
            note(.alerted) { sum in
                sum.add(episode.id)
                sum.add(episode.end?.nanoseconds ?? 0)
            }
        }
    }
}
