import Foundation
import Testing

/// A log may come again edited, renamed or split: each of its events is stored and counted once.
@Suite(.timeLimit(.minutes(20)))
struct RepeatedLogTests {
    private static let pipeline = Pipelines.csvShop.replacing(
        "columns: {",
        with: "columns: {id: order, "
    )

    private let folder: TestFolder

    init() throws {
        folder = try TestFolder()
    }

    /// Replays `rows` as a file called `name`, and gives what the stores hold then.
    private func replay(
        _ rows: [String],
        as name: String = "orders.csv"
    ) async throws -> (stored: Int?, orders: Int?, revenue: [String]?, report: Report) {
        let ending = try await folder.run([
            try folder.write("shop.yaml", RepeatedLogTests.pipeline),
            "--input",
            try folder.write(
                name,
                (["at,customer,order,units,total"] + rows).map { "\($0)\n" }.joined()
            ),
        ])
        #expect(ending.exitCode == 0, "\(ending.errors)")
        let report = try ending.report
        let totals = report.warehouse?.totals
        return (report.rawStore?.events, totals?.orders, totals?.sales.map(\.revenue), report)
    }

    private let first = "2024-06-05T10:00:00Z,ann,o1,1,10.00"
    private let second = "2024-06-05T10:01:00Z,bob,o2,1,15.00"
    private let earlier = "2024-05-05T11:01:00Z,cid,o3,1,77.00"

    @Test func `another file of the same name and beginning loses nothing`() async throws {
        _ = try await replay([first, second])
        let after = try await replay([first, earlier])
        #expect(after.stored == 3)
        #expect(after.orders == 3)
        #expect(after.revenue == ["102.00"])
    }

    @Test func `a row put in between is counted, and no other again`() async throws {
        _ = try await replay([first, second])
        let after = try await replay([first, earlier, second])
        #expect(after.stored == 3)
        #expect(after.orders == 3)
        #expect(after.revenue == ["102.00"])
    }

    @Test func `a renamed file changes nothing`() async throws {
        let before = try await replay([first, second])
        let after = try await replay([first, second], as: "renamed.csv")
        #expect(after.stored == before.stored)
        #expect(after.orders == before.orders)
        #expect(after.revenue == before.revenue)
    }

    @Test func `rows in any order are all counted in every window`() async throws {
        let after = try await replay([second, earlier, first])
        #expect(after.report.stages.map(\.late) == [0, 0])
        for grain in ["1s", "1m", "1h", "1d", "1mo", "all"] {
            let counted = try folder.warehouse.number(
                """
                SELECT coalesce(sum(purchase), 3) FROM window_aggregates
                WHERE grain = '\(grain)' AND category = ''
                """
            )
            #expect(counted == 3, "\(grain)")
        }
    }
}
