import Foundation
import Testing

/// Events that a shop has named itself, through the built program.
@Suite struct CustomEventTests {
    private static let events = """
          events:
            - {name: search_made, parameters: {query: string, n_results: integer, user_id: user}}
          validation: {unknownEvents: keep}

        """

    private static func line(_ id: String, _ type: String, _ data: String) -> String {
        #"{"specversion":"1.0","id":"\#(id)","source":"/app","type":"\#(type)","#
            + #""time":"2026-01-05T10:00:00Z","data":\#(data)}"#
    }

    /// By hand: two searches and one event of a misspelt name; one search is wrong, one is there
    /// twice, and one comes again with another content.
    private static let log =
        [
            line("e1", "search_made", #"{"query":"shoes","n_results":3,"user_id":"ann"}"#),
            line("e2", "search_made", #"{"query":"hats","n_results":"many","user_id":"ann"}"#),
            line("e3", "com.app.search_made.v1", #"{"n_results":0,"user_id":"bob","page":"/x"}"#),
            line("e1", "search_made", #"{"user_id":"ann","query":"shoes","n_results":3}"#),
            line("e3", "com.app.search_made.v1", #"{"n_results":1,"user_id":"bob","page":"/x"}"#),
            line("e4", "purchse", #"{"user_id":"ann"}"#),
            line("e5", "search", "{}"),
        ].joined(separator: "\n") + "\n"

    @Test func `they are held to their kinds, stored, counted by name and found`() async throws {
        let folder = try TestFolder()
        let pipeline = try folder.write("shop.yaml", Pipelines.shop + Self.events)
        let log = try folder.write("events.ndjson", Self.log)
        for turn in 1...2 {
            let ran = try await folder.run([pipeline, "--input", log])
            try #require(ran.exitCode == 0, "\(ran.errors)")
            #expect(ran.errors.contains("events.ndjson:2:"), "\(ran.errors)")
            #expect(ran.errors.contains("data.n_results"), "\(ran.errors)")
            let json = try JSONSerialization.jsonObject(with: Data(ran.output.utf8))
            let report = try #require(json as? [String: Any])
            let warehouse = try #require(report["warehouse"] as? [String: Any])
            let totals = try #require(warehouse["totals"] as? [String: Any])
            let counts = try #require(totals["events"] as? [String: Int])
            #expect(counts["search_made"] == 2, "in turn \(turn)")
            #expect(counts["purchse"] == 1)
            #expect(counts["search"] == 1)
            #expect(warehouse["undeclared_events"] as? [String: Int] == ["purchse": 1])
            #expect(warehouse["conflicts"] as? Int == 1, "e3 said something else")
        }
        let raw = "sqlite:\(folder.raw.path)"
        let found = try await Program.run(["events", "find", "user=ann", "--raw", raw])
        #expect(found.output.contains("search_made") && found.output.contains("purchse"))
        let named = try folder.warehouse.rows(
            "SELECT name, events FROM window_events WHERE grain = '1h' ORDER BY name"
        )
        #expect(named == ["purchse|1", "search_made|2"])
        let checked = try await Program.run([
            "invariants", "check", "--raw", raw, "--warehouse", "sqlite:\(folder.warehouse.path)",
        ])
        #expect(checked.exitCode == 0, "\(checked.output)\(checked.errors)")
        let text = try await Program.run(
            ["run", pipeline, "--input", log, "--verbose"] + folder.storeOptions
        )
        #expect(text.output.contains("purchse (purchase?)"), "\(text.output)")
    }

    @Test func `what is not declared is refused where nothing else is asked for`() async throws {
        let folder = try TestFolder()
        let pipeline = try folder.write("shop.yaml", Pipelines.shop)
        let log = try folder.write("events.ndjson", Self.log)
        let ran = try await folder.run([pipeline, "--input", log])
        #expect(ran.errors.contains("unknown-event") || ran.errors.contains("did you mean"))
        #expect(try ran.report.warehouse?.totals.orders == 0)
    }
}
