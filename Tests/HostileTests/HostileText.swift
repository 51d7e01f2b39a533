import Foundation
import Testing

/// A kind of text that the program reads, sound examples of it, and the commands that read it.
enum HostileText: String, CaseIterable, Codable, Sendable, CustomTestStringConvertible {
    case pipeline
    case scenario
    case openSLO = "openslo"
    case invariant
    case cloudEvents = "ndjson"
    /// Orders, one a row.
    case orders = "csv"
    /// Lines of orders, with marks and times of another country.
    case lines
    /// What visitors do, by names of the shop's own.
    case visits
    case cdnow
    case exposition
    case slices
    /// What a Prometheus answers.
    case answer

    var testDescription: String { rawValue }

    /// The name of the damaged file.
    var file: String {
        switch self {
        case .pipeline: "pipelines/damaged.yaml"
        case .scenario, .openSLO: "damaged.yaml"
        case .invariant: "damaged.sql"
        case .cloudEvents: "damaged.ndjson"
        case .orders, .lines, .visits, .slices: "damaged.csv"
        case .cdnow: "CDNOW_damaged.txt"
        case .exposition: "damaged.txt"
        case .answer: "damaged.json"
        }
    }

    func examples() throws -> [[UInt8]] {
        switch self {
        case .pipeline:
            try HostileText.files(in: "pipelines").map(HostileText.publishing)
                + (HostileDocument.rich + [HostileDocument.small(self)]).map { Array($0.utf8) }
        case .scenario:
            // In seconds what they have in minutes.
            try HostileText.files(in: "pipelines/scenarios").map { text in
                Array(
                    String(decoding: text, as: UTF8.self)
                        .replacing(/(\d)m\b/) { "\($0.1)s" }.utf8
                )
            }
        case .openSLO:
            // They refer to one another.
            [
                Array(
                    try HostileText.files(in: "slo/storefront")
                        .joined(separator: Array("\n---\n".utf8))
                )
            ]
        case .invariant: try HostileText.files(in: "slo/invariants")
        case .cloudEvents: [Array(HostileLog.events(20).utf8)]
        case .orders: [Array(HostileLog.orders(20).utf8)]
        case .lines: [Array(HostileLog.lines(20).utf8)]
        case .visits: [Array(HostileLog.visits(20).utf8)]
        case .cdnow: [Array(HostileLog.discs(20).utf8)]
        case .exposition: [Array(HostileLog.exposition(20).utf8)]
        case .slices: [Array(HostileLog.slices(20).utf8)]
        case .answer: [Array(HostileLog.answer(20).utf8)]
        }
    }

    /// A pipeline that has a collector alone publishes nothing in a simulation: it gets a producer.
    private static func publishing(_ text: [UInt8]) -> [UInt8] {
        let text = String(decoding: text, as: UTF8.self)
        guard !text.contains("kind: producer") else { return Array(text.utf8) }
        let producer = "    - {name: shoppers, kind: producer, publishes: events}\n"
        return Array(text.replacing("  stages:\n", with: "  stages:\n" + producer).utf8)
    }

    private static func files(in folder: String) throws -> [[UInt8]] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        return names.filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".sql") }
            .compactMap { FileManager.default.contents(atPath: "\(folder)/\($0)") }
            .map { Array($0) }
    }

    /// The commands that read the damaged file in `folder`; one of them is run.
    func commands(in folder: String) -> [[String]] {
        let path = "\(folder)/\(file)"
        let memory = ["--raw", "memory:", "--warehouse", "memory:"]
        let small = "\(folder)/pipelines/small.yaml"
        let begin = ["--start", "2026-01-01T00:00:00Z"]
        func slo(_ history: String) -> [[String]] {
            let options = ["--objectives", "slo/storefront", "--objective", "message-success"]
            return [
                ["slo", "report", "--format", "json", "--history", history] + options,
                ["slo", "replay", "--window", "1h", "--history", history] + options,
                ["slo", "status", "--history", history] + options,
            ]
        }
        switch self {
        case .pipeline:
            return [["simulate", path, "--for", "1s", "--rate", "10"] + begin + memory]
        case .scenario:
            let rest = ["--scenario", path, "--for", "45s", "--rate", "2"] + begin + memory
            return [["simulate", small] + rest]
        case .openSLO:
            let history = ["--history", "\(folder)/sound.txt"]
            return [
                ["slo", "lint", path], ["slo", "rules", "--objectives", path],
                ["slo", "report", "--objectives", path, "--format", "json"] + history,
            ]
        case .invariant:
            let warehouse = ["--warehouse", "sqlite:\(folder)/warehouse.sqlite"]
            return [
                ["invariants", "lint", path],
                ["invariants", "check", "--invariants", path, "--timeout", "2s"] + warehouse,
            ]
        case .cloudEvents, .orders, .lines, .visits, .cdnow:
            return [["run", small, "--input", path, "--speed", "max"] + memory]
        case .exposition, .slices: return slo(path)
        case .answer:
            return [
                [
                    "slo", "report", "--format", "json", "--objectives", "\(folder)/queried.yaml",
                    "--as-of", "2026-06-01T00:30:00Z", "--window", "1h",
                ]
            ]
        }
    }

    /// Writes what is sound beside the damaged file in `folder`.
    func prepare(in folder: String, _ child: HostileChild) async throws {
        let files = FileManager.default
        guard !files.fileExists(atPath: "\(folder)/prepared") else { return }
        func write(_ text: String, _ name: String) throws {
            try Data(text.utf8).write(to: URL(filePath: "\(folder)/\(name)"))
        }
        try files.createDirectory(
            atPath: "\(folder)/pipelines",
            withIntermediateDirectories: true
        )
        try files.createSymbolicLink(
            atPath: "\(folder)/slo",
            withDestinationPath: "\(files.currentDirectoryPath)/slo"
        )
        try write(HostileDocument.small(self), "pipelines/small.yaml")
        try write(HostileLog.exposition(60), "sound.txt")
        if self == .invariant {
            await child.prepare([
                "run", "\(folder)/pipelines/small.yaml", "--events", "100", "--rate", "max",
                "--raw", "memory:", "--warehouse", "sqlite:\(folder)/warehouse.sqlite",
            ])
        }
        try write("", "prepared")
    }
}
