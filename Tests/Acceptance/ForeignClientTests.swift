import Foundation
import Subprocess
import TestSupport
import Testing

extension Timed {
    /// The clients of other makers, as they are on PyPI, and `curl`, send to a collector.
    @Suite(.serialized, .timeLimit(.minutes(20)), .enabled(if: ForeignClients.python != nil))
    struct ForeignClientTests {
        private static let count = 10_000

        private let folder: TestFolder
        private let port = RawConnection.freePort()

        init() throws {
            folder = try TestFolder()
        }

        /// The shipped pipeline with little room: one subscription sheds, the other blocks.
        private func pipeline() throws -> String {
            let shipped = Program.packageRoot.appending(path: "pipelines/collector.yaml")
            let text = try String(contentsOf: shipped, encoding: .utf8)
            func room(_ name: String, _ whenFull: String) -> (String, String) {
                let subscription = "{name: \(name), topic: events, owner: data"
                let control = "{maxOutstandingMessages: 400, whenFull: \(whenFull)}"
                return (subscription, "\(subscription), flowControl: \(control)")
            }
            let changes = [
                room("ingest", "shed"), room("analytics", "block"),
                ("publishTimeout: 5s", "publishTimeout: 200ms"),
                ("  objectives: [../slo/storefront]", "  # no objectives"),
            ]
            let own = try changes.reduce(text) { text, change in
                try #require(text.contains(change.0))
                return text.replacing(change.0, with: change.1)
            }
            return try folder.write("pipeline.yaml", Array(own.utf8))
        }

        /// Both stores are slow in turn, so that requests wait, and are refused.
        private func scenario() throws -> String {
            let faults = [("warehouse", 1), ("raw", 3), ("warehouse", 6), ("raw", 8)].map {
                "    - {kind: slow, target: \($0.0), by: 700ms, at: \($0.1)s, for: 1s}\n"
            }
            let text = """
                apiVersion: weir/v1
                kind: Scenario
                metadata: {name: slow-stores}
                spec:
                  faults:
                \(faults.joined())
                """
            return try folder.write("scenario.yaml", Array(text.utf8))
        }

        /// Whether the script succeeded, and what it said.
        private static func send(
            _ script: String,
            _ arguments: [String]
        ) async throws -> (succeeded: Bool, text: String) {
            let path = Program.packageRoot.appending(path: "Tests/Acceptance/Support/\(script)")
            let python = try #require(ForeignClients.python)
            return try await run("env", [python, "-I", path.path] + arguments)
        }

        private static func run(
            _ program: String,
            _ arguments: [String]
        ) async throws -> (succeeded: Bool, text: String) {
            let sent = try await Subprocess.run(
                .name(program),
                arguments: Arguments(arguments),
                output: .string(limit: 1 << 24),
                error: .string(limit: 1 << 24)
            )
            let text = sent.standardOutput + sent.standardError
            return (sent.terminationStatus.isSuccess, text)
        }

        /// 10,000 searches by 100, which curl sends again until they are taken.
        private func curl() async throws -> (succeeded: Bool, text: String) {
            var options = ""
            for first in stride(from: 0, to: Self.count, by: 100) {
                let events = (first..<first + 100).map {
                    #"{"specversion":"1.0","id":"c\#($0)","source":"/curl","type":"search","#
                        + #""time":"2026-11-30T12:00:00Z","data":{"search_term":"hat"}}"#
                }
                let body = "[" + events.joined(separator: ",") + "]"
                let file = try folder.write("curl-\(first).json", Array(body.utf8))
                options += """
                    \(first == 0 ? "" : "next\n")url = "http://127.0.0.1:\(port)/events"
                    header = "Content-Type: application/cloudevents-batch+json"
                    data-binary = "@\(file)"
                    retry = 1000
                    retry-delay = 1
                    retry-all-errors
                    fail
                    silent

                    """
            }
            let path = try folder.write("curl.conf", Array(options.utf8))
            return try await Self.run("curl", ["-K", path])
        }

        @Test
        func `what clients were told is taken is stored once, through kills and slow stores`()
            async throws
        {
            let (port, count) = ("\(port)", "\(Self.count)")
            let arguments = [
                "run", try pipeline(), "--collect", "127.0.0.1:\(port)", "--scenario",
                try scenario(), "--format", "json",
            ]
            let names = ["cloudevents", "segment", "rudder", "ga4", "curl"]
            let clients = Task {
                async let cloudEvents = Self.send("cloudevents_client.py", [port, count])
                async let segment = Self.send("segment_client.py", ["segment", port, count])
                async let rudder = Self.send("segment_client.py", ["rudder", port, count])
                async let ga4 = Self.send("ga4_client.py", [port, count])
                async let curl = curl()
                return try await [cloudEvents, segment, rudder, ga4, curl]
            }
            for _ in 1...2 {
                _ = try await Program.run(arguments + folder.storeOptions, in: folder) { running in
                    try await ContinuousClock().sleep(for: .milliseconds(4500))
                    try running.send(.kill)
                }
            }
            var told: [(succeeded: Bool, text: String)] = []
            let ending = try await Program.run(arguments + folder.storeOptions, in: folder) {
                running in
                told = try await clients.value
                try running.send(.interrupt)
            }
            #expect(ending.exitCode == 130, "\(ending.errors)")
            for (name, client) in zip(names, told) {
                #expect(client.succeeded, "\(name): \(client.text.suffix(2000))")
            }
            try #require(told.count == names.count)
            #expect(told[0].text.contains("429:"), "nothing was shed: \(told[0].text)")

            for (source, expected) in [("/python", 1), ("/segment/local", 2), ("/curl", 1)] {
                let theirs = "FROM events WHERE source = '\(source)'"
                let events = expected * Self.count
                #expect(try folder.raw.number("SELECT count(*) \(theirs)") == events, "\(source)")
                let ids = "SELECT count(DISTINCT id) \(theirs)"
                #expect(try folder.raw.number(ids) == events, "\(source)")
            }
            let worth = "source = '/segment/local' AND CAST(value AS TEXT) = '24.99'"
            let orders = "SELECT count(*) FROM events WHERE \(worth)"
            #expect(try folder.raw.number(orders) == 2 * Self.count)

            // GA4 has no id: what was not answered may be stored all the same, and nothing twice.
            let taken = told[3].text.split(separator: "\n").filter { $0.hasPrefix("ga4-") }
            #expect(taken.count > 1000)
            let theirs = "FROM events WHERE source = '/ga4/G-1'"
            let stored = try folder.raw.number("SELECT count(*) \(theirs)")
            #expect(stored >= taken.count)
            let number = "SELECT count(DISTINCT transaction_id) \(theirs)"
            #expect(try folder.raw.number(number) == stored)
            let quoted = taken.map { "'\($0)'" }.joined(separator: ",")
            let known = "\(number) AND transaction_id IN (\(quoted))"
            #expect(try folder.raw.number(known) == taken.count)
            let counted = try #require(try ending.report.warehouse?.totals.orders)
            #expect(
                Int64(counted) == Int64(2 * Self.count) + stored,
                "\(stored) orders of GA4"
            )
        }
    }
}

/// The clients that infra/test installs.
private enum ForeignClients {
    /// A Python that has them; nil where they are not installed.
    static let python = ProcessInfo.processInfo.environment["WEIR_TEST_PYTHON"]
}
