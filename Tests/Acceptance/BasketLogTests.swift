import Foundation
import Testing

/// A log of a real shop's shape gives the sums that SQL gives, in bounded memory.
///
/// `WEIR_BASKET_LINES=1500000` makes it as long as a real one.
extension Timed {
    @Suite(.timeLimit(.minutes(30)))
    struct BasketLogTests {
        private let folder: TestFolder

        init() throws {
            folder = try TestFolder()
        }

        private static let pipeline =
            Pipelines.shop + """
                  input:
                    csv:
                      columns: {time: bought_at, user: customer, eventName: purchase,
                                transaction: basket, product: sku, category: kind,
                                quantity: units, value: total, currencyCode: GBP}

                """

        private static var lines: Int {
            ProcessInfo.processInfo.environment["WEIR_BASKET_LINES"].flatMap { Int($0) } ?? 30_000
        }

        /// The most memory that the process ever had, in KiB; nil where the system does not tell.
        private func memory(of process: pid_t) -> Int? {
            let text = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
            let line = text?.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
            return line?.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) }
        }

        @Test(arguments: BasketLog.Names.allCases)
        func `orders, units, revenue, shoppers and days are those of SQL`(
            names: BasketLog.Names
        ) async throws {
            let log = try BasketLog(lines: BasketLogTests.lines, names: names, in: folder)
            var peak = 0
            let options = [
                "run", try folder.write("shop.yaml", BasketLogTests.pipeline), "--input", log.csv,
                "--format", "json",
            ]
            let ending = try await Program.run(options + folder.storeOptions) { program in
                let process = program.processIdentifier
                while let now = memory(of: process) {
                    peak = max(peak, now)
                    try await ContinuousClock().sleep(for: .milliseconds(20))
                }
            }
            #expect(ending.exitCode == 0, "\(ending.errors)")
            let report = try ending.report
            try checkSums(log)
            try checkShoppers(report, log)
            #expect(report.producers.map(\.rejected) == [[:]])
            let size = "\(log.lines) lines, \(log.baskets) orders"
            print("baskets: \(names) names, \(size), peak \(peak) KiB")
            #expect(peak <= 150 * 1024, "the run had \(peak) KiB")
        }

        /// Orders, units and money, in all and by day, as the warehouse holds them.
        private func checkSums(_ log: BasketLog) throws {
            let sales = try log.rows(
                "SELECT count(*), sum(units), sum(cents) FROM baskets WHERE units > 0"
            )
            let returns = try log.rows(
                "SELECT count(*), -sum(cents) FROM baskets WHERE units < 0"
            )
            for grain in ["1h", "1d", "1mo", "all"] {
                let counted = try folder.warehouse.rows(
                    """
                    SELECT sum(purchase), sum(units), sum(revenue) FROM window_aggregates
                    WHERE grain = '\(grain)' AND category = ''
                    """
                )
                #expect(counted == sales, "\(grain)")
                let refunded = try folder.warehouse.rows(
                    """
                    SELECT sum(refund), sum(refunded) FROM window_aggregates
                    WHERE grain = '\(grain)' AND category = ''
                    """
                )
                #expect(refunded == returns, "\(grain)")
            }
            let days = try folder.warehouse.rows(
                """
                SELECT date(start_ns / 1000000000, 'unixepoch'), purchase, units, revenue,
                    refund, refunded
                FROM window_aggregates WHERE grain = '1d' AND category = '' ORDER BY 1
                """
            )
            let right = try log.rows(
                """
                SELECT date(at),
                    count(*) FILTER (WHERE units > 0),
                    ifnull(sum(units) FILTER (WHERE units > 0), 0),
                    ifnull(sum(cents) FILTER (WHERE units > 0), 0),
                    count(*) FILTER (WHERE units < 0),
                    ifnull(sum(-cents) FILTER (WHERE units < 0), 0)
                FROM baskets GROUP BY 1 ORDER BY 1
                """
            )
            #expect(days == right)
        }

        /// Shoppers in all, by month and by day, with the orders of each, as the report tells them.
        private func checkShoppers(_ report: Report, _ log: BasketLog) throws {
            let warehouse = try #require(report.warehouse)
            let all = try log.rows("SELECT count(DISTINCT customer) FROM baskets")
            #expect(warehouse.totals.shoppers.map { ["\($0.count)"] } == all)
            #expect(warehouse.totals.shoppers?.exact == true)
            for (windows, label) in [
                (warehouse.days, "date(at)"), (warehouse.months, "strftime('%Y-%m', at)"),
            ] {
                let right = try log.rows(
                    """
                    SELECT \(label), count(*) FILTER (WHERE units > 0),
                        ifnull(sum(units) FILTER (WHERE units > 0), 0), count(DISTINCT customer)
                    FROM baskets GROUP BY 1 ORDER BY 1
                    """
                )
                let told = windows.map { window in
                    let shoppers = window.shoppers?.exact == true ? window.shoppers?.count : nil
                    return "\(window.label)|\(window.orders)|\(window.units)|\(shoppers ?? -1)"
                }
                #expect(told == right)
            }
        }
    }
}
