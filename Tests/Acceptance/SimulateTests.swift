import Foundation
import Subprocess
import Testing

/// `weir simulate`, as whoever types it meets it.
@Suite(.timeLimit(.minutes(20)))
struct SimulateTests {
    private let folder: TestFolder

    init() throws {
        folder = try TestFolder()
    }

    private func simulate(_ arguments: [String]) async throws -> Ending {
        try await Program.run(
            ["simulate", Program.storefront, "--rate", "20", "--format", "json"] + arguments
        )
    }

    private struct Simulated: Decodable {
        struct Simulation: Decodable {
            var from: String
            var to: String
            var seed: UInt64
            var keepsRawEvents: Bool
            var digest: String
            var replay: String
        }

        var simulation: Simulation
        var started: String
    }

    private func simulated(_ ending: Ending) throws -> Simulated {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Simulated.self, from: Data(ending.output.utf8))
    }

    @Test func `the same command writes the same bytes, and another seed others`() async throws {
        let first = try await simulate(["--for", "5m", "--start", "2026-03-29T00:30:00Z"])
        let second = try await simulate(["--for", "5m", "--start", "2026-03-29T00:30:00Z"])
        #expect(first.exitCode == 0)
        // A pipe gets no progress.
        #expect(first.errors.isEmpty)
        #expect(first.output == second.output)
        let report = try simulated(first)
        #expect(report.started == "2026-03-29T00:30:00Z")
        #expect(report.simulation.from == "2026-03-29T00:30:00Z")
        #expect(report.simulation.to == "2026-03-29T00:35:00Z")
        #expect(report.simulation.seed == 1)
        #expect(!report.simulation.keepsRawEvents)
        #expect(report.simulation.digest.wholeMatch(of: #/[0-9a-f]{16}/#) != nil)
        let other = try await simulate([
            "--for", "5m", "--start", "2026-03-29T00:30:00Z", "--seed", "2",
        ])
        #expect(try simulated(other).simulation.digest != report.simulation.digest)
    }

    @Test func `the command in the report runs it again`() async throws {
        let first = try await simulate(["--for", "1m", "--seed", "9", "--tick", "100ms"])
        let report = try simulated(first).simulation
        let again = try await Program.run(
            ["-c", "\(report.replay) --format json"],
            through: "sh"
        )
        #expect(again.exitCode == 0, "\(again.errors)")
        #expect(try simulated(again).simulation.digest == report.digest)
        let text = try await Program.run(["-c", "\(report.replay) --verbose"], through: "sh")
        for words in [report.digest, report.replay, "raw events are counted, not kept"] {
            #expect(text.output.contains(words), "\(words)")
        }
    }

    @Test func `stores that are named keep what the simulation wrote, the same each time`()
        async throws
    {
        var digests: [String] = []
        for name in ["a", "b"] {
            let raw = folder.path("\(name)-raw.sqlite")
            let ending = try await simulate([
                "--for", "1m", "--raw", "sqlite:\(raw)",
                "--warehouse", "sqlite:\(folder.path("\(name)-warehouse.sqlite"))",
            ])
            #expect(ending.exitCode == 0, "\(ending.errors)")
            let report = try ending.report
            let rows = try StoreFile(path: raw).number("SELECT count(*) FROM raw_events")
            #expect(rows == Int64(report.published))
            #expect(try simulated(ending).simulation.keepsRawEvents)
            digests.append(try simulated(ending).simulation.digest)
        }
        #expect(digests[0] == digests[1])
    }

    @Test func `an interrupt ends a simulation with a report`() async throws {
        let ending = try await Program.run([
            "simulate", Program.storefront, "--for", "400d", "--rate", "2000", "--format", "json",
        ]) { program in
            try await ContinuousClock().sleep(for: .seconds(2))
            try program.send(.interrupt)
        }
        #expect(ending.exitCode == 130, "\(ending.errors)")
        #expect(ending.errors.contains("draining"))
        let report = try ending.report
        #expect(report.outcome == "interrupted")
        #expect(report.subscriptions.allSatisfy { $0.conserved && $0.acked == report.published })
    }

    @Test(arguments: [
        (["--for", "30"], "--for"),
        (
            ["--for", "401d"],
            "'--for <for>': expected a duration such as 60s or 1h30m, at most 400d"
        ),
        (["--for", "1d", "--start", "yesterday"], "--start"),
        (["--for", "1d", "--rate", "max"], "'--rate <rate>': expected a number"),
        (
            ["--for", "1d", "--tick", "11s"],
            "expected a duration such as 60s or 1h30m, at most 10s"
        ),
        (["--for", "1s", "--rate", "100M"], "--rate is 100000000.0 events per second; expected"),
        (
            ["--for", "1s", "--set", "spec.load={shape: ramp, from: 0, to: 1G, over: 1s}"],
            "expected at most 10000000 in virtual time"
        ),
    ])
    func `options that make no sense are named`(arguments: [String], words: String) async throws {
        let ending = try await Program.run(["simulate", Program.storefront] + arguments)
        #expect(ending.exitCode == 64)
        #expect(ending.errors.contains(words), "\(ending.errors)")
        #expect(ending.output.isEmpty)
    }

    /// `script` of util-linux, which Debian always has, gives the program a terminal.
    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/script")))
    func `a terminal sees how far it has come`() async throws {
        let command = "weir simulate '\(Program.storefront)' --for 20m --rate 20"
        let ending = try await Program.run(["-qec", command, "/dev/null"], through: "script")
        #expect(ending.exitCode == 0, "\(ending.output) \(ending.errors)")
        #expect(ending.output.contains("times as fast"))
    }
}
