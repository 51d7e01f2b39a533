import Foundation
import Subprocess
import TestSupport
import Testing

extension Timed {
    /// The clients of other makers, as they are on PyPI, send to a collector.
    @Suite(.serialized, .timeLimit(.minutes(20)), .enabled(if: ForeignClients.python != nil))
    struct ForeignClientTests {
        private static let pipeline =
            Program.packageRoot.appending(path: "pipelines/collector.yaml").path

        private let folder: TestFolder
        private let port = RawConnection.freePort()

        init() throws {
            folder = try TestFolder()
        }

        private func run(while body: (Running) async throws -> Void) async throws -> Ending {
            let arguments = ["run", Self.pipeline, "--collect", "127.0.0.1:\(port)"]
            return try await Program.run(
                arguments + ["--format", "json"] + folder.storeOptions,
                in: folder,
                while: body
            )
        }

        /// Whether the script succeeded, and what it said.
        private func send(
            _ script: String,
            _ arguments: [String]
        ) async throws -> (succeeded: Bool, text: String) {
            let path = Program.packageRoot.appending(path: "Tests/Acceptance/Support/\(script)")
            let python = try #require(ForeignClients.python)
            let sent = try await Subprocess.run(
                .name("env"),
                arguments: Arguments([python, "-I", path.path] + arguments),
                output: .string(limit: 1 << 24),
                error: .string(limit: 1 << 24)
            )
            let text = sent.standardOutput + sent.standardError
            return (sent.terminationStatus.isSuccess, text)
        }

        private func waitUntilItListens() async throws {
            while (try? RawConnection(port: port)) == nil {
                try await ContinuousClock().sleep(for: .milliseconds(20))
            }
        }

        @Test(arguments: ["segment", "rudder"])
        func `orders are stored once though the collector is killed twice`(
            name: String
        ) async throws {
            let (port, count) = (self.port, 10_000)
            let client = Task {
                try await send("segment_client.py", [name, "\(port)", "\(count)"])
            }
            for _ in 1...2 {
                _ = try await run { running in
                    try await waitUntilItListens()
                    try await ContinuousClock().sleep(for: .milliseconds(700))
                    try running.send(.kill)
                }
            }
            let ending = try await run { running in
                let sent = try await client.value
                #expect(sent.succeeded, "\(sent.text)")
                try running.send(.interrupt)
            }
            #expect(ending.exitCode == 130, "\(ending.errors)")
            let theirs = "FROM events WHERE source = '/segment/local'"
            #expect(try folder.raw.number("SELECT count(*) \(theirs)") == count)
            #expect(try folder.raw.number("SELECT count(DISTINCT id) \(theirs)") == count)
            let worth = "CAST(value AS TEXT) = '24.99'"
            #expect(try folder.raw.number("SELECT count(*) \(theirs) AND \(worth)") == count)
        }

        @Test func `orders of GA4's protocol are stored, alone and by 25`() async throws {
            let count = 1000
            let ending = try await run { running in
                try await waitUntilItListens()
                let sent = try await send("ga4_client.py", ["\(port)", "\(count)"])
                #expect(sent.succeeded, "\(sent.text)")
                try running.send(.interrupt)
            }
            #expect(ending.exitCode == 130, "\(ending.errors)")
            let theirs = "FROM events WHERE source = '/ga4/G-1'"
            #expect(try folder.raw.number("SELECT count(*) \(theirs)") == count)
            #expect(try ending.report.warehouse?.totals.orders == count)
        }
    }
}

/// The clients that infra/test installs.
private enum ForeignClients {
    /// A Python that has them; nil where they are not installed.
    static let python = ProcessInfo.processInfo.environment["WEIR_TEST_PYTHON"]
}
