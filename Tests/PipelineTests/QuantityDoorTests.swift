import Broker
import Commerce
import Documents
import Experiments
import Foundation
import Pipeline
import SLO
import Testing
import Timekeeping

/// A quantity is read alike at every door.
///
/// The doors: keys of pipeline documents and of scenarios, `--set`, `--vary`, what `weir slo
/// replay --objective` changes, the published JSON Schemas, and the options of the command line,
/// which Acceptance holds to the same table.
@Suite struct QuantityDoorTests {
    /// What is written, and the nanoseconds it is; nil where it is no duration from 1s to 366d.
    static let durations: [(String, Int64?)] = [
        ("90s", 90_000_000_000), ("1.5h", 5_400_000_000_000), ("1h30m", 5_400_000_000_000),
        ("1w", 604_800_000_000_000), ("1e3s", 1_000_000_000_000), ("2.5e3ms", 2_500_000_000),
        ("1d12h", 129_600_000_000_000), (".5m", 30_000_000_000), ("1m", 60_000_000_000),
        ("90", nil), ("1.5", nil), ("30m1h", nil), ("1h30", nil), ("1M", nil), ("1mo", nil),
        ("-5s", nil), ("1 h", nil), ("h", nil), ("5ks", nil), ("1H", nil), ("P1D", nil),
    ]

    /// What is written, and the whole number it is; nil where it is none from 1 to 60000.
    static let counts: [(String, Int?)] = [
        ("10", 10), ("10.0", 10), ("1e3", 1000), ("5k", 5000), ("1.5k", 1500), ("+7", 7),
        ("2500e-2", 25), ("0.06M", 60_000),
        ("1.5", nil), ("0", nil), ("-1", nil), ("1e10", nil), ("5x", nil), ("ten", nil),
        ("\"10\"", nil), ("1e", nil), ("5kB", nil), ("1_000", nil), ("0x10", nil),
        ("60.0001k", nil),
    ]

    /// What is written, and the rate it is; nil where it is none that may be asked for.
    static let rates: [(String, Double?)] = [
        ("10", 10), ("10.0", 10), ("1e3", 1000), ("5k", 5000), ("1.5M", 1_500_000), (".5", 0.5),
        ("0.000001", 1e-6), ("1G", 1e9),
        ("0", nil), ("-5", nil), ("1e-7", nil), ("1.1G", nil), ("1e15", nil), ("fast", nil),
        (".inf", nil), ("\"5\"", nil),
    ]

    private func document(_ lines: String, _ settings: String...) -> PipelineDocument? {
        try? PipelineDocument.parse(
            text: minimalPipeline + lines,
            file: "f",
            with: settings.compactMap { DocumentSetting($0) }
        )
    }

    private static let reader = "  subscriptions: [{name: a, topic: t"

    @Test(arguments: durations)
    func `a duration is the same at every door`(text: String, nanoseconds: Int64?) throws {
        let expected = nanoseconds.map { Duration.nanoseconds($0) }
        let key = "messageRetentionDuration"
        let written = document(Self.reader + ", \(key): \(text)}]\n")
        #expect(written?.subscriptions.first?.policy.retention == expected)
        let set = document(
            Self.reader + ", \(key): 1d}]\n",
            "spec.subscriptions.a.\(key)=\(text)"
        )
        #expect(set?.subscriptions.first?.policy.retention == expected)
        let varied = try #require(DocumentSetting("spec.subscriptions.a.\(key)=1d,\(text)"))
        let last = Configurations.all(alternatives: [], ranges: [varied]).last?.first
        #expect(last?.value == text)
        #expect(ObjectiveChange("window=\(text)") == expected.map { .window($0) })
        let scenario = try? ScenarioDocument.parse(
            text: """
                apiVersion: weir/v1
                kind: Scenario
                metadata: {name: s}
                spec: {faults: [{kind: spike, target: s, at: 0s, for: \(text), factor: 2}]}
                """,
            file: "f",
            for: #require(document("")),
            lasting: nil
        )
        #expect(scenario?.faults.first?.timing == expected.map { .once(at: .zero, lasting: $0) })
    }

    @Test(arguments: counts)
    func `a whole number is the same at every door`(text: String, count: Int?) throws {
        let keys = "flowControl: {maxOutstandingMessages: "
        let written = document(Self.reader + ", \(keys)\(text)}}]\n")
        #expect(written?.subscriptions.first?.policy.maximumMessages == count)
        let set = document("", "spec.stages.s.batch=\(text)")
        #expect(set?.stages.first?.batch == count)
        if !text.contains("\"") {
            let change = ObjectiveChange("minimum-events=\(text)")
            #expect(count == nil || change == count.map { .minimumEvents(Int64($0)) })
        }
    }

