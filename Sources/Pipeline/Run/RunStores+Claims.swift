internal import Stages
internal import Storage

extension RunStores {
    /// Tells the warehouses what a run of `document` is about to count; gives what they answer,
    /// by the name of the store.
    ///
    /// - Throws: `StoreError` where a warehouse counts a topic for another subscription already:
    ///   before the run has written anything.
    func claim(for document: PipelineDocument) async throws -> [String: CountingTerms] {
        var terms: [String: CountingTerms] = [:]
        for warehouse in warehouses where warehouse.twin == nil {
            let names = warehouses.filter {
                $0.name == warehouse.name || $0.twin == warehouse.name
            }.map(\.name)
            let claims = document.stages.compactMap { stage -> CountingClaim? in
                guard case .analytics(let plan) = stage.kind, names.contains(plan.store),
                    let topic = document.topic(of: plan.subscription)
                else { return nil }
                return CountingClaim(
                    topic: topic,
                    subscription: plan.subscription,
                    options: plan.options
                )
            }
            guard !claims.isEmpty else { continue }
            try check(claims, of: document, in: warehouse.label)
            let answer = try await warehouse.store.claim(claims)
            for name in names { terms[name] = answer }
        }
        return terms
    }

    /// Holds what is to be counted in one place to what a document may say of one warehouse: where
    /// an option puts two warehouses into one place, only the run can see it.
    private func check(
        _ claims: [CountingClaim],
        of document: PipelineDocument,
        in place: String
    ) throws {
        let sources = TopicSources(document)
        for (index, claim) in claims.enumerated() {
            for other in claims[..<index] {
                if sources.common(claim.topic, other.topic) != nil {
                    throw RunError(
                        "the subscriptions \"\(other.subscription)\" and "
                            + "\"\(claim.subscription)\" would both count the same events in "
                            + "\(place); give each of them a warehouse of its own"
                    )
                }
                guard claim.parts == other.parts else {
                    throw RunError(
                        "\"\(other.subscription)\" and \"\(claim.subscription)\" keep "
                            + "different windows, distinct counts or sales by product in "
                            + "\(place), whose sums would not agree; let them keep the same, or "
                            + "give each of them a warehouse of its own"
                    )
                }
            }
        }
    }
}

extension PipelineRun {
    /// Tells the warehouses what the pipeline counts, as a run does when it begins: for who counts
    /// without a run.
    ///
    /// The raw events become datasets of the first warehouse where `hasRoots` says that it is the
    /// pipeline's first one.
    ///
    /// - Throws: `StoreError` where a warehouse counts a topic for another subscription already.
    package func claimStores(hasRoots: Bool) async throws {
        _ = try await stores.claim(for: document)
        try await RunDatasets(self, hasRoots: hasRoots).begin()
    }
}

extension PipelineDocument {
    /// The topic that `subscription` reads.
    package func topic(of subscription: String) -> String? {
        subscriptions.first { $0.name == subscription }?.topic
    }
}
