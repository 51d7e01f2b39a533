import Foundation
import Testing

/// `weir simulate --seeds`, `--set`, and what compares configurations, as a user meets them.
@Suite struct ConfigurationSimulateTests {
    private static func json(_ ending: Ending) throws -> [String: Any] {
        try #require(
            JSONSerialization.jsonObject(with: Data(ending.output.utf8)) as? [String: Any]
        )
    }

    @Test func `a search that finds nothing says what it has tried`() async throws {
        let ending = try await Program.run(
            ["simulate", Program.storefront, "--seeds", "5", "--seed", "7"]
        )
        #expect(ending.exitCode == 0, "\(ending.errors)")
        #expect(ending.output.contains("no trouble in 5 trials"))
        #expect(ending.output.contains("from seed 7 on"))
    }

    @Test func `a pipeline that never recovers ends with 75, and with a scenario to see it by`()
        async throws
    {
        let folder = try TestFolder()
        let text = try String(contentsOfFile: Program.storefront, encoding: .utf8)
            .replacing(
                "store: raw, owner: data, batch: 4096}",
                with: """
                    store: raw, owner: data, batch: 1,
                           serviceTime: {distribution: constant, time: 1m}}
                    """
            )
            .replacing("  objectives: [../slo/storefront]", with: "")
        try folder.write("slow.yaml", text)
        let ending = try await Program.run(
            ["simulate", "slow.yaml", "--seeds", "3", "--format", "json"],
            in: folder
        )
        #expect(ending.exitCode == 75, "\(ending.errors)")
        let troubles = try #require(try Self.json(ending)["troubles"] as? [[String: Any]])
        #expect(troubles.contains { $0["outcome"] as? String == "never recovered" })
        let trouble = try #require(troubles.first)
        let command = try #require(trouble["command"] as? String)
        let seed = try #require(trouble["seed"] as? Int)
        #expect(command.contains("--scenario .weir/trouble/seed-\(seed).yaml"))
        let scenario = try folder.text(of: ".weir/trouble/seed-\(seed).yaml")
        #expect(scenario == trouble["scenario"] as? String)
    }

    @Test(arguments: [["--for", "1h"], ["--set", "workers=2"], ["--scenario", "x.yaml"]])
    func `what a search draws itself cannot be told`(options: [String]) async throws {
        let ending = try await Program.run(
            ["simulate", Program.storefront, "--seeds", "5"] + options
        )
        #expect(ending.exitCode == 64)
        #expect(ending.errors.contains("\(options[0]) does not go with --seeds"))
    }

    @Test(
        arguments: [
            ("spec.stages.ingst.batch=1", "did you mean 'ingest'?"),
            ("spec.stages.ingest.batch=0", "'batch' is 0; expected a whole number from 1 to"),
        ]
    )
    func `a setting that does not suit the pipeline is named`(
        setting: String,
        message: String
    ) async throws {
        let ending = try await Program.run(
            ["simulate", Program.storefront, "--for", "1m", "--set", setting]
        )
        #expect(ending.exitCode == 65)
        #expect(ending.errors.contains(setting))
        #expect(ending.errors.contains(message), "\(ending.errors)")
    }

    /// What takes the service times from the stores of the storefront.
    private static let timelessStores = ["raw", "warehouse"].flatMap { store in
        ["--set", "spec.stores.\(store).serviceTime={distribution: constant, time: 0s}"]
    }

    @Test func `four workers are worth four, in virtual time`() async throws {
        let ending = try await Program.run(
            [
                "capacity", Program.storefront, "--set", "spec.stages.ingest.batch=1", "--set",
                "spec.stages.ingest.serviceTime={distribution: exponential, mean: 10ms}",
                "--what-if", "workers=4", "--vary", "spec.stages.ingest.workers=1,2", "--from",
                "50", "--format", "json",
            ] + Self.timelessStores
        )
        #expect(ending.exitCode == 0, "\(ending.errors)")
        let entries = try #require(try Self.json(ending)["entries"] as? [[String: Any]])
        let capacities = entries.map { $0["capacity"] as? Double ?? 0 }
        #expect(
            entries.map { $0["settings"] as? [String] } == [
                [], ["workers=4"], ["spec.stages.ingest.workers=1"],
                ["spec.stages.ingest.workers=2"],
            ]
        )
        // A server that takes 10 ms on average serves 100 a second.
        #expect(capacities[0] > 70 && capacities[0] <= 105, "\(capacities)")
        #expect(capacities[1] > 3.4 * capacities[0], "\(capacities)")
        #expect(capacities[2] == capacities[0], "\(capacities)")
        #expect(entries[0]["bottleneck"] as? String == "ingest")
    }

    @Test func `nothing that takes time has no capacity in virtual time`() async throws {
        let ending = try await Program.run(
            ["capacity", Program.storefront, "--what-if", "workers=4"] + Self.timelessStores
        )
        #expect(ending.exitCode == 64)
        #expect(ending.errors.contains("takes any virtual time"))
    }

    @Test func `a simulation takes the times that a real run has measured`() async throws {
        let folder = try TestFolder()
        let real = try await Program.run(
            [
                "run", Program.storefront, "--duration", "2s", "--rate", "500", "--raw", "memory:",
                "--warehouse", "memory:", "--report", "run.json",
            ],
            in: folder
        )
        #expect(real.exitCode == 0, "\(real.errors)")
        let ending = try await Program.run(
            [
                "simulate", Program.storefront, "--for", "1m", "--rate", "50", "--service-times",
                "run.json", "--format", "json",
            ],
            in: folder
        )
        #expect(ending.exitCode == 0, "\(ending.errors)")
        let report = try Self.json(ending)
        let simulation = try #require(report["simulation"] as? [String: Any])
        #expect((simulation["replay"] as? String)?.contains("--service-times run.json") == true)
        let stages = try #require(report["stages"] as? [[String: Any]])
        let jobs = try #require(stages.first?["jobs"] as? [String: Any])
        #expect((jobs["max_ms"] as? Double ?? 0) >= 0)
        let latency = try #require(stages.first?["latency"] as? [String: Any])
        #expect((latency["max_ms"] as? Double ?? 0) > 0)
    }

    @Test func `what is measured in virtual time predicts what holds in virtual time`()
        async throws
    {
        // The known answer of "virtual and real agree": a real run on stores of known times.
        let folder = try TestFolder()
        var reports: [String] = []
        for rate in ["50", "1000", "2000"] {
            let ending = try await Program.run(
                [
                    "simulate", Program.storefront, "--for", "20s", "--tick", "10ms", "--rate",
                    rate, "--report", "run-\(rate).json",
                ],
                in: folder
            )
            #expect(ending.exitCode == 0, "\(ending.errors)")
            reports += ["--service-times", "run-\(rate).json"]
        }
        let ending = try await Program.run(
            ["capacity", Program.storefront, "--what-if", "spec.stages.ingest.batch=4096"]
                + reports + ["--format", "json"],
            in: folder
        )
        #expect(ending.exitCode == 0, "\(ending.errors)")
        let declared = try await Program.run(
            [
                "capacity", Program.storefront, "--what-if", "spec.stages.ingest.batch=4096",
                "--format", "json",
            ],
            in: folder
        )
        let (found, known) = try (Self.json(ending), Self.json(declared))
        func capacities(_ json: [String: Any]) -> [Double] {
            (json["entries"] as? [[String: Any]] ?? []).compactMap { $0["capacity"] as? Double }
        }
        #expect(capacities(known).count == 2)
        for (found, known) in zip(capacities(found), capacities(known)) {
            #expect(abs(found - known) <= known / 10, "\(found) of \(known)")
        }
    }

    @Test func `runs whose calls had one size tell no two costs`() async throws {
        let folder = try TestFolder()
        let run = try await Program.run(
            [
                "simulate", Program.storefront, "--for", "1m", "--rate", "10", "--set",
                "spec.stages.ingest.batch=1", "--report", "run.json",
            ],
            in: folder
        )
        #expect(run.exitCode == 0, "\(run.errors)")
        let ending = try await Program.run(
            ["simulate", Program.storefront, "--for", "1m", "--service-times", "run.json"],
            in: folder
        )
        #expect(ending.exitCode == 64)
        #expect(ending.errors.contains("cannot be told apart"), "\(ending.errors)")
    }

    @Test func `what a stage takes is part of its jobs`() async throws {
        let ending = try await Program.run([
            "simulate", Program.storefront, "--for", "5m", "--rate", "5", "--set",
            "spec.stages.ingest.serviceTime={distribution: constant, time: 2s}", "--format",
            "json",
        ])
        #expect(ending.exitCode == 0, "\(ending.errors)")
        let report = try Self.json(ending)
        let stages = try #require(report["stages"] as? [[String: Any]])
        let ingest = try #require(stages.first { $0["name"] as? String == "ingest" })
        let job = (ingest["jobs"] as? [String: Any])?["p50_ms"] as? Double ?? 0
        // A histogram's cell is wide by a few hundredths.
        #expect(job > 1900 && job < 2200)
        let latency = (ingest["latency"] as? [String: Any])?["p50_ms"] as? Double ?? 0
        #expect(latency > 1900)
    }

    @Test func `what is no report of a run has no service times`() async throws {
        let folder = try TestFolder()
        try folder.write("run.json", "{}")
        let ending = try await Program.run(
            ["simulate", Program.storefront, "--for", "1m", "--service-times", "run.json"],
            in: folder
        )
        #expect(ending.exitCode == 65)
        #expect(ending.errors.contains("run.json: not the JSON report of a run"))
    }
}
