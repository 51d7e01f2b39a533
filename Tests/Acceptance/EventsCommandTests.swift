import Foundation
import Testing

/// `weir events find` on what a run has stored.
@Suite struct EventsCommandTests {
    private static func find(_ arguments: [String]) async throws -> Ending {
        try await Program.run(["events", "find"] + arguments)
    }

    private static func stores(_ ending: Ending) throws -> [[String: Any]] {
        let json = try JSONSerialization.jsonObject(with: Data(ending.output.utf8))
        let document = try #require(json as? [String: Any], "\(ending.output)\(ending.errors)")
        return try #require(document["stores"] as? [[String: Any]])
    }

    @Test func `what a run has stored is found by each key, page by page`() async throws {
        let folder = try TestFolder()
        let ran = try await folder.run([Program.storefront, "--events", "5000", "--rate", "max"])
        try #require(ran.exitCode == 0, "\(ran.errors)")
        let raw = "sqlite:\(folder.raw.path)"
        for (key, column) in [
            ("order", "transaction_id"), ("user", "user_id"), ("session", "session_id"),
            ("id", "id"), ("message-id", "position"), ("trace", "substr(traceparent, 4, 32)"),
        ] {
            let text = column.replacing(
                "traceparent",
                with: "json_extract(document, '$.traceparent')"
            )
            let held = try folder.raw.rows(
                """
                SELECT \(text) AS looked, count(*) FROM events WHERE looked IS NOT NULL
                GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 3
                """
            )
            #expect(held.count == 3)
            for row in held {
                let parts = row.split(separator: "|")
                let ending = try await Self.find(
                    ["\(key)=\(parts[0])", "--raw", raw, "--format", "json"]
                )
                #expect(ending.exitCode == 0)
                let store = try #require(try Self.stores(ending).first)
                let events = try #require(store["events"] as? [[String: Any]])
                let more = try #require(store["more"] as? Int)
                let count = try #require(Int(parts[1]))
                #expect(events.count == min(50, count))
                // Beyond 200 they are named by the index alone.
                #expect(store["precision"] as? String == (count > 250 ? "about" : "exact"))
                #expect(events.count + more == count || count > 250)
            }
        }

        var positions: [Int] = []
        var after = "0"
        while true {
            let ending = try await Self.find([
                "product=p1", "--raw", raw, "--limit", "7", "--after", after, "--format", "json",
            ])
            let store = try #require(try Self.stores(ending).first)
            let events = try #require(store["events"] as? [[String: Any]])
            positions += events.compactMap { $0["position"] as? Int }
            guard let next = store["next_after"] as? Int else { break }
            after = "\(next)"
        }
        let held = try folder.raw.rows(
            """
            SELECT position FROM raw_events WHERE EXISTS (
                SELECT 1 FROM json_each(data, '$.items') AS item
                WHERE json_extract(item.value, '$.item_id') = 'p1'
            ) ORDER BY position
            """
        )
        #expect(positions.map(String.init) == held)
        #expect(held.count > 7)
    }

    @Test func `what is not there ends with 0, and a store that is away with 69`() async throws {
        let folder = try TestFolder()
        let ran = try await folder.run([Program.storefront, "--events", "500", "--rate", "max"])
        try #require(ran.exitCode == 0, "\(ran.errors)")
        let raw = "sqlite:\(folder.raw.path)"
        let absent = try await Self.find(["order=o-none", "--raw", raw])
        #expect(absent.exitCode == 0)
        #expect(absent.output.contains("no such key in what is retained since "))
        #expect(absent.output.contains("positions 1 to 500"))

        let away = "mongodb://user:hunter2@127.0.0.1:1/weir?serverSelectionTimeoutMS=200"
        let alone = try await Self.find(["message-id=1", "--raw", away])
        #expect(alone.exitCode == 69)
        let both = try await Self.find([
            "message-id=1", "--raw", away, "--raw", raw, "--format", "json",
        ])
        #expect(both.exitCode == 69)
        let stores = try Self.stores(both)
        #expect((stores[0]["failure"] as? String)?.isEmpty == false)
        #expect(stores[0]["precision"] as? String == "unknown")
        #expect((stores[1]["events"] as? [Any])?.count == 1)
        #expect(!(both.output + both.errors + alone.errors).contains("hunter2"))
    }

    @Test func `a file without an index gets one from the first search`() async throws {
        let folder = try TestFolder()
        let ran = try await folder.run([Program.storefront, "--events", "500", "--rate", "max"])
        try #require(ran.exitCode == 0, "\(ran.errors)")
        let user = try #require(
            try folder.raw.rows("SELECT user_id FROM events ORDER BY position LIMIT 1").first
        )
        let arguments = ["user=\(user)", "--raw", "sqlite:\(folder.raw.path)"]
        let before = try await Self.find(arguments)
        try folder.raw.change(
            """
            DROP TABLE recent_keys;
            DROP TABLE key_segments;
            DROP TABLE key_entries;
            DROP TABLE log_fields;
            DROP TABLE logs;
            DELETE FROM grdb_migrations WHERE identifier IN ('keys', 'logs');
            """
        )
        let after = try await Self.find(arguments)
        #expect(after.exitCode == 0, "\(after.errors)")
        #expect(after.output == before.output)
    }
}
