internal import Stages

extension Assembly.Parts {
    /// Tells the warehouses what the run is about to count, and takes in what they answer.
    ///
    /// - Throws: `StoreError` where a warehouse counts a topic for another subscription already:
    ///   before the run has written anything.
    mutating func claim(for run: PipelineRun) async throws {
        for warehouse in run.stores.warehouses where warehouse.twin == nil {
            let names = run.stores.warehouses.filter {
                $0.name == warehouse.name || $0.twin == warehouse.name
            }.map(\.name)
            let claims = run.document.stages.compactMap { stage -> CountingClaim? in
                guard case .analytics(let plan) = stage.kind, names.contains(plan.store),
                    let topic = run.document.topic(of: plan.subscription)
                else { return nil }
                return CountingClaim(
                    topic: topic,
                    subscription: plan.subscription,
                    options: plan.options
                )
            }
            guard !claims.isEmpty else { continue }
            try check(claims, of: run.document, in: warehouse.label)
            let answer = try await warehouse.store.claim(claims)
            for name in names { terms[name] = answer }
        }
        for (_, account) in warehouseAccounts { try await account.begin() }
    }
}

extension Assembly.Parts {
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

extension Assembly {
    /// Reads back what the stores have confirmed to hold.
    ///
    /// - Throws: ``ReadBackFailure`` where one of them does not.
    func readBack() async throws(ReadBackFailure) {
        do throws(StoreError) {
            for account in rawAccounts { try await account.check(from: firstPosition) }
            for account in warehouseAccounts { try await account.check() }
        } catch {
            throw ReadBackFailure(cause: error)
        }
    }
}

extension PipelineDocument {
    /// The topic that `subscription` reads.
    func topic(of subscription: String) -> String? {
        subscriptions.first { $0.name == subscription }?.topic
    }
}
