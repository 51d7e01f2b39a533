import Storage
import Testing

/// An adapter that the contracts of the ports are held to.
struct StoreAdapter: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// Makes a home in which nothing is stored yet.
    let makeHome: @Sendable () throws -> StoreHome

    /// Every adapter.
    static let all: [StoreAdapter] = [.memory, .sqlite] + mongoDB + postgreSQL

    static let memory = StoreAdapter(testDescription: "memory") {
        let raw = MemoryRawStore()
        // As many windows as the largest commit of the contracts has.
        let warehouse = MemoryWarehouse(windowLimit: 10_000, openWindows: 10_000)
        return StoreHome(raw: { raw }, warehouse: { warehouse }, remove: {})
    }

    /// Runs `body` with a new home, which is removed afterwards.
    func visit(_ body: (StoreHome) async throws -> Void) async throws {
        let home = try makeHome()
        defer { home.remove() }
        try await body(home)
    }
}

/// Where a store lies: opened again, it is the same store with the same contents.
struct StoreHome: Sendable {
    var raw: @Sendable () async throws -> any RawStore
    var warehouse: @Sendable () async throws -> any Warehouse
    /// Removes what was stored.
    var remove: @Sendable () -> Void
}
