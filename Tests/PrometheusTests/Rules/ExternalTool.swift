import Foundation
import ObjectiveSamples
import OpenSLO
import Prometheus
import SLO
import Testing

/// A program that the tests ask for its opinion, where this machine has it.
struct ExternalTool {
    let path: String

    static let promtool = ExternalTool(named: "promtool")
    static let amtool = ExternalTool(named: "amtool")

    private init?(named name: String) {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        let paths = folders.map { "\($0)/\(name)" }
        guard let path = paths.first(where: FileManager.default.isExecutableFile) else {
            return nil
        }
        self.path = path
    }

    /// Whether it ends with success, and all it prints.
    func run(_ arguments: [String], in folder: String) throws -> (isSuccess: Bool, output: String) {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        process.currentDirectoryURL = URL(filePath: folder)
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus == 0, String(decoding: output, as: UTF8.self))
    }
}

/// A folder of files for one test, which goes when the test ends.
func withFolder<Result>(
    of files: [String: String],
    _ body: (String) throws -> Result
) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    // order-free: each is a file of its own.
    for (name, text) in files {
        try text.write(to: folder.appending(path: name), atomically: true, encoding: .utf8)
    }
    return try body(folder.path)
}

/// The rules of one file of documents, which has no mistake.
func prometheusRules(_ text: String) throws -> PrometheusRules {
    PrometheusRules(try reading(text).checked().objectives)
}
