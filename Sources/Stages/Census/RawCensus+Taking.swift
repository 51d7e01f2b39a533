internal import Commerce
package import Timekeeping

extension RawCensus {
    /// How many events are asked for at once.
    private static let pageLimit = 5000

    /// Reads every event of `stores`, and keeps what they add up to in `warehouse`.
    ///
    /// Where something was refunded, the events are read a second time for its purchases: to
    /// remember every purchase would take memory that grows with the stores.
    ///
    /// - Throws: `StoreError` where a store cannot be read; the census before is kept then.
    @discardableResult
    package static func take(
        of stores: [any RawEventScan],
        in warehouse: any CensusStore,
        at now: Timestamp
    ) async throws -> RawCensus {
        // What is counted first, then what is consumed, then what is stored: whatever happens
        // meanwhile shows as a count that has changed.
        let basis = try await warehouse.censusBasis()
        var progress: [[StreamProgress]] = []
        for subscription in basis.subscriptions {
            progress.append(try await warehouse.progress(of: subscription))
        }
        var fold = CensusFold(basis, progress: progress)
        for store in stores {
            for identity in try await store.repeated(atMost: findingLimit) {
                fold.add(repeated: identity)
            }
            try await forEachPage(of: store) { page in
                let counted = try await alreadyCounted(fold.lookups(page), basis, warehouse)
                fold.add(page, counted: counted)
            }
        }
        if fold.hasRefunds {
            for store in stores {
                try await forEachPage(of: store) { page in
                    let asked = fold.purchaseLookups(page)
                    let counted = try await alreadyCounted(asked, basis, warehouse)
                    fold.addPurchases(among: page, counted: counted)
                }
            }
        }
        let census = fold.census(taken: now)
        try await warehouse.replaceCensus(by: census)
        return census
    }

    /// Which of `asked` each of the subscriptions of `basis` has counted.
    private static func alreadyCounted(
        _ asked: [IdentityDigest?],
        _ basis: CensusBasis,
        _ warehouse: any CensusStore
    ) async throws -> [Set<IdentityDigest>] {
        let question = CountedQuestion(events: asked.compactMap(\.self))
        var counted: [Set<IdentityDigest>] = []
        for subscription in basis.subscriptions where !question.events.isEmpty {
            let answer = try await warehouse.alreadyCounted(question, by: subscription)
            counted.append(Set(answer.events.keys))
        }
        return counted
    }

    private static func forEachPage(
        of store: any RawEventScan,
        _ body: ([RawEvent]) async throws -> Void
    ) async throws {
        var position = Int64.min
        while true {
            let page = try await store.events(after: position, atMost: pageLimit)
            // A store whose positions do not go on would be read without end.
            guard let last = page.last, last.position > position else { return }
            try await body(page)
            position = last.position
            try Task.checkCancellation()
        }
    }
}
