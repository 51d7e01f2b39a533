package import Broker
package import Commerce

/// A warehouse whose calls are counted.
package struct MeteredWarehouse: ForwardingWarehouse {
    package let warehouse: any Warehouse
    private let meter: StoreMeter

    /// `warehouse`, as it is, with `meter` beside it.
    package init(_ warehouse: any Warehouse, meter: StoreMeter) {
        self.warehouse = warehouse
        self.meter = meter
    }

    package func progress(of subscription: String) async throws(StoreError) -> [StreamProgress] {
        try await meter.measure(.read) { () async throws(StoreError) in
            try await warehouse.progress(of: subscription)
        }
    }

    package func alreadyCounted(
        _ question: CountedQuestion,
        by subscription: String
    ) async throws(StoreError) -> CountedAnswer {
        try await meter.measure(.read) { () async throws(StoreError) in
            try await warehouse.alreadyCounted(question, by: subscription)
        }
    }

    package func sketch(_ key: SketchText) async throws(StoreError) -> [UInt64] {
        try await meter.measure(.read) { () async throws(StoreError) in
            try await warehouse.sketch(key)
        }
    }

    package func commit(_ commit: WarehouseCommit) async throws(StoreError) {
        try await meter.measure(.write) { () async throws(StoreError) in
            try await warehouse.commit(commit)
        }
    }

    package func storeDeadLetters(_ letters: [DeadLetter<Batch>]) async throws(StoreError) {
        try await meter.measure(.write) { () async throws(StoreError) in
            try await warehouse.storeDeadLetters(letters)
        }
    }

    package func windows(
        _ grain: Grain,
        categories: WindowCategories
    ) async throws(StoreError) -> [WindowRow] {
        try await meter.measure(.read) { () async throws(StoreError) in
            try await warehouse.windows(grain, categories: categories)
        }
    }

    package func topProducts(atMost limit: Int) async throws(StoreError) -> [ProductRow] {
        try await meter.measure(.read) { () async throws(StoreError) in
            try await warehouse.topProducts(atMost: limit)
        }
    }

    package func exceptions() async throws(StoreError) -> WarehouseExceptions {
        try await meter.measure(.read) { () async throws(StoreError) in
            try await warehouse.exceptions()
        }
    }
}
