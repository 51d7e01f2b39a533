import Foundation
import Testing

@Suite(.timeLimit(.minutes(20)))
struct RejectionTests {
    private let folder: TestFolder

    init() throws {
        folder = try TestFolder()
    }

    @Test(arguments: BadRecord.all)
    func `a bad record is named and counted, and the rest is processed`(
        _ record: BadRecord
    )
        async throws
    {
        let ending = try await folder.run([
            try folder.write("shop.yaml", Pipelines.csvShop),
            "--input", try folder.write(record.file, record.log),
        ])
        #expect(ending.exitCode == 0)
        for fragment in ["rejected: "] + record.fragments {
            #expect(
                ending.errors.contains(fragment),
                "standard error lacks: \(fragment); it says: \(ending.errors.prefix(2000))"
            )
        }
        let report = try ending.report
        #expect(report.producers.map(\.rejected) == [[record.reason: 1]])
        #expect(report.producers.map(\.rejections.count) == [1])
        #expect(report.published == 2)
        #expect(report.isConserved)
        #expect(report.rawStore?.events == 2)
        #expect(report.warehouse?.totals.orders == 2)
        #expect(report.warehouse?.totals.sales.map(\.revenue) == ["30.00"])
        #expect(try folder.raw.number("SELECT count(*) FROM raw_events") == 2)
    }

    @Test func `many bad rows are counted in full, and the first are shown`() async throws {
        let good = "2024-01-01T00:00:00Z,ann,o1,1,10.00\n"
        let bad = String(repeating: "2024-01-01T00:00:00Z,ann,o1,-1,10.00\n", count: 5_000)
        let ending = try await folder.run([
            try folder.write("shop.yaml", Pipelines.csvShop),
            "--input",
            try folder.write("orders.csv", "at,customer,order,units,total\n\(good)\(bad)\(good)"),
        ])
        #expect(ending.exitCode == 0)
        let report = try ending.report
        #expect(report.producers.map(\.rejected) == [["negative-count": 5_000]])
        #expect(report.published == 2)
        #expect(ending.errors.split(separator: "\n").count < 50)
        #expect(ending.errors.contains("and 4980 more"))
    }

    /// What can be read, and must not be stored or counted.
    @Test(
        arguments: [
            (ShopLog.line(id: "bad", transaction: ""), "transaction-id-empty"),
            (ShopLog.line(id: "bad", transaction: nil), "transaction-id-missing"),
            (
                ShopLog.line(id: "bad", time: "1970-01-01T00:00:00Z", transaction: "t"),
                "time-too-early"
            ),
            (
                ShopLog.line(id: "bad", time: "2100-01-01T00:00:00Z", transaction: "t"),
                "time-in-future"
            ),
        ]
    )
    func `a poison event is a dead letter with its reason and its bytes`(
        line: String,
        reason: String
    ) async throws {
        let log =
            ShopLog.line(id: "first", transaction: "t1") + line
            + ShopLog.line(id: "last", transaction: "t9")
        let ending = try await folder.run([
            Program.storefront, "--input", try folder.write("events.ndjson", log),
        ])
        #expect(ending.exitCode == 0)
        let report = try ending.report
        #expect(report.published == 3)
        #expect(report.isConserved)
        for subscription in report.subscriptions {
            #expect(subscription.deadLetteredByReason == [reason: 1])
            #expect(subscription.deadLettered == 1)
            #expect(subscription.acked == 2)
        }
        for stage in report.stages {
            #expect(stage.failures == [reason: 1])
            #expect(stage.processed == 2)
        }
        #expect(report.warehouse?.totals.orders == 2)
        #expect(try folder.raw.rows("SELECT id FROM events ORDER BY id") == ["first", "last"])
        let letters = try folder.warehouse.rows(
            "SELECT subscription, id, reason FROM dead_letters ORDER BY subscription"
        )
        #expect(letters == ["analytics|bad|\(reason)", "ingest|bad|\(reason)"])
        let kept = try folder.warehouse.bytes(
            "SELECT document FROM dead_letters WHERE subscription = 'ingest'"
        )
        #expect(String(decoding: kept, as: UTF8.self) + "\n" == line)
    }

    @Test
    func `an event that comes twice is stored once, counted once, and said to be a duplicate`()
        async throws
    {
        let twice = ShopLog.line(id: "same", transaction: "t1", cents: 1000)
        // The same id of another source is another event.
        let other = ShopLog.line(id: "same", source: "/shop/south", transaction: "t2", cents: 500)
        let log = twice + ShopLog.line(id: "else", transaction: "t3", cents: 200) + twice + other
        let ending = try await folder.run([
            Program.storefront, "--input", try folder.write("events.ndjson", log),
        ])
        #expect(ending.exitCode == 0)
        let report = try ending.report
        #expect(report.published == 4)
        for stage in report.stages {
            #expect(stage.duplicates == 1, "\(stage.name)")
            #expect(stage.processed == 3, "\(stage.name)")
        }
        #expect(report.warehouse?.totals.orders == 3)
        #expect(report.warehouse?.totals.sales.map(\.revenue) == ["17.00"])
        let stored = try folder.raw.rows("SELECT source, id FROM events ORDER BY 1, 2")
        #expect(stored == ["/shop/south|same", "/shop/web|else", "/shop/web|same"])
    }

    @Test func `what cannot be stored in text stays readable in the text report`() async throws {
        let log = ShopLog.line(id: "bad", transaction: "") + "{nope\n"
        let ending = try await Program.run([
            "run", Program.storefront, "--raw", "memory:", "--warehouse", "memory:",
            "--input", try folder.write("events.ndjson", log),
        ])
        #expect(ending.exitCode == 0)
        for word in ["transaction-id-empty", "not-json", "events.ndjson:2:2"] {
            #expect(ending.output.contains(word))
        }
    }
}

extension Report.Subscription {
    /// Reads better in an expectation than the key's own name.
    fileprivate var deadLetteredByReason: [String: Int] { deadLettersByReason }
}
