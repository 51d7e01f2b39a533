import Datasets
import GRDB
import SQLStores
import SQLiteStores
import Storage
import Testing
import Timekeeping

/// The lock on a file's snapshot.
struct SQLiteRefreshTests {
    @Test func `while another process refreshes a file, this one does not`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let warehouse = try StoreAdapter.sqliteWarehouse(in: folder)
        try await CatalogueSample.fill(warehouse)
        let other = try folder.connection(to: "w.sqlite-refresh")
        try other.inDatabase { try $0.execute(sql: "BEGIN EXCLUSIVE") }
        func refresh() async throws {
            _ = try await warehouse.refresh(
                ShippedInvariants.set,
                timeout: .seconds(60),
                timeline: RealTimeline()
            )
        }
        await #expect(throws: RefreshUnderWay.self) { try await refresh() }
        // What a process that dies held, the system lets go of.
        try other.close()
        try await refresh()
        try await refresh()
        let count = ShippedInvariants.set.only(for: .sqlite).invariants.count
        #expect(try await warehouse.snapshot().standings.count == count)
        try warehouse.close()
    }
}
