import Foundation
import Subprocess
import TestSupport
import Testing

extension Timed {
    /// `--serve` and `weir serve`, as whoever asks sees them.
    @Suite(.serialized, .timeLimit(.minutes(20)))
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
                "GET \(path) HTTP/1.1\r\nHost: localhost\r\n\(authorization)\r\n"
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
            let arguments =
                ["run", Program.storefront, "--serve", address, "--linger", "0s"] + memory
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
                "--log-level", "debug", "--linger", "0s",
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

        /// 2,000 events in a moment: all of them are in the slice that the run's end cuts short,
        /// and each is counted by ingest and by analytics.
        @Test func `the last slice of a run is served until somebody has asked for it`()
            async throws
        {
            let ending = try await folder.run([
                Program.storefront, "--rate", "max", "--events", "2000", "--serve", address,
            ]) { _ in
                let last = "slo_events_total{slo=\"message-success\",result=\"good\"} 4000\n"
                try await wait { ask("/metrics")?.contains(last) == true }
            }
            #expect(ending.exitCode == 0, "\(ending.errors)")
            #expect(ending.errors.contains("serving the last figures until they are asked for"))
            #expect(try ending.report.published == 2000)
        }

        @Test func `the last figures are served for as long as one asks, or not at all`()
            async throws
        {
            let run = [Program.storefront, "--rate", "max", "--events", "10", "--serve", address]
            let none = try await folder.run(run + ["--linger", "0s"])
            #expect(none.exitCode == 0)
            #expect(!none.errors.contains("last figures"))
            let ending = try await folder.run(run + ["--linger", "1h"]) { program in
                let last = "weir_topic_published_messages_total{topic=\"events\"} 10\n"
                for _ in 0..<3 {
                    try await wait { ask("/metrics")?.contains(last) == true }
                    try await ContinuousClock().sleep(for: .seconds(1))
                }
                #expect(ask("/readyz")?.contains("the run has ended") == true)
                try program.send(.interrupt)
            }
            #expect(ending.exitCode == 0, "the run was done: \(ending.errors)")
        }

        /// Each asks fifty times on one connection and reads nothing.
        @Test func `peers that do not read do not hold up the run`() async throws {
            let ending = try await folder.run(
                [
                    Program.storefront, "--rate", "500", "--duration", "4s", "--serve", address,
                    "--linger", "0s",
                ]
            ) { _ in
                try await waitUntilServing()
                let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
                let deaf = try (0..<70).map { _ in
                    let peer = try RawConnection(port: port)
                    peer.send(String(repeating: request, count: 50))
                    return peer
                }
                try await ContinuousClock().sleep(for: .seconds(3))
                #expect(deaf.count == 70)
            }
            #expect(ending.exitCode == 0, "\(ending.errors)")
            let report = try ending.report
            #expect(report.published == 2000)
            #expect(report.isConserved)
        }

        @Test(arguments: [("64", 0), ("31", 69), ("12", 69), ("6", 69)])
        func `few open files are no crash`(limit: String, exitCode: Int32) async throws {
            let script = """
                ulimit -n \(limit)
                exec weir run '\(Program.storefront)' --rate 500 --duration 3s --linger 0s \
                    --raw memory: --warehouse memory: --serve \(address)
                """
            let ending = try await Program.run(["-c", script], through: "bash") { _ in
                guard exitCode == 0 else { return }
                try await waitUntilServing()
                let idle = try (0..<100).map { _ in try RawConnection(port: port) }
                try await ContinuousClock().sleep(for: .seconds(2))
                #expect(idle.count == 100)
            }
            #expect(ending.exitCode == exitCode, "\(ending.errors)")
            #expect(exitCode == 0 || ending.errors.contains("ulimit -n"), "\(ending.errors)")
        }

        @Test(arguments: ["HTTP/1.0", "HTTP/1.1\r\nConnection: close"])
        func `a connection that is to end with the answer ends with it`(
            version: String
        ) async throws {
            let ending = try await folder.run([
                Program.storefront, "--rate", "10", "--serve", address, "--linger", "0s",
            ]) { program in
                try await waitUntilServing()
                let connection = try RawConnection(port: port, patience: 5)
                connection.send("GET /healthz \(version)\r\nHost: localhost\r\n\r\n")
                let answer = try #require(connection.receive(), "the connection stays open")
                #expect(answer.hasSuffix("\r\n\r\nok\n"))
                #expect(answer.lowercased().contains("connection: close"))
                try program.send(.interrupt)
            }
            #expect(ending.exitCode == 130)
        }
    }
}
