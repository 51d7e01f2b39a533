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

        @Test func `orders, units, revenue, shoppers and days are those of SQL`() async throws {
            let log = try BasketLog(lines: BasketLogTests.lines, in: folder)
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
            let sales = try log.rows(
                """
                SELECT count(*), sum(units), sum(cents) FROM baskets WHERE units > 0
                """
            )
            let returns = try log.rows(
                "SELECT count(*), -sum(cents) FROM baskets WHERE units < 0"
            )
            for grain in ["1d", "1mo", "all"] {
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
                SELECT date(start_ns / 1000000000, 'unixepoch'), purchase, revenue
                FROM window_aggregates
                WHERE grain = '1d' AND category = '' AND purchase > 0 ORDER BY 1
                """
            )
            #expect(
                try days
                    == log.rows(
                        """
                        SELECT date(at), count(*), sum(cents) FROM baskets WHERE units > 0
                        GROUP BY 1 ORDER BY 1
                        """
                    )
            )
            let shoppers = try log.rows("SELECT count(DISTINCT customer) FROM baskets")
            #expect(report.warehouse?.totals.shoppers.map { ["\($0.count)"] } == shoppers)
            #expect(report.producers.map(\.rejected) == [[:]])
            print("baskets: \(log.lines) lines, \(log.baskets) orders, peak \(peak) KiB")
            #expect(peak <= 150 * 1024, "the run had \(peak) KiB")
        }
    }
}