    @Test(arguments: rates)
    func `a rate is the same at every door`(text: String, rate: Double?) throws {
        let written = document("  load: {shape: constant, rate: \(text)}\n")
        let set = document("  load: {shape: constant, rate: 1}\n", "spec.load.rate=\(text)")
        #expect(written?.load.shape == rate.map { .constant(rate: $0) })
        #expect(set?.load.shape == rate.map { .constant(rate: $0) })
        // A ramp may begin with nothing, or end with it.
        let ramp = document("  load: {shape: ramp, from: \(text), to: 0.0, over: 1m}\n")
        let from = text == "0" ? 0 : rate
        #expect(
            ramp?.load.shape == from.map { .ramp(from: $0, to: 0, over: .seconds(60)) }
        )
    }

    /// Money is exact as well: 1.99 USD, however it is written, are 199 cents.
    @Test(arguments: [
        ("1.99", 199), ("199e-2", 199), ("2", 200), ("1.990", 199), ("0.00199k", 199),
        ("1.999", nil),
        ("0", nil), ("-1", nil),
    ])
    func `a price is exact`(text: String, cents: Int64?) {
        let read = document("  traffic: {prices: {from: \(text), to: 500}}\n")
        #expect(read?.traffic.shop.priceRange.lowerBound == cents)
    }

    @Test func `the JSON Schemas take what the readers take`() throws {
        for file in ["pipeline.schema.json", "scenario.schema.json"] {
            let schema = try SchemaQuantities(file)
            for (text, value) in Self.durations {
                #expect(try schema.accepts(text, as: "duration") == (value != nil), "\(text)")
            }
            for (text, value) in Self.counts {
                let limits = ["minimum": 1.0, "maximum": 60_000]
                // Of a text with its multiple the schema knows the form alone, not the size.
                let isForm = text.hasSuffix("k") || text.hasSuffix("M")
                #expect(
                    try schema.accepts(text, as: "count", limits) == (value != nil || isForm),
                    "\(text)"
                )
            }
        }
        let schema = try SchemaQuantities("pipeline.schema.json")
        for (text, value) in Self.rates where text != "1.1G" {
            #expect(try schema.accepts(text, as: "rate") == (value != nil), "\(text)")
        }
        for text in ["1024", "64MiB", "1.5GB", "1e6", "5k", "64M"] {
            #expect(ByteCountText.parse(text) != nil)
            #expect(try schema.accepts(text, as: "bytes"), "\(text)")
        }
        for text in ["64MIB", "1023", "MiB", "1 MiB", "5T"] {
            #expect(try !schema.accepts(text, as: "bytes"), "\(text)")
        }
    }
}

/// Definitions of quantities in a published JSON Schema, as a validator applies them.
private struct SchemaQuantities {
    private let definitions: [String: Any]

    init(_ file: String) throws {
        let data = try Data(contentsOf: shippedFile(file))
        let schema = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        definitions = try #require(schema["$defs"] as? [String: Any])
    }

    /// Whether what YAML makes of `text`, a number or a text, fits the definition `name`.
    func accepts(
        _ text: String,
        as name: String,
        _ limits: [String: Double] = [:]
    ) throws -> Bool {
        var definition = try #require(definitions[name] as? [String: Any])
        definition.merge(limits) { $1 }
        while let reference = definition.removeValue(forKey: "$ref") as? String {
            let target = String(reference.dropFirst("#/$defs/".count))
            definition.merge(try #require(definitions[target] as? [String: Any])) { own, _ in own }
        }
        let types = definition["type"] as? [String] ?? [definition["type"] as? String ?? ""]
        // YAML's own numbers: the core schema of YAML 1.2.
        let isNumber = text.wholeMatch(of: /[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?/) != nil
        guard isNumber, let number = Double(text) else {
            let pattern = try #require(definition["pattern"] as? String)
            let content = text.replacing("\"", with: "")
            return try types.contains("string")
                && content.firstMatch(of: Regex(pattern)) != nil
        }
        guard types.contains("number") || (types.contains("integer") && number == number.rounded())
        else { return false }
        return number >= definition["minimum"] as? Double ?? -.infinity
            && number <= definition["maximum"] as? Double ?? .infinity
    }
}
