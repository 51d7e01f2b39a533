import Foundation
import Testing

/// What the built program prints for wrong commands, and for help.
@Suite(.timeLimit(.minutes(20))) struct CommandGoldenTests {
    /// Each line of an input is a command, or a comment.
    @Test(arguments: GoldenFile.all(in: "commands"))
    func `commands`(file: GoldenFile) async throws {
        let shell = try Shell()
        try await file.compare { one in
            var said: [String] = []
            for line in one.text.split(separator: "\n") where !line.hasPrefix("#") {
                said.append("$ \(line)")
                said += try shell.run(String(line))
            }
            return said
        }
    }

    @Test func `help of every verb is held to its file, and names every option`() throws {
        let dump = try Shell().run("weir --experimental-dump-help").joined(separator: "\n")
        let tool = try JSONDecoder().decode(ToolDump.self, from: Data(dump.utf8))
        let file = GoldenFile.root.appending(path: "commands/help.out")
        let text = try String(contentsOf: file, encoding: .utf8)
        let helps = Dictionary(
            text.split(separator: "$ ").map { help in
                let parts = help.split(separator: "\n", maxSplits: 1)
                return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
            },
            uniquingKeysWith: { first, _ in first }
        )
        let verbs = tool.command.all(below: "")
        #expect(verbs.count > 15)
        for (verb, command) in verbs {
            let help = try #require(helps["\(verb) --help"], "help.in.txt lacks \(verb) --help")
            let names = command.arguments.filter(\.shouldDisplay).flatMap(\.spellings)
            for name in names {
                #expect(help.contains(name), "help of \(verb) lacks \(name)")
            }
        }
    }
}

/// What `--experimental-dump-help` says.
private struct ToolDump: Decodable {
    struct Command: Decodable {
        var commandName: String
        var subcommands: [Command]?
        var arguments: [Argument]

        enum CodingKeys: CodingKey { case commandName, subcommands, arguments }

        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            commandName = try values.decode(String.self, forKey: .commandName)
            subcommands = try values.decodeIfPresent([Command].self, forKey: .subcommands)
            arguments = try values.decodeIfPresent([Argument].self, forKey: .arguments) ?? []
        }

        /// This command and those below it, by what is typed.
        func all(below parent: String) -> [(String, Command)] {
            let name = parent.isEmpty ? commandName : "\(parent) \(commandName)"
            if commandName == "help" { return [] }
            return [(name, self)] + (subcommands ?? []).flatMap { $0.all(below: name) }
        }
    }

    struct Argument: Decodable {
        struct Name: Decodable {
            var kind: String
            var name: String
        }
        var shouldDisplay: Bool
        var names: [Name]?
        var valueName: String?

        var spellings: [String] {
            guard let names else { return valueName.map { ["<\($0)>"] } ?? [] }
            return names.map { ($0.kind == "long" ? "--" : "-") + $0.name }
        }
    }

    var command: Command
}

/// Runs commands with the built program on the `PATH`, in a folder of its own that shows what
/// the repository ships.
private final class Shell {
    private let folder: URL
    private let programs: String

    init() throws {
        let files = FileManager.default
        var place = URL(filePath: CommandLine.arguments[0]).standardizedFileURL
        for argument in CommandLine.arguments where argument.contains(".xctest") {
            place = URL(filePath: argument).standardizedFileURL
        }
        while !files.isExecutableFile(atPath: place.appending(path: "weir").path) {
            guard place.path != "/" else { throw CocoaError(.fileNoSuchFile) }
            place.deleteLastPathComponent()
        }
        programs = place.path
        folder = files.temporaryDirectory.appending(path: "weir-\(UUID().uuidString)")
        try files.createDirectory(at: folder, withIntermediateDirectories: true)
        let root = GoldenFile.root.deletingLastPathComponent().deletingLastPathComponent()
        for name in ["pipelines", "slo"] {
            try files.createSymbolicLink(
                at: folder.appending(path: name),
                withDestinationURL: root.appending(path: name)
            )
        }
        try Data().write(to: folder.appending(path: "empty"))
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// What the command writes, standard error with `! ` before each line, and its exit code
    /// where that is not 0.
    func run(_ command: String) throws -> [String] {
        let process = Process()
        let (output, errors) = (Pipe(), Pipe())
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", command]
        process.currentDirectoryURL = folder
        process.environment = ["PATH": "\(programs):/usr/bin:/bin", "LC_ALL": "C.UTF-8"]
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = FileHandle.nullDevice
        try process.run()
        // Neither is longer than a pipe holds.
        let lines = Self.lines(output) + Self.lines(errors).map { "! " + $0 }
        process.waitUntilExit()
        let code = process.terminationStatus
        return code == 0 ? lines : lines + ["exit code \(code)"]
    }

    private static func lines(_ pipe: Pipe) -> [String] {
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last == "" { lines.removeLast() }
        return lines.map(String.init)
    }
}
