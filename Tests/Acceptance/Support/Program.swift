import Foundation
import Subprocess

/// The built `weir`.
enum Program {
    /// Nothing that looked like the built program, and where it was looked for.
    struct Missing: Error, CustomStringConvertible {
        var places: [String]

        var description: String {
            "found no built \(name); build it with `swift build`; looked for "
                + places.joined(separator: ", ")
        }
    }

    static let name = "weir"

    /// The most that is kept of what the program writes.
    private static let outputLimit = 64 << 20

    /// The folder that holds `Package.swift`.
    static let packageRoot = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The pipeline file that the product ships.
    static let storefront = packageRoot.appending(path: "pipelines/storefront.yaml").path

    /// The folder that holds the program: the test bundle's own, where SwiftPM builds both, or
    /// one above it, where a bundle is a folder.
    static func folder() throws -> String {
        var starts = [Bundle.main.executableURL, Bundle.main.bundleURL].compactMap(\.self)
        starts += CommandLine.arguments.filter { $0.contains(".xctest") }.map { URL(filePath: $0) }
        var places: [String] = []
        for start in starts {
            var folder = start.standardizedFileURL
            while folder.path != "/", folder.lastPathComponent != ".build" {
                folder.deleteLastPathComponent()
                let place = folder.appending(path: name).path
                guard !places.contains(place) else { continue }
                places.append(place)
                var isFolder: ObjCBool = false
                if FileManager.default.isExecutableFile(atPath: place),
                    FileManager.default.fileExists(atPath: place, isDirectory: &isFolder),
                    !isFolder.boolValue
                {
                    return folder.path
                }
            }
        }
        throw Missing(places: places)
    }

    /// Starts the program, lets `body` act on it, and waits for its end.
    ///
    /// The program sees no store URL and no `NO_COLOR` of whoever runs the tests. When the test
    /// is cancelled, as at its time limit, the program is ended. It works in `folder`, or where
    /// the tests do.
    static func run(
        _ arguments: [String],
        environment: [String: String] = [:],
        input: [UInt8] = [],
        through tool: String? = nil,
        in folder: TestFolder? = nil,
        while body: (Running) async throws -> Void = { _ in }
    ) async throws -> Ending {
        // The name is looked up on the PATH, on which the build's folder comes first.
        let path = "\(try self.folder()):/usr/bin:/bin"
        var changes: [Environment.Key: String?] = [
            "PATH": path, "NO_COLOR": nil, "WEIR_RAW_URL": nil, "WEIR_WAREHOUSE_URL": nil,
        ]
        for (key, value) in environment {
            guard let key = Environment.Key(rawValue: key) else { continue }
            changes[key] = value
        }
        let clock = ContinuousClock()
        let began = clock.now
        let result = try await Subprocess.run(
            .name(folder == nil ? tool ?? name : "env"),
            arguments: Arguments(
                (folder.map { ["--chdir", $0.path, tool ?? name] } ?? []) + arguments
            ),
            environment: .inherit.updating(changes),
            input: .array(input),
            output: .bytes(limit: outputLimit),
            error: .bytes(limit: outputLimit)
        ) { execution in
            try await body(Running(execution: execution))
        }
        return Ending(
            status: result.terminationStatus,
            output: String(decoding: result.standardOutput, as: UTF8.self),
            errors: String(decoding: result.standardError, as: UTF8.self),
            took: clock.now - began
        )
    }
}

/// A start of the program that has not ended yet.
struct Running {
    fileprivate let execution: Execution<ArrayInput, BytesOutput, BytesOutput>

    var processIdentifier: pid_t { execution.processIdentifier.value }

    func send(_ signal: Signal) throws {
        try execution.send(signal: signal)
    }

    /// What the system says of the process in its file `name` (proc(5)).
    func systemFile(_ name: String) -> String {
        let data = FileManager.default.contents(atPath: "/proc/\(processIdentifier)/\(name)")
        return String(decoding: data ?? Data(), as: UTF8.self)
    }

    /// Whether SIGINT no longer just ends it: it is caught, or ignored in favour of a source that
    /// reports it.
    var catchesInterrupts: Bool {
        systemFile("status").split(separator: "\n").contains { line in
            guard line.hasPrefix("SigIgn:") || line.hasPrefix("SigCgt:"),
                let mask = line.split(separator: "\t").last.flatMap({ UInt64($0, radix: 16) })
            else { return false }
            return mask & 1 << UInt64(SIGINT - 1) != 0
        }
    }
}

/// What a start of the program came to.
struct Ending: Sendable {
    var status: TerminationStatus
    /// Standard output.
    var output: String
    /// Standard error.
    var errors: String
    var took: Duration

    /// Nil where a signal ended it.
    var exitCode: Int32? {
        if case .exited(let code) = status { code } else { nil }
    }

    /// The report on standard output, where `--format json` asked for it.
    var report: Report {
        get throws { try Report(json: Data(output.utf8)) }
    }
}

extension Duration {
    var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
