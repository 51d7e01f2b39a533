import Testing

/// The options of the command line take the quantities that documents take.
@Suite(.timeLimit(.minutes(20)))
struct QuantityOptionTests {
    @Test(
        arguments: [
            (["--for", "1.5s"], 1.5), (["--for", "1m30s"], 90), (["--for", "2e3ms"], 2),
            (["--for", "0.0005d"], 43.2),
        ] as [([String], Double)]
    )
    func `a duration is one, however it is written`(
        options: [String],
        seconds: Double
    ) async throws {
        let ending = try await Program.run(
            [
                "simulate", Program.storefront, "--rate", "1e1", "--tick", "1e3us", "--format",
                "json",
            ] + options
        )
        #expect(ending.exitCode == 0, "\(ending.errors)")
        let report = try ending.report
        // The stores' service times come on top.
        #expect((seconds..<seconds + 0.1).contains(report.durationSeconds))
    }

    @Test(arguments: [
        ["--events", "1e1"], ["--events", "10.0"], ["--events", "0.01k"], ["--events", "+10"],
        ["--events", "10", "--rate", "5k"], ["--events", "10", "--rate", "5000.0"],
        ["--events", "10", "--rate", ".5M", "--duration", "1h30m"],
        ["--events", "10", "--set", "spec.stages.ingest.batch=0.5k"],
    ])
    func `ten events are ten, however they are written`(options: [String]) async throws {
        let ending = try await Program.run(
            ["run", Program.storefront, "--raw", "memory:", "--warehouse", "memory:"]
                + ["--format", "json"] + options
        )
        #expect(ending.exitCode == 0, "\(ending.errors)")
        #expect(try ending.report.published == 10)
    }

    @Test(arguments: [
        ["--events", "1.5"], ["--events", "5x"], ["--events", "0x10"], ["--rate", "5kk"],
        ["--rate", "nan"], ["--duration", "30m1h"], ["--duration", "1mo"], ["--duration", "90"],
    ])
    func `what is no quantity is refused`(options: [String]) async throws {
        let ending = try await Program.run(["run", Program.storefront] + options)
        #expect(ending.exitCode == 64, "\(ending.errors)")
        #expect(ending.errors.contains(options[1]), "\(ending.errors)")
    }
}
