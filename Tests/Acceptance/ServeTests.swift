import Foundation
import Subprocess
import TestSupport
import Testing

extension Timed {
    /// `--serve` and `weir serve`, as whoever asks sees them.
    @Suite(.serialized, .timeLimit(.minutes(3)))
    struct ServeTests {
        private static let token = "a-token-for-this-test"
        private static let invariants = Program.packageRoot.appending(path: "slo/invariants").path
        private static let objectives =
            Program.packageRoot.appending(path: "slo/storefront").path

        private static let headIsTip =
            "invariant=\"head-is-tip\",severity=\"page\",owner=\"data\""

        private let folder: TestFolder
        private let port = RawConnection.freePort()

        init() throws {
            folder = try TestFolder()
        }

        private var address: String { "127.0.0.1:\(port)" }

        private func ask(_ path: String, token: String? = nil) -> String? {
            let authorization = token.map { "Authorization: Bearer \($0)\r\n" } ?? ""
            return (try? RawConnection(port: port))?.ask(
                "GET \(path) HTTP/1.1\r\nHost: here\r\n\(authorization)\r\n"
            )
        }

        private func waitUntilServing() async throws {
            try await wait { ask("/healthz")?.contains(" 200 OK") == true }
        }

        private func wait(until isTrue: () -> Bool) async throws {
            while !isTrue() {
                try await ContinuousClock().sleep(for: .milliseconds(50))
            }
        }

        @Test func `a busy port is told of before anything begins`() async throws {
            let arguments = ["run", Program.storefront, "--serve", address] + memory
            let ending = try await Program.run(arguments) { first in
                try await waitUntilServing()
                let second = try await folder.run([
                    Program.storefront, "--serve", address, "--events", "10",
                ])
                #expect(second.exitCode == 69)
                #expect(second.errors.contains("another program listens on \(address)"))
                #expect(second.output.isEmpty)
                try first.send(.interrupt)
            }
            #expect(ending.exitCode == 130, "the first one goes on, \(ending.errors)")
        }

        private var memory: [String] { ["--raw", "memory:", "--warehouse", "memory:"] }

        @Test func `the token is asked for, and is in no output`() async throws {
            let file = try folder.write("token", Self.token + "\n")
            let ending = try await folder.run([
                Program.storefront, "--serve", address, "--console-token-file", file,
                "--log-level", "debug",
            ]) { program in
                try await waitUntilServing()
                #expect(ask("/metrics")?.contains(" 401 Unauthorized") == true)
                #expect(ask("/metrics", token: "another-token-here")?.contains(" 401 ") == true)
                #expect(ask("/metrics", token: Self.token)?.contains(" 200 OK") == true)
                // It begins a moment after it is served.
                try await wait { ask("/readyz", token: Self.token)?.contains(" 200 OK") == true }
                try program.send(.interrupt)
            }
            #expect(ending.exitCode == 130)
            #expect(!(ending.output + ending.errors).contains(Self.token))
        }

        @Test func `what a run has left is served without it`() async throws {
            let run = try await folder.run([
                Program.storefront, "--rate", "1000", "--events", "2000",
            ])
            let published = try run.report.published
            let ending = try await Program.run(
                [
                    "serve", address, "--objectives", Self.objectives, "--warehouse",
                    "sqlite:\(folder.warehouse.path)", "--invariants", Self.invariants,
                ],
                environment: ["WEIR_CONSOLE_TOKEN": Self.token]
            ) { program in
                try await waitUntilServing()
                #expect(ask("/metrics")?.contains(" 401 Unauthorized") == true)
                let events = "slo_events_total{slo=\"message-success\",result="
                // Once the last slice of the run has ended, and the warehouse is read again.
                try await wait {
                    ask("/metrics", token: Self.token)?
                        .contains("\(events)\"good\"} \(2 * published)\n") == true
                }
                let metrics = try #require(ask("/metrics", token: Self.token))
                let lines = metrics.split(whereSeparator: \.isNewline)
                #expect(lines.contains("\(events)\"bad\"} 0"))
                #expect(
                    lines.contains("slo_state{slo=\"mongodb-connections\",state=\"no-data\"} 1")
                )
                #expect(lines.contains("dataset_anomalies{\(Self.headIsTip)} 0"))
                #expect(lines.contains("dataset_invariants_refreshes_total{result=\"failed\"} 0"))
                // It is looked at as soon as it is served.
                try await wait {
                    ask("/metrics", token: Self.token)?
                        .contains("dataset_invariants_refreshes_total{result=\"succeeded\"} 1\n")
                        == true
                }
                #expect(ask("/readyz", token: Self.token)?.contains(" 200 OK") == true)
                try program.send(.terminate)
            }
            #expect(ending.exitCode == 0, "\(ending.errors)")
        }
    }
}
