import Foundation
import Subprocess
import Testing

/// A server of a test's own, which it may kill and suspend: an instance that infra/stack starts.
struct MongoDBOwnServer: Sendable {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    private static let stack = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "infra/stack")

    private let folder: TemporaryFolder
    /// With the database that a test may use.
    let url: String

    /// Starts a server with nothing in it.
    init() async throws {
        folder = try TemporaryFolder()
        try await MongoDBOwnServer.run(folder, "up")
        // export WEIR_RAW_URL='mongodb://…'
        let urls = try await MongoDBOwnServer.run(folder, "urls")
        let parts = urls.split(separator: "'")
        url = String(try #require(parts.count > 1 ? parts[1] : nil))
    }

    /// Starts it again, with what it held.
    func start() async throws {
        try await MongoDBOwnServer.run(folder, "up")
    }

    func send(_ signal: Int32) throws {
        kill(try pid, signal)
    }

    /// Stops it, and waits until it stands still: a thread that runs goes on for a moment.
    func suspend() async throws {
        try send(SIGSTOP)
        let path = "/proc/\(try pid)/stat"
        for _ in 0..<1000 {
            // 4711 (name) T …
            let state = try String(contentsOfFile: path, encoding: .utf8)
                .split(separator: ")").last?.split(separator: " ").first
            if state == "T" { return }
            try await ContinuousClock().sleep(for: .milliseconds(10))
        }
        throw Failure(description: "the server does not stop")
    }

    private var pid: Int32 {
        get throws {
            let text = String(decoding: try folder.read("mongodb/pid"), as: UTF8.self)
            return try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        }
    }

    /// Ends it and removes all it held.
    func remove() async {
        _ = try? await MongoDBOwnServer.run(folder, "down")
        folder.remove()
    }

    /// What infra/stack prints when it is told to do `action` to the server.
    @discardableResult
    private static func run(_ folder: TemporaryFolder, _ action: String) async throws -> String {
        // Not Foundation's Process: it hands the signals that this thread blocks down to the
        // server, which would then not hear that it is to end.
        let result = try await Subprocess.run(
            .name("bash"),
            arguments: [stack.path, action, "mongodb"],
            environment: .inherit.updating(["WEIR_STACK_DIR": folder.path("")]),
            output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20)
        )
        guard result.terminationStatus.isSuccess else {
            throw Failure(description: result.standardError)
        }
        return result.standardOutput
    }
}

/// Gives a server of its own to `body`, and removes it afterwards.
func withOwnMongoDB(_ body: (MongoDBOwnServer) async throws -> Void) async throws {
    let server = try await MongoDBOwnServer()
    do {
        try await body(server)
    } catch {
        await server.remove()
        throw error
    }
    await server.remove()
}
