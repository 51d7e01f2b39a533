import Broker
import Stages

/// A warehouse that is another one but for what it says itself.
protocol WarehouseWrapper: Warehouse {
    var warehouse: any Warehouse { get }
}

extension WarehouseWrapper {
    func progress(of subscription: String) async throws(StoreError) -> [StreamProgress] {
        try await warehouse.progress(of: subscription)
    }

    func counted(
        _ identities: [EventIdentity],
        by subscription: String
    ) async throws(StoreError) -> Set<EventIdentity> {
        try await warehouse.counted(identities, by: subscription)
    }

    func sketch(_ key: SketchText) async throws(StoreError) -> [UInt64] {
        try await warehouse.sketch(key)
    }

    func keep(_ letters: [DeadLetter]) async throws(StoreError) {
        try await warehouse.keep(letters)
    }

    func windows(
        _ grain: Grain,
        categories: WindowCategories
    ) async throws(StoreError) -> [WindowRow] {
        try await warehouse.windows(grain, categories: categories)
    }

    func topProducts(atMost limit: Int) async throws(StoreError) -> [ProductRow] {
        try await warehouse.topProducts(atMost: limit)
    }

    func exceptions() async throws(StoreError) -> WarehouseExceptions {
        try await warehouse.exceptions()
    }

    func close() async throws(StoreError) { try await warehouse.close() }
}
