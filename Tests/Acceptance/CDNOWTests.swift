import Foundation
import Testing

/// The log that `infra/datasets/cdnow` fetches.
enum CDNOWLog {
    static let path = Program.packageRoot.appending(path: ".weir/data/CDNOW_master.txt").path

    /// A build server must have it: there a missing file fails the test, it does not skip it.
    static var isExpected: Bool {
        FileManager.default.fileExists(atPath: path)
            || ProcessInfo.processInfo.environment["CI"] == "true"
    }

    /// Sums over the windows of a grain: orders, units, minor units, without the categories.
    static func sums(over grain: String) -> String {
        """
        SELECT sum(purchase), sum(units), sum(revenue) FROM window_aggregates
        WHERE grain = '\(grain)' AND category = '' AND currency = 'USD'
        """
    }
}

extension Timed {
    @Suite(
        .enabled(if: CDNOWLog.isExpected, "infra/datasets/cdnow fetches the log"),
        .serialized,
        .timeLimit(.minutes(20))
    )
    struct CDNOWTests {
        private let folder: TestFolder

        init() throws {
            folder = try TestFolder()
        }

        private func run(_ arguments: [String]) async throws -> Report {
            let ending = try await folder.run(
                [Program.storefront, "--input", CDNOWLog.path] + arguments
            )
            #expect(ending.exitCode == 0, "\(ending.errors)")
            return try ending.report
        }

        private func expectTotals(_ report: Report) throws {
            let warehouse = try #require(report.warehouse)
            #expect(warehouse.totals.orders == 69_659)
            #expect(warehouse.totals.units == 167_881)
            #expect(warehouse.totals.sales.map(\.currency) == ["USD"])
            #expect(warehouse.totals.sales.map(\.revenue) == ["2500315.63"])
            #expect(warehouse.totals.sales.map(\.revenueMinor) == [250_031_563])
            #expect(warehouse.totals.shoppers?.count == 23_570)
            #expect(warehouse.totals.shoppers?.exact == true)
            let january = try #require(warehouse.months.first { $0.label == "1997-01" })
            #expect(january.orders == 8_928)
            #expect(january.sales.map(\.revenue) == ["299060.17"])
            #expect(january.shoppers?.count == 7_846)
            #expect(january.shoppers?.exact == true)
        }

        private func expectFiles() throws {
            #expect(try folder.raw.integrity() == ["ok"])
            #expect(try folder.warehouse.integrity() == ["ok"])
            #expect(try folder.raw.number("SELECT count(*) FROM raw_events") == 69_659)
            let warehouse = folder.warehouse
            #expect(try warehouse.rows(CDNOWLog.sums(over: "1d")) == ["69659|167881|250031563"])
            #expect(try warehouse.rows(CDNOWLog.sums(over: "1mo")) == ["69659|167881|250031563"])
            let january = """
                SELECT purchase, revenue FROM window_aggregates
                WHERE grain = '1mo' AND category = ''
                    AND date(start_ns / 1000000000, 'unixepoch') = '1997-01-01'
                """
            #expect(try warehouse.rows(january) == ["8928|29906017"])
            // The same, from the raw events alone.
            let raw = """
                SELECT count(*), sum(round(value * 100)), count(DISTINCT user_id) FROM events
                WHERE time LIKE '1997-01-%'
                """
            #expect(try folder.raw.rows(raw) == ["8928|29906017.0|7846"])
        }

        @Test func `the log of a real shop gives its known figures, and gives them once`()
            async throws
        {
            let first = try await run(["--speed", "max"])
            try expectTotals(first)
            try expectFiles()
            // Every row of the file but its header, if it has one, is stored or rejected.
            let text = try String(contentsOfFile: CDNOWLog.path, encoding: .utf8)
            let rows = text.split(whereSeparator: \.isNewline).filter { line in
                line.contains { $0 != " " } && !(line.first { $0 != " " }?.isLetter ?? false)
            }
            #expect(first.published + first.rejected == rows.count)
            #expect(first.rawStore?.events == first.published)
            #expect(first.isConserved)

            let second = try await run(["--speed", "max"])
            try expectTotals(second)
            try expectFiles()
            #expect(second.published == first.published)
            for stage in second.stages {
                #expect(stage.processed == 0, "\(stage.name) took something for new")
                #expect(stage.duplicates == second.published)
            }
        }

        @Test func `a fast replay of the real log takes its span divided by the speed`()
            async throws
        {
            // The whole log, 545 days, would take 8 s.
            let days = try lastDay(of: 12_000)
            let expected = Double(days) * 86_400 / 6_000_000
            let report = try await run(["--speed", "6000000", "--events", "12000"])
            #expect(report.input.speed == 6_000_000)
            #expect(report.published == 12_000)
            #expect(report.durationSeconds >= expected)
            // A slow machine may take longer than the log, but not sixty times as long.
            #expect(report.durationSeconds <= expected + 30)
        }

        /// How many days after the first purchase the `count`th one lies, by the file alone.
        private func lastDay(of count: Int) throws -> Int {
            let text = try String(contentsOfFile: CDNOWLog.path, encoding: .utf8)
            let days = text.split(whereSeparator: \.isNewline).compactMap { line in
                line.split(separator: " ").dropFirst().first.flatMap { Int($0) }
            }.sorted()
            let calendar = Calendar(identifier: .gregorian)
            func date(_ day: Int) throws -> Date {
                let parts = DateComponents(
                    timeZone: .gmt,
                    year: day / 10_000,
                    month: day / 100 % 100,
                    day: day % 100
                )
                return try #require(calendar.date(from: parts))
            }
            let seconds = try date(days[count - 1]).timeIntervalSince(try date(days[0]))
            return Int((seconds / 86_400).rounded())
        }
    }
}
