import Foundation
import Testing

/// `weir trace` on the stores that a run has left.
@Suite struct TraceCommandTests {
    private let folder: TestFolder

    init() throws {
        folder = try TestFolder()
    }

    private func trace(_ arguments: [String]) async throws -> Ending {
        try await Program.run(["trace"] + arguments + folder.storeOptions)
    }

    /// The lanes of each journey, with their states.
    private func lanes(_ arguments: [String]) async throws -> [[String]] {
        let ending = try await trace(arguments + ["--format", "json"])
        #expect(ending.exitCode == 0, "\(ending.errors)")
        let json = try JSONSerialization.jsonObject(with: Data(ending.output.utf8))
        let document = try #require(json as? [String: Any])
        let journeys = try #require(document["journeys"] as? [[String: Any]])
        return try journeys.map { journey in
            let steps = try #require(journey["steps"] as? [[String: Any]])
            return steps.map { "\($0["lane"] ?? "") \($0["state"] ?? "")" }
        }
    }

    private static let begin = ["source produced", "topic events published"]

    @Test func `an order of a run is told from its source to its windows`() async throws {
        let ran = try await folder.run([Program.storefront, "--events", "3000", "--rate", "max"])
        try #require(ran.exitCode == 0, "\(ran.errors)")
        let orders = try folder.raw.rows(
            "SELECT transaction_id FROM raw_events WHERE transaction_id IS NOT NULL LIMIT 5"
        )
        #expect(!orders.isEmpty)
        for order in orders {
            for journey in try await lanes(["order=\(order)"]) {
                #expect(journey == Self.begin + ["ingest stored", "analytics counted"])
            }
        }
        let absent = try await trace(["order=o-none"])
        #expect(absent.exitCode == 0)
        #expect(absent.output.contains("not found"))
        #expect(absent.output.contains("unknown: no census"))

        // As a run leaves it that was killed before it had counted all.
        try folder.warehouse.change("UPDATE progress SET last_offset = last_offset - 10")
        let last = try await lanes(["message-id=3000"])
        #expect(last == [Self.begin + ["ingest stored", "analytics not-yet"]])

        let moved = try await Program.run([
            "trace", "message-id=3000", "--raw", "sqlite:\(folder.raw.path)",
            "--warehouse", "sqlite:\(folder.path("none.sqlite"))",
        ])
        #expect(moved.exitCode == 66)
        #expect(moved.output.contains("published"))
        #expect(moved.output.contains("could not be asked"))
        #expect(try await trace(["oder=o1"]).exitCode == 64)
        let away = try await Program.run([
            "trace", "message-id=3000", "--warehouse", "sqlite:\(folder.warehouse.path)",
            "--raw", "mongodb://127.0.0.1:1/weir?serverSelectionTimeoutMS=200",
        ])
        #expect(away.exitCode == 69)
        #expect(away.output.contains("not everything could be asked"))
    }

    @Test func `what a log has that is given up, sent twice or caused by another is told so`()
        async throws
    {
        func line(_ id: String, _ order: String?, _ more: String = "") -> String {
            let order = order.map { #""transaction_id":"\#($0)","# } ?? ""
            return #"{"specversion":"1.0","id":"\#(id)","source":"/shop","type":"purchase","#
                + #""time":"2024-01-01T00:00:00Z"\#(more),"data":{\#(order)"user_id":"u-1","#
                + #""currency":"USD","items":[{"item_id":"p1","price":5,"quantity":1}]}}"# + "\n"
        }
        let log = try folder.write(
            "shop.ndjson",
            line("e-1", "o-1") + line("e-2", nil) + line("e-3", "o-1")
                + line("e-4", "o-4", #","causationid":"e-1""#)
        )
        let ran = try await folder.run([Program.storefront, "--input", log])
        try #require(ran.exitCode == 0, "\(ran.errors)")
        let stored = Self.begin + ["ingest stored"]
        #expect(try await lanes(["id=e-1"]) == [stored + ["analytics counted"]])
        #expect(
            try await lanes(["id=e-2"])
                == [Self.begin + ["ingest dead-lettered", "analytics dead-lettered"]]
        )
        #expect(
            try await lanes(["order=o-1"])
                == [stored + ["analytics counted"], stored + ["analytics uncounted"]]
        )
        #expect(try await lanes(["user=u-1"]).count == 4)
        let text = try await trace(["user=u-1"])
        #expect(text.output.contains("caused by e-1"))
        #expect(text.output.contains("caused e-4"))
        #expect(text.output.contains("repeated-order"))
        // Letters of events that are stored and not shown are not counted once more.
        let page = try await trace(["user=u-1", "--limit", "1"])
        #expect(page.output.contains("about 3 events, 1 shown"), "\(page.output)")
    }
}
