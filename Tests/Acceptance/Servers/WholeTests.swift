import Foundation
import Testing

extension OnServers {
    @Suite(
        .enabled(if: CDNOWLog.isExpected, "infra/datasets/cdnow fetches the log"),
        .timeLimit(.minutes(20))
    )
    struct WholeTests {
        /// What MongoDB finds in the events: how many, and minor units.
        private func sums(over stores: ServerStores) throws -> [Int?] {
            let groups = try stores.documents(
                """
                {"aggregate": "raw_events", "cursor": {}, "pipeline": [{"$group":
                 {"_id": null, "count": {"$sum": 1}, "value": {"$sum": "$value_minor"}}}]}
                """
            )
            let sums = try #require(groups.first)
            return ["count", "value"].map { (sums[$0] as? NSNumber)?.intValue }
        }

        @Test func `the log of a real shop gives on servers what it gives in files`() async throws {
            let log = [Program.storefront, "--input", CDNOWLog.path, "--speed", "max"]
            let folder = try TestFolder()
            let files = try await folder.run(log)
            try #require(files.exitCode == 0, "\(files.errors)")
            let expected = try #require(try files.report.warehouse)
            try await #require(Servers.given).withStores { stores in
                let ending = try await stores.run(log)
                try #require(ending.exitCode == 0, "\(ending.errors)")
                let report = try ending.report
                #expect(report.isConserved)
                #expect(report.rawStore?.events == 69_659)
                let warehouse = try #require(report.warehouse)
                #expect(warehouse.totals == expected.totals)
                #expect(warehouse.months == expected.months)
                #expect(warehouse.days == expected.days)
                #expect(warehouse.topProducts == expected.topProducts)
                #expect(warehouse.totals.sales.map(\.revenue) == ["2500315.63"])
                // The same, as another program reads it.
                for grain in ["1d", "1mo"] {
                    let sums = try stores.rows(CDNOWLog.sums(over: grain))
                    #expect(sums == ["69659|167881|250031563"])
                }
                #expect(try sums(over: stores) == [69_659, 250_031_563])
            }
        }
    }
}
