import Foundation
import Subprocess
import TestSupport
import Testing

extension Timed {
    /// What a run tells of what it gave up while it goes on, over HTTP.
    @Suite(.serialized, .timeLimit(.minutes(10)))
    struct LiveLetterTests {
        private let folder: TestFolder
        private let port = RawConnection.freePort()

        init() throws {
            folder = try TestFolder()
        }

        private var address: String { "127.0.0.1:\(port)" }

        /// A purchase of `items` as a line of a log.
        private static func line(_ number: Int, _ items: String) -> String {
            #"{"specversion":"1.0","id":"e-\#(number)","source":"/shop","type":"purchase","#
                + #""time":"2024-01-01T00:00:00Z","data":{"transaction_id":"o-\#(number)","#
                + #""user_id":"u-1","currency":"USD","items":[\#(items)]}}"# + "\n"
        }

        private func asked(_ arguments: [String]) async throws -> [String: Any] {
            let ending = try await Program.run(
                ["dead-letters"] + arguments + ["--at", address, "--format", "json"]
            )
            guard ending.exitCode == 0 else { return ["errors": ending.errors] }
            let json = try JSONSerialization.jsonObject(with: Data(ending.output.utf8))
            return try #require(json as? [String: Any])
        }

        private func text(_ arguments: [String]) async throws -> String {
            let ending = try await Program.run(["dead-letters"] + arguments + ["--at", address])
            #expect(ending.exitCode == 0, "\(ending.errors)")
            return ending.output
        }

        private func checkLetters() async throws {
            var groups: [[String: Any]] = []
            for _ in 0..<400 where groups.isEmpty {
                groups = try await asked(["list"])["groups"] as? [[String: Any]] ?? []
                try await ContinuousClock().sleep(for: .milliseconds(100))
            }
            let group = try #require(groups.first)
            #expect(groups.count == 1)
            #expect(group["subscription"] as? String == "analytics")
            #expect(group["reason"] as? String == "items-missing")
            #expect(group["count"] as? Int == 1)
            #expect(group["judged"] as? Int == 1)
            #expect(group["would_pass"] as? Int == 0)
            let list = try await text(["list"])
            #expect(list.contains("0 of 1"), "\(list)")

            let shown = try await asked(["show", "order=o-2", "reason=items-missing"])
            let letters = shown["letters"] as? [[String: Any]] ?? []
            #expect(letters.count == 1, "\(shown)")
            #expect(letters.first?["id"] as? String == "e-2")
            #expect(letters.first?["verdict"] as? String == "fails")
            let document = letters.first?["document"] as? String ?? ""
            #expect(document.contains(#""transaction_id":"o-2""#), "\(document)")
            let page = try await text(["show", "e-2"])
            #expect(page.contains("would fail again: items-missing"), "\(page)")
            let none = try await text(["show", "e-1", "--discarded"])
            #expect(none.contains("no such dead letter"), "\(none)")
        }

        @Test func `a run that goes on tells what it gave up, judged by its own rules`()
            async throws
        {
            let pipeline = try folder.write("shop.yaml", Pipelines.shop([]))
            let scenario = try folder.write(
                "hang.yaml",
                """
                apiVersion: weir/v1
                kind: Scenario
                metadata: {name: trouble}
                spec: {faults: [{kind: hang, target: ingest, at: 0s, for: 10m}]}

                """
            )
            let item = #"{"item_id":"p1","price":5,"quantity":1}"#
            let log = try folder.write("log.ndjson", Self.line(1, item) + Self.line(2, ""))
            _ = try await folder.run([
                pipeline, "--input", log, "--scenario", scenario, "--serve", address, "--linger",
                "0s",
            ]) { program in
                do {
                    try await checkLetters()
                    let many = try await Program.run([
                        "dead-letters", "show", "e-2", "--limit", "5000", "--at", address,
                    ])
                    #expect(many.exitCode == 64)
                    #expect(many.errors.contains("from 1 to 1000"), "\(many.errors)")
                } catch {
                    Issue.record(error)
                }
                // What hangs would keep the run from draining.
                try program.send(.interrupt)
                try await ContinuousClock().sleep(for: .milliseconds(500))
                try program.send(.interrupt)
            }
        }
    }
}
