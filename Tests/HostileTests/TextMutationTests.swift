import Foundation
import Testing
import Timekeeping

/// A kind of text that the program reads, sound examples of it, and the commands that read it.
enum HostileText: String, CaseIterable, Codable, Sendable, CustomTestStringConvertible {
    case pipeline
    case scenario
    case openSLO = "openslo"
    case invariant
    case cloudEvents = "ndjson"
    case csv
    case cdnow
    case exposition
    case slices

    var testDescription: String { rawValue }

    /// The name of the damaged file.
    var file: String {
        switch self {
        case .pipeline: "pipelines/damaged.yaml"
        case .scenario, .openSLO: "damaged.yaml"
        case .invariant: "damaged.sql"
        case .cloudEvents: "damaged.ndjson"
        case .csv: "damaged.csv"
        case .cdnow: "CDNOW_damaged.txt"
        case .exposition: "damaged.txt"
        case .slices: "damaged.csv"
        }
    }

    /// How many in a run of all tests, so that all kinds take some two minutes.
    var usual: Int {
        switch self {
        case .pipeline, .scenario, .invariant: 100
        case .openSLO, .exposition, .slices: 150
        case .cloudEvents, .csv, .cdnow: 60
        }
    }

    func examples() throws -> [[UInt8]] {
        switch self {
        case .pipeline: try HostileText.files(in: "pipelines")
        case .scenario: try HostileText.files(in: "pipelines/scenarios")
        case .openSLO: try HostileText.files(in: "slo/storefront")
        case .invariant: try HostileText.files(in: "slo/invariants")
        case .cloudEvents: [Array(HostileLog.events(40).utf8)]
        case .csv: [Array(HostileLog.orders(40).utf8)]
        case .cdnow: [Array(HostileLog.discs(40).utf8)]
        case .exposition: [Array(HostileLog.exposition(60).utf8)]
        case .slices: [Array(HostileLog.slices(60).utf8)]
        }
    }

    private static func files(in folder: String) throws -> [[UInt8]] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        return names.filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".sql") }
            .compactMap { FileManager.default.contents(atPath: "\(folder)/\($0)") }
            .map { Array($0) }
    }

    /// The commands that read the damaged file in `folder`.
    func commands(in folder: String) -> [[String]] {
        let path = "\(folder)/\(file)"
        let memory = ["--raw", "memory:", "--warehouse", "memory:"]
        let slo = ["--objectives", "slo/storefront", "--history", path]
        switch self {
        case .pipeline:
            return [
                ["simulate", path, "--for", "2s", "--rate", "20", "--start", HostileText.start]
                    + memory
            ]
        case .scenario:
            return [
                [
                    "simulate", "pipelines/storefront.yaml", "--scenario", path, "--for", "30s",
                    "--rate", "2", "--start", HostileText.start,
                ] + memory
            ]
        case .openSLO:
            return [
                ["slo", "lint", path], ["slo", "rules", "--objectives", path],
                [
                    "slo", "report", "--objectives", path, "--history", "\(folder)/sound.csv",
                    "--format", "json",
                ],
            ]
        case .invariant:
            return [
                ["invariants", "lint", path],
                [
                    "invariants", "check", "--invariants", path, "--timeout", "2s",
                    "--warehouse", "sqlite:\(folder)/warehouse.sqlite",
                ],
            ]
        case .cloudEvents, .csv, .cdnow:
            return [
                [
                    "run", "\(folder)/pipelines/sound.yaml", "--input", path,
                    "--speed", "max",
                ] + memory
            ]
        case .exposition, .slices:
            return [
                ["slo", "report", "--format", "json"] + slo,
                ["slo", "replay", "--window", "1h"] + slo,
            ]
        }
    }

    private static let start = "2026-01-01T00:00:00Z"
}

/// Texts are damaged, and every command that reads them is run over them.
@Suite(.serialized) struct TextMutationTests {
    @Test(arguments: HostileText.allCases)
    func `no damage to a text makes a command trap, hang or grow`(kind: HostileText) async {
        let folder = HostileChild.folder(kind.rawValue)
        let seeds = HostileChild.seeds(usual: kind.usual)
        let (first, end) = (seeds.lowerBound, seeds.upperBound)
        await #expect(processExitsWith: .success) {
            [
                kind = kind as HostileText, folder = folder as String, first = first as Int,
                end = end as Int
            ] in
            let examples = try kind.examples()
            try await TextMutationTests.prepare(folder)
            await HostileChild.work(first..<end, in: folder) { seed, chance, diary in
                let text = TextMutator.mutate(chance.one(of: examples), &chance)
                try Data(text).write(to: URL(filePath: "\(folder)/\(kind.file)"))
                for command in kind.commands(in: folder) { await diary.command(command) }
            }
        }
        let words = HostileChild.lastWords(folder)
        #expect(words.contains("finished"), "\(words)")
    }

    /// What is sound beside the damaged file.
    static func prepare(_ folder: String) async throws {
        let files = FileManager.default
        try files.createDirectory(
            atPath: "\(folder)/pipelines",
            withIntermediateDirectories: true
        )
        try files.createSymbolicLink(
            atPath: "\(folder)/slo",
            withDestinationPath: "\(files.currentDirectoryPath)/slo"
        )
        let pipeline = String(
            decoding: files.contents(atPath: "pipelines/storefront.yaml") ?? Data(),
            as: UTF8.self
        )
        let mapping = """
              input:
                csv:
                  columns: {id: id, time: at, timeFormat: rfc3339, user: customer,
                            eventName: purchase, transaction: order, quantity: units,
                            value: total, currencyCode: USD}

            """
        let sound = pipeline.replacing("commitInterval: 200ms", with: "commitInterval: 1ms")
            .replacing("  validation:", with: mapping + "  validation:")
        try Data(sound.utf8).write(to: URL(filePath: "\(folder)/pipelines/sound.yaml"))
        try Data(HostileLog.slices(60).utf8).write(to: URL(filePath: "\(folder)/sound.csv"))
        await HostileChild.Diary(folder).command([
            "run", "\(folder)/pipelines/sound.yaml", "--events", "200", "--rate", "max",
            "--raw", "memory:", "--warehouse", "sqlite:\(folder)/warehouse.sqlite",
        ])
    }
}
