import Foundation
import Subprocess
import Testing

/// Logs as people have them, through the built program.
@Suite(.timeLimit(.minutes(6)))
struct LogCommandTests {
    private let folder: TestFolder

    init() throws {
        folder = try TestFolder()
    }

    private func pipeline(_ columns: String, _ csv: String = "") throws -> String {
        try folder.write(
            "mapped.yaml",
            Pipelines.shop + "  input:\n    csv:\n      columns: {\(columns)}\n\(csv)"
        )
    }

    private static let dailyColumns =
        "time: ordered_at, timeFormat: yyyymmdd, user: customer, eventName: purchase, "
        + "transaction: order, product: product, category: category, quantity: units, "
        + "value: total, currency: currency"

    private func pipe(_ order: String, _ customer: String, _ total: String) async throws -> Report {
        let rows = (1...3).map {
            "\(order)\($0),2026010\($0 < 3 ? 5 : 6),\(customer),p1,c,1,\(total),USD\n"
        }
        let log =
            "order,ordered_at,customer,product,category,units,total,currency\n" + rows.joined()
        let ending = try await Program.run(
            [
                "run", try pipeline(LogCommandTests.dailyColumns), "--input", "-",
                "--input-format", "csv", "--format", "json",
            ] + folder.storeOptions,
            input: Array(log.utf8)
        )
        #expect(ending.exitCode == 0, "\(ending.errors)")
        return try ending.report
    }

    /// By hand: 3 · 10.00, then 3 · 99.00 more; the same once more adds nothing.
    @Test func `two exports through one pipe are two exports`() async throws {
        let first = try await pipe("a", "ann", "10.00")
        #expect(first.warehouse?.totals.sales.map(\.revenue) == ["30.00"])
        let second = try await pipe("b", "bob", "99.00")
        #expect(second.warehouse?.totals.sales.map(\.revenue) == ["327.00"])
        let again = try await pipe("b", "bob", "99.00")
        #expect(again.warehouse?.totals.sales.map(\.revenue) == ["327.00"])
        #expect(again.warehouse?.totals.orders == 6)
    }

    /// By hand: 5.00, then 5.00 + 1,250.00.
    @Test func `a row that is being written is counted once it is whole`() async throws {
        let mapped = try folder.write("shop.yaml", Pipelines.csvShop)
        let row = "2026-01-05T10:00:00Z,ann,o1,1,5.00\n2026-01-05T10:00:01Z,bob,o2,1,12"
        var log = "at,customer,order,units,total\n\(row)"
        let cut = try await folder.run([mapped, "--input", try folder.write("a.csv", log)])
        #expect(try cut.report.warehouse?.totals.sales.map(\.revenue) == ["5.00"])
        #expect(try cut.report.producers.map(\.rejected) == [["unterminated": 1]])
        log += "50.00\n"
        let whole = try await folder.run([mapped, "--input", try folder.write("a.csv", log)])
        #expect(try whole.report.warehouse?.totals.sales.map(\.revenue) == ["1255.00"])
        #expect(try whole.report.warehouse?.totals.orders == 2)
    }

    // MARK: - What was not counted

    @Test func `an input of which nothing could be read ends with 65`() async throws {
        let bad = String(repeating: "yesterday,ann,o1,1,5.00\n", count: 3)
        let ending = try await folder.run([
            try folder.write("shop.yaml", Pipelines.csvShop), "--input",
            try folder.write("a.csv", "at,customer,order,units,total\n\(bad)"),
        ])
        #expect(ending.exitCode == 65)
        #expect(ending.errors.contains("nothing could be read: 3 of 3 records"))
        let image = try folder.write("b.csv", [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
        let refused = try await folder.run([folder.path("shop.yaml"), "--input", image])
        #expect(refused.exitCode == 65)
        #expect(refused.errors.contains("PNG"))
    }

    @Test(
        arguments: [
            ("1", 65), ("2", 0), ("49%", 65), ("50%", 0), ("0", 65), ("100%", 0),
        ] as [(String, Int32)]
    )
    func `more rejected records than were allowed end with 65`(
        limit: String,
        code: Int32
    ) async throws {
        let rows =
            "2026-01-05T10:00:00Z,ann,o1,1,5.00\nbad,ann,o1,1,5.00\nbad,ann,o1,1,5.00\n"
            + "2026-01-05T10:00:00Z,ann,o2,1,5.00\n"
        let ending = try await Program.run([
            "run", try folder.write("shop.yaml", Pipelines.csvShop), "--max-rejected", limit,
            "--input", try folder.write("a.csv", "at,customer,order,units,total\n\(rows)"),
        ])
        #expect(ending.exitCode == code, "\(ending.errors)")
        // The headline names what was not counted, whatever the limit.
        #expect(ending.output.contains("2 rejected"))
    }

    // MARK: - A live stream

    private func fifo() throws -> (path: String, writer: FileHandle) {
        let path = folder.path("live.csv")
        try #require(mkfifo(path, 0o600) == 0)
        return (path, try #require(FileHandle(forUpdatingAtPath: path)))
    }

    @Test(arguments: [Signal.terminate, .interrupt])
    func `a record of a live stream is stored while the writer waits, and a signal ends the run`(
        signal: Signal
    ) async throws {
        let (path, writer) = try fifo()
        let ending = try await folder.run([
            try folder.write("shop.yaml", Pipelines.csvShop), "--input", path,
        ]) { program in
            let row = "2026-01-05T10:00:00Z,ann,o1,1,5.00\n"
            try writer.write(contentsOf: Data("at,customer,order,units,total\n\(row)".utf8))
            try await folder.raw.wait(for: "SELECT count(*) FROM raw_events", atLeast: 1)
            // Half a row keeps the reader waiting, and is not in the way of the end.
            try writer.write(contentsOf: Data("2026-01-05T10:00:00Z,bob,o2,1".utf8))
            try program.send(signal)
        }
        #expect(ending.exitCode == 130)
        #expect(try ending.report.warehouse?.totals.orders == 1)
        #expect(try ending.report.isConserved)
        try writer.close()
    }

    @Test func `a live stream lasts as long as was asked for, even where nothing comes`()
        async throws
    {
        let (path, writer) = try fifo()
        let ending = try await folder.run([
            try folder.write("shop.yaml", Pipelines.csvShop), "--input", path, "--duration", "1s",
        ])
        #expect(ending.exitCode == 0, "\(ending.errors)")
        #expect(try ending.report.published == 0)
        try writer.close()
    }
}
