package import Broker
package import Commerce
package import Datasets

/// A warehouse in front of another one, to which it forwards by default.
package protocol ForwardingWarehouse: Warehouse {
    /// The one after it.
    var warehouse: any Warehouse { get }
}

extension ForwardingWarehouse {
    package func hold() async throws(StoreError) {
        try await warehouse.hold()
    }

    package func claim(_ claims: [CountingClaim]) async throws(StoreError) -> CountingTerms {
        try await warehouse.claim(claims)
    }

    package func readBack() async throws(StoreError) -> Int64 {
        try await warehouse.readBack()
    }

    package func progress(of subscription: String) async throws(StoreError) -> [StreamProgress] {
        try await warehouse.progress(of: subscription)
    }

    package func alreadyCounted(
        _ question: CountedQuestion,
        by subscription: String
    ) async throws(StoreError) -> CountedAnswer {
        try await warehouse.alreadyCounted(question, by: subscription)
    }

    package func sketch(_ key: SketchText) async throws(StoreError) -> [UInt64] {
        try await warehouse.sketch(key)
    }

    package func commit(_ commit: WarehouseCommit) async throws(StoreError) {
        try await warehouse.commit(commit)
    }

    package func storeDeadLetters(_ letters: [DeadLetter<Batch>]) async throws(StoreError) {
        try await warehouse.storeDeadLetters(letters)
    }

    package func windows(
        _ grain: Grain,
        categories: WindowCategories
    ) async throws(StoreError) -> [WindowRow] {
        try await warehouse.windows(grain, categories: categories)
    }

    package func topProducts(atMost limit: Int) async throws(StoreError) -> [ProductRow] {
        try await warehouse.topProducts(atMost: limit)
    }

    package func exceptions() async throws(StoreError) -> WarehouseExceptions {
        try await warehouse.exceptions()
    }

    package var catalogue: (any DatasetCatalogue)? { warehouse.catalogue }

    package func close() async throws(StoreError) {
        try await warehouse.close()
    }
}
