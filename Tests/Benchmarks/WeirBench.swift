internal import ArgumentParser
internal import Foundation

/// The benchmarks: each prints figures beside a baseline that is measured in the same run, in
/// turn with it, so that a machine whose speed drifts does not decide the ratio.
@main
struct WeirBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "weir-bench",
        abstract: "Measure Weir against baselines of the same run.",
        discussion: "Names: \(Benchmark.all.map(\.name).joined(separator: ", "))"
    )

    @Argument(help: "Which benchmarks to run (default: all).")
    var names: [String] = []

    @Option(help: "Also write the figures to this file as JSON.")
    var json: String?

    @Option(help: .hidden)
    var child: String?

    mutating func validate() throws {
        for name in names where !Benchmark.all.contains(where: { $0.name == name }) {
            let known = Benchmark.all.map(\.name).joined(separator: ", ")
            throw ValidationError("There is no benchmark \"\(name)\"; there are: \(known).")
        }
    }

    func run() async throws {
        if child == SimulatedMonthBenchmark.child {
            return try await SimulatedMonthBenchmark.runChild()
        }
        if let child {
            return try await MemoryBenchmark.runChild(child)
        }
        var figures: [Figure] = []
        for benchmark in Benchmark.all where names.isEmpty || names.contains(benchmark.name) {
            FileHandle.standardError.write(Data("running \(benchmark.name) …\n".utf8))
            for figure in try await benchmark.run() {
                FileHandle.standardOutput.write(Data("\(figure)\n".utf8))
                figures.append(figure)
            }
        }
        if let json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            encoder.keyEncodingStrategy = .convertToSnakeCase
            let document = Figures(schemaVersion: 1, figures: figures)
            try encoder.encode(document).write(to: URL(filePath: json))
        }
    }
}

/// A benchmark by its name.
struct Benchmark: Sendable {
    var name: String
    var run: @Sendable () async throws -> [Figure]

    static let all: [Benchmark] = [
        Benchmark(name: "storefront-1s") { try await ThroughputBenchmark.storefront.measure() },
        Benchmark(name: "storefront-sessions") { try await ThroughputBenchmark.sessions.measure() },
        Benchmark(name: "storefront-full") { try await ThroughputBenchmark.full.measure() },
        Benchmark(name: "simulate") { try await SimulateBenchmark().measure() },
        Benchmark(name: "simulate-memory") { try SimulatedMonthBenchmark().measure() },
        Benchmark(name: "latency-50k") { try await LatencyBenchmark().measure() },
        Benchmark(name: "sqlite-ingest") { try await SQLiteBenchmark().measure() },
        Benchmark(name: "find") { try await FindBenchmark().measure() },
        Benchmark(name: "mongodb-ingest") { try await MongoDBBenchmark.server().measure() },
        Benchmark(name: "mongodb-ingest-sink") { try await MongoDBBenchmark.sink() },
        Benchmark(name: "postgresql-aggregates") { try await PostgreSQLBenchmark().measure() },
        Benchmark(name: "postgresql-load") { try await PostgreSQLLoadBenchmark().measure() },
        Benchmark(name: "invariants") { try await InvariantsBenchmark().measure() },
        Benchmark(name: "slo") { SLOBenchmark().measure() },
        Benchmark(name: "metrics") { try await MetricsBenchmark().measure() },
        Benchmark(name: "collector") { try await CollectorBenchmark().measure() },
        Benchmark(name: "memory") { try MemoryBenchmark().measure() },
    ]
}

/// One line of the output.
struct Figure: Encodable, CustomStringConvertible {
    var name: String
    var value: Double
    var unit: String
    /// Against the baseline named in ``name``; nil for a figure without one.
    var ratio: Double?
    /// What it should be, in words.
    var target: String?

    var description: String {
        let shown = value.formatted(
            .number.precision(.significantDigits(4)).locale(Locale(identifier: "en_US"))
        )
        let ratio = self.ratio.map { "\($0.formatted(.number.precision(.fractionLength(3))))" }
        return [name, shown, unit, ratio ?? "-", target ?? "-"].joined(separator: "  ")
    }
}

struct Figures: Encodable {
    var schemaVersion: Int
    var figures: [Figure]
}

extension [Double] {
    /// The middle value, or the mean of the two in the middle.
    var median: Double {
        let ascending = sorted()
        guard let last = ascending.last else { return .nan }
        let middle = ascending.count / 2
        return ascending.count.isMultiple(of: 2)
            ? (ascending[middle - 1] + ascending[middle]) / 2
            : ascending.count == 1 ? last : ascending[middle]
    }
}

/// A new directory for the files of a benchmark, which removes it in the end.
func benchDirectory() throws -> URL {
    let directory = FileManager.default.temporaryDirectory
        .appending(path: "weir-bench-\(ProcessInfo.processInfo.processIdentifier)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    return directory
}
