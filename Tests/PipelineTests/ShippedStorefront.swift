import Documents
import Experiments
import Foundation
import Logging
import OpenSLO
import Pipeline
import SLO
import Storage
import Testing
import Timekeeping

/// The shipped pipeline, objectives and scenarios, in virtual time and with stores in memory.
enum ShippedStorefront {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// 2026-02-01T00:00:00Z.
    static let start = Timestamp(seconds: 1_769_904_000)

    /// The pipeline with a shop that is made in no time, for a load of 20 a second: a fiftieth of
    /// the shipped one, with stores that take as much less.
    static func document() throws -> PipelineDocument {
        let file = root.appending(path: "pipelines/storefront.yaml")
        var text = try String(contentsOf: file, encoding: .utf8)
        let changes = [
            ("users: 100000", "users: 500"), ("products: 10000", "products: 100"),
            ("rate: 1000,", "rate: 20,"), ("perEvent: 400us", "perEvent: 20ms"),
            ("perEvent: 25us", "perEvent: 1250us"),
            ("maxOutstandingMessages: 100000", "maxOutstandingMessages: 2000"),
            ("batch: 4096", "batch: 82"),
        ]
        for (shipped, smaller) in changes {
            #expect(text.contains(shipped), "the shipped pipeline no longer says \(shipped)")
            text = text.replacing(shipped, with: smaller)
        }
        return try PipelineDocument.parse(text: text, file: "storefront.yaml")
    }

    /// The lines of a table of `pipelines/README.md` below its heading, by cells.
    static func table(headed heading: String) throws -> [[String]] {
        let file = root.appending(path: "pipelines/README.md")
        let lines = try String(contentsOf: file, encoding: .utf8).components(separatedBy: "\n")
        let head = try #require(lines.firstIndex { $0.hasPrefix(heading) })
        return lines[(head + 2)...].prefix { $0.hasPrefix("|") }.map { line in
            line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast()
                .map { $0.trimmingCharacters(in: .whitespaces) }
        }
    }

    static func objectives() throws -> [Objective] {
        let files = try OpenSLO.files(at: [root.appending(path: "slo/storefront").path])
        return try OpenSLO.read(files).checked().objectives
    }

    /// The names of the shipped scenarios.
    static func scenarios() throws -> [String] {
        let folder = root.appending(path: "pipelines/scenarios").path
        return try FileManager.default.contentsOfDirectory(atPath: folder)
            .filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
    }

    /// What `document`, the shipped one unless another is given, does at `rate` for `length`, with
    /// the shipped scenario that `scenario` names, or the faults of a text.
    static func simulate(
        _ document: PipelineDocument? = nil,
        scenario: String? = nil,
        faults: String? = nil,
        objectives: [Objective]? = nil,
        rate: Double,
        lasting length: Duration,
        slice: Duration = .seconds(10),
        tick: Duration = .seconds(1),
        takesServiceTimes: Bool = true
    ) async throws -> RunReport {
        let document = try document ?? self.document()
        var options = RunOptions()
        options.rate = .perSecond(rate)
        options.duration = length
        options.slice = slice
        options.objectives = try objectives ?? self.objectives()
        var experiment = Experiment(takesServiceTimes: takesServiceTimes)
        let text = try scenario.map { name in
            let file = root.appending(path: "pipelines/scenarios/\(name).yaml")
            return try String(contentsOf: file, encoding: .utf8)
        }
        experiment.scenario = try (text ?? faults.map(Self.scenario)).map { text in
            try ScenarioDocument.parse(
                text: text,
                file: "scenario.yaml",
                for: document,
                lasting: length
            )
        }
        options.experiment = experiment
        let stores = RunStores(
            raw: [.init(name: "raw", label: "memory:", store: MemoryRawStore())],
            warehouses: [
                .init(
                    name: "warehouse",
                    label: "memory:",
                    store: MemoryWarehouse(catalogue: ForgetfulCatalogue())
                )
            ]
        )
        let simulation = Simulation(
            document: document,
            options: options,
            stores: stores,
            timeline: VirtualTimeline(start: start, tick: tick),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            replay: "weir simulate"
        )
        let result = try await simulation.run(stop: Signal())
        #expect(result.failure == nil, "\(String(describing: result.failure))")
        return result.report
    }

    /// A scenario file of `faults`, which are items of a list in YAML.
    static func scenario(of faults: String) -> String {
        """
        apiVersion: weir/v1
        kind: Scenario
        metadata: {name: test}
        spec:
          faults: [\(faults)]
        """
    }

    /// An objective on one meter of the storefront, without alerts.
    static func objective(on meter: String, _ bound: String) throws -> Objective {
        let text = """
            apiVersion: openslo/v1
            kind: Service
            metadata: {name: shop}
            spec: {description: A shop.}
            ---
            apiVersion: openslo/v1
            kind: SLO
            metadata: {name: \(meter.replacing(".", with: "-"))}
            spec:
              service: shop
              budgetingMethod: Occurrences
              timeWindow: [{duration: 30d, isRolling: true}]
              objectives: [{\(bound), target: 0.99}]
              indicator:
                metadata: {name: measured}
                spec:
                  thresholdMetric:
                    metricSource: {type: weir, spec: {meter: \(meter)}}
            """
        let reading = OpenSLO.read([OpenSLO.SourceText(file: "slo.yaml", text: text)])
        return try #require(reading.checked().objectives.first)
    }
}

extension RunReport {
    /// The stage called `name`.
    func stage(_ name: String) throws -> Stage {
        try #require(stages.first { $0.name == name })
    }

    /// The objective called `name`.
    func objective(_ name: String) throws -> Objective {
        try #require(objectives?.first { $0.name == name })
    }
}
