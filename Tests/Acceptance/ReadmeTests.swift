import Foundation
import Testing

/// Every command that the READMEs show is run as it stands there, only shorter.
@Suite(.timeLimit(.minutes(10)))
struct ReadmeTests {
    private static let pages = [
        "README.md", "pipelines/README.md", "slo/README.md", "slo/invariants/README.md",
        "infra/README.md",
    ]

    /// What takes its time in the README and need not here.
    private static let shorter = [
        ("--duration 60s", "--duration 1s"), ("--duration 10s", "--duration 1s"),
        ("--for 1h --rate 50", "--for 1h --rate 2"),
        ("--for 1d --rate 20 --scenario", "--for 1h --rate 2 --scenario"),
        ("--for 30d", "--for 1m"), ("--for 1d", "--for 1m"), ("--seeds 1000", "--seeds 2"),
    ]

    /// Those that look for what this machine can bear, which takes minutes, and those that need a
    /// server, or a letter.
    private static let elsewhere = [
        "weir capacity", "weir invariants schedule", "weir serve", "weir dead-letters edit",
        "weir events replay",
    ]

    private static func text(_ page: String) throws -> String {
        try String(contentsOf: Program.packageRoot.appending(path: page), encoding: .utf8)
    }

    /// The lines of code blocks, and what stands as code in tables.
    private static func code(of page: String) throws -> [String] {
        var code: [String] = []
        var isBlock = false
        for line in try text(page).split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("```") {
                isBlock.toggle()
            } else if isBlock {
                code.append(String(line))
            } else if line.hasPrefix("|") {
                let parts = line.split(separator: "`", omittingEmptySubsequences: false)
                code += parts.enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) }
            }
        }
        return code
    }

    private static func commands(of page: String) throws -> [String] {
        try code(of: page).filter { $0.hasPrefix("weir ") && $0.contains(" --") || isShort($0) }
            .map { line in
                let command = line.split(separator: " #", maxSplits: 1)[0]
                return shorter.reduce(String(command)) { $0.replacing($1.0, with: $1.1) }
            }
            .filter { command in !elsewhere.contains { command.hasPrefix($0) } }
            // LiveRunTests and LiveLetterTests have a run that goes on.
            .filter { !$0.contains(" --at ") }
            // It takes events until it is interrupted; CollectTests have it.
            .filter { !$0.contains(" --collect") }
            // SpanExportTests have a receiver.
            .filter { !$0.contains(" --otlp ") }
    }

    /// A command without options, rather than the name of a verb in a sentence.
    private static func isShort(_ line: String) -> Bool {
        line.hasPrefix("weir slo ") || line.hasPrefix("weir invariants ")
            || line.hasPrefix("weir datasets ")
    }

    @Test func `what the READMEs show can be typed`() async throws {
        let folder = try TestFolder()
        for name in ["pipelines", "slo"] {
            try FileManager.default.createSymbolicLink(
                atPath: folder.path(name),
                withDestinationPath: Program.packageRoot.appending(path: name).path
            )
        }
        let event = try #require(
            Self.code(of: "pipelines/README.md").first { $0.hasPrefix("{\"specversion\"") }
        )
        try folder.write("events.ndjson", event + "\n")
        try folder.write("slices.csv", "start,good,total\n2026-01-01T00:00:00Z,99,100\n")
        // What others read was left by a run.
        var lines = [
            "weir run pipelines/storefront.yaml --rate 500 --duration 2s --report run.json",
            "weir invariants refresh",
        ]
        lines += try Self.pages.flatMap(Self.commands)
        #expect(lines.count > 25)
        for line in lines {
            let ending = try await Program.run(
                ["-c", "exec " + line],
                through: "sh",
                in: folder
            )
            #expect(ending.exitCode == 0, "\(line): \(ending.errors) \(ending.output.suffix(600))")
        }
    }
}
