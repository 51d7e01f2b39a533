package import Broker
package import Commerce
package import Datasets
package import Timekeeping

/// A warehouse that keeps its own time: on a virtual timeline, time stands still while it works.
package struct OutsideWarehouse: Warehouse {
    private let warehouse: any Warehouse
    private let timeline: any Timeline

    /// `warehouse`, as seen from `timeline`.
    package init(_ warehouse: any Warehouse, timeline: any Timeline) {
        self.warehouse = warehouse
        self.timeline = timeline
    }

    package func hold() async throws(StoreError) {
        try await timeline.outside { () async throws(StoreError) in try await warehouse.hold() }
    }

    package func claim(_ claims: [CountingClaim]) async throws(StoreError) -> CountingTerms {
        try await timeline.outside { () async throws(StoreError) in
            try await warehouse.claim(claims)
        }
    }

    package func readBack() async throws(StoreError) -> Int64 {
        try await timeline.outside { () async throws(StoreError) in
            try await warehouse.readBack()
        }
    }

    package func progress(of subscription: String) async throws(StoreError) -> [StreamProgress] {
        try await timeline.outside { () async throws(StoreError) in
            try await warehouse.progress(of: subscription)
        }
    }

    package func alreadyCounted(
        _ question: CountedQuestion,
        by subscription: String
    ) async throws(StoreError) -> CountedAnswer {
        try await timeline.outside { () async throws(StoreError) in
            try await warehouse.alreadyCounted(question, by: subscription)
        }
    }

    package func sketch(_ key: SketchText) async throws(StoreError) -> [UInt64] {
        try await timeline.outside { () async throws(StoreError) in
            try await warehouse.sketch(key)
        }
    }

    package func commit(_ commit: WarehouseCommit) async throws(StoreError) {
        try await timeline.outside { () async throws(StoreError) in
            try await warehouse.commit(commit)
        }
    }

    package func storeDeadLetters(_ letters: [DeadLetter<Batch>]) async throws(StoreError) {
        try await timeline.outside { () async throws(StoreError) in
            try await warehouse.storeDeadLetters(letters)
        }
    }

    package func windows(
        _ grain: Grain,
        categories: WindowCategories
    ) async throws(StoreError) -> [WindowRow] {
        try await timeline.outside { () async throws(StoreError) in
            try await warehouse.windows(grain, categories: categories)
        }
    }

    package func topProducts(atMost limit: Int) async throws(StoreError) -> [ProductRow] {
        try await timeline.outside { () async throws(StoreError) in
            try await warehouse.topProducts(atMost: limit)
        }
    }

    package func exceptions() async throws(StoreError) -> WarehouseExceptions {
        try await timeline.outside { () async throws(StoreError) in
            try await warehouse.exceptions()
        }
    }

    package var catalogue: (any DatasetCatalogue)? {
        warehouse.catalogue.map { OutsideCatalogue(catalogue: $0, timeline: timeline) }
    }

    package func close() async throws(StoreError) {
        try await warehouse.close()
    }
}

/// A catalogue that keeps its own time, as its warehouse does.
private struct OutsideCatalogue: DatasetCatalogue {
    let catalogue: any DatasetCatalogue
    let timeline: any Timeline

    func register(_ definitions: [DatasetDefinition], at now: Timestamp) async throws {
        try await timeline.outside { try await catalogue.register(definitions, at: now) }
    }

    func append(_ draft: DataBlockDraft) async throws {
        try await timeline.outside { try await catalogue.append(draft) }
    }

    func datasets() async throws -> [DatasetRecord] {
        try await timeline.outside { try await catalogue.datasets() }
    }

    func blocks(
        of dataset: DatasetID,
        from sequence: Int64,
        atMost limit: Int
    ) async throws -> [MetadataBlock] {
        try await timeline.outside {
            try await catalogue.blocks(of: dataset, from: sequence, atMost: limit)
        }
    }
}
