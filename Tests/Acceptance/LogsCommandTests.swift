import Foundation
import Subprocess
import Testing

/// `weir logs` on what a run has logged.
@Suite(.timeLimit(.minutes(6)))
struct LogsCommandTests {
    private let folder: TestFolder

    init() throws {
        folder = try TestFolder()
    }

    private func logs(
        _ arguments: [String],
        while body: (Running) async throws -> Void = { _ in }
    ) async throws -> Ending {
        try await Program.run(
            ["logs", "--raw", "sqlite:\(folder.raw.path)"] + arguments,
            while: body
        )
    }

    private static func records(_ ending: Ending) throws -> [[String: Any]] {
        let json = try JSONSerialization.jsonObject(with: Data(ending.output.utf8))
        let document = try #require(json as? [String: Any], "\(ending.output)\(ending.errors)")
        let stores = try #require(document["stores"] as? [[String: Any]])
        return stores.flatMap { $0["records"] as? [[String: Any]] ?? [] }
    }

    /// Replays ten purchases, of which the first `broken` have no order.
    private func run(broken: Int, from first: Int = 1) async throws {
        var log = ""
        for number in first..<first + 10 {
            let order =
                number < first + broken ? "" : #""transaction_id":"o-\#(number)","#
            log += #"{"specversion":"1.0","id":"e-\#(number)","source":"/shop","type":"purchase","#
            log += #""time":"2024-01-01T00:00:00Z","traceparent":"00-"#
            log += String(repeating: "0", count: 30) + "\(10 + number % 90)-00f067aa0ba902b7-01"
            log += #"","data":{\#(order)"user_id":"u-\#(number)","currency":"USD","#
            log += #""items":[{"item_id":"p1","price":5,"quantity":1}]}}"# + "\n"
        }
        let path = try folder.write("shop-\(first).ndjson", log)
        let ran = try await folder.run([Program.storefront, "--input", path])
        try #require(ran.exitCode == 0, "\(ran.errors)")
        // Dead letters are logged from level info on, which a terminal is not shown.
        #expect(!ran.errors.contains("dead letter"))
    }

    @Test func `a dead letter is found in the logs by the keys of its event`() async throws {
        try await run(broken: 4)
        for key in ["user=u-2", "id=e-2", "message-id=2", "trace=\(Self.trace(2))"] {
            let found = try Self.records(try await logs([key, "--format", "json"]))
            let fields = found.compactMap { $0["fields"] as? [String: String] }
            #expect(
                fields.compactMap { $0["subscription"] }.sorted() == ["analytics", "ingest"],
                "\(key)"
            )
            for record in fields {
                #expect(record["id"] == "e-2")
                #expect(record["trace"] == Self.trace(2))
                #expect(record["service"] == "storefront")
                #expect(record["stage"] == "dead-letters")
                #expect(record["reason"] == "transaction-id-missing")
            }
        }
        let both = try Self.records(
            try await logs(["user=u-2", "subscription=ingest", "--format", "json"])
        )
        #expect(both.count == 1)
        let all = try Self.records(try await logs(["--limit", "100", "--format", "json"]))
        #expect(all.filter { $0["message"] as? String == "dead letter" }.count == 8)
        let sequences = all.compactMap { $0["sequence"] as? Int64 }
        #expect(sequences == sequences.sorted() && Set(sequences).count == all.count)

        let text = try await logs(["user=u-2"])
        #expect(text.exitCode == 0)
        #expect(text.output.contains("2 records"))
        let none = try await logs(["ordr=o-1"])
        #expect(none.exitCode == 0)
        #expect(none.output.contains(#"did you mean "order"?"#))
        let errors = try await logs(["user=u-2", "--level", "error"])
        #expect(errors.output.contains("no such log is kept"))
        let later = try await logs(["user=u-2", "--since", "2100-01-01T00:00:00Z"])
        #expect(later.output.contains("no such log is kept"))
        let wrong = try await logs(["trace=12"])
        #expect(wrong.exitCode == 64)
    }

    private static func trace(_ number: Int) -> String {
        String(repeating: "0", count: 30) + "\(10 + number)"
    }

    @Test func `the journey of an event has what was logged about it`() async throws {
        try await run(broken: 1)
        func journeys(_ key: String) async throws -> [[String: Any]] {
            let ending = try await Program.run(
                ["trace", key, "--logs", "--format", "json", "--raw", "sqlite:\(folder.raw.path)"]
                    + ["--warehouse", "sqlite:\(folder.warehouse.path)"]
            )
            let json = try JSONSerialization.jsonObject(with: Data(ending.output.utf8))
            let document = try #require(json as? [String: Any], "\(ending.errors)")
            return try #require(document["journeys"] as? [[String: Any]])
        }
        let broken = try #require(try await journeys("id=e-1").first)
        let logs = try #require(broken["logs"] as? [[String: Any]])
        #expect(logs.map { $0["message"] as? String } == ["dead letter", "dead letter"])
        let sound = try #require(try await journeys("id=e-2").first)
        #expect((sound["logs"] as? [Any])?.isEmpty == true)
        let text = try await Program.run([
            "trace", "id=e-2", "--logs", "--raw", "sqlite:\(folder.raw.path)",
            "--warehouse", "sqlite:\(folder.warehouse.path)",
        ])
        #expect(text.output.contains("nothing was logged about it"))
    }

    @Test func `pages go on where the last one ended`() async throws {
        try await run(broken: 10)
        var seen: [Int64] = []
        var after = "0"
        for _ in 0..<30 {
            let page = try Self.records(
                try await logs([
                    "reason=transaction-id-missing", "--limit", "3", "--after", after,
                    "--format", "json",
                ])
            )
            let sequences = page.compactMap { $0["sequence"] as? Int64 }
            guard let last = sequences.last else { break }
            seen += sequences
            after = "\(last)"
        }
        #expect(seen.count == 20)
        #expect(seen == seen.sorted())
    }

    @Test func `logs are followed while a run writes them, until an interrupt`() async throws {
        try await run(broken: 1)
        let ending = try await logs(["--follow", "reason=transaction-id-missing"]) { program in
            while !program.catchesInterrupts {
                try await Task.sleep(for: .milliseconds(50))
            }
            try await run(broken: 2, from: 30)
            try await Task.sleep(for: .seconds(3))
            try program.send(.interrupt)
        }
        #expect(ending.exitCode == 0, "\(ending.errors)")
        let lines = ending.output.split(separator: "\n")
        #expect(lines.count == 6, "\(ending.output)")
        #expect(lines.last?.contains("dead letter") == true)
    }

    @Test func `a store that keeps no logs, or is away, is told`() async throws {
        let memory = try await Program.run(["logs", "--raw", "memory:"])
        #expect(memory.exitCode != 0)
        try await run(broken: 1)
        let away = "mongodb://user:hunter2@127.0.0.1:1/weir?serverSelectionTimeoutMS=200"
        let both = try await logs(["--raw", away, "--format", "json"])
        #expect(both.exitCode == 69)
        #expect(try Self.records(both).count == 2)
        #expect(!both.output.contains("hunter2") && !both.errors.contains("hunter2"))
    }
}
