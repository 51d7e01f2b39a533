import Foundation
import Subprocess
import Testing
import Timekeeping

/// A server of a test's own, which it may kill and stop.
struct PostgreSQLOwnServer: Sendable {
    private let folder: URL
    /// Whether this machine can run one: where a server is given, its programs are as a rule.
    static var isPossible: Bool {
        PostgreSQLTestServer.given != nil
            && FileManager.default.isExecutableFile(atPath: script)
    }

    static let skipped: Comment =
        "needs infra/stack and, so that servers may be used at all, WEIR_TEST_POSTGRESQL_URL"

    private static let script = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "infra/stack").path

    /// Gives a new server to `body`, and removes it afterwards.
    static func visit(
        _ body: (PostgreSQLOwnServer, PostgreSQLTestServer) async throws -> Void
    ) async throws {
        let name = "weir-\(ProcessInfo.processInfo.globallyUniqueString)"
        let server = PostgreSQLOwnServer(folder: URL(filePath: "/tmp").appending(path: name))
        do {
            try await server.up()
            let url = try await server.stack("urls").split(separator: "'")[1]
            try await body(server, PostgreSQLTestServer(url: String(url)))
        } catch {
            try await server.remove()
            throw error
        }
        try await server.remove()
    }

    /// Starts it, or starts it again; returns when it answers.
    func up() async throws {
        try await stack("up")
    }

    /// Ends it in an orderly way.
    func down() async throws {
        try await stack("down")
    }

    /// Ends the server's first process at once, and waits until the others have noticed.
    func kill() async throws {
        let (processes, timeline) = (try processes(), RealTimeline())
        Foundation.kill(processes[0], SIGKILL)
        for process in processes {
            for _ in 0..<60_000 where FileManager.default.fileExists(atPath: "/proc/\(process)") {
                try await timeline.sleep(until: timeline.now + .milliseconds(10))
            }
        }
    }

    /// Suspends every process of the server.
    func suspend() throws {
        try processes().forEach { Foundation.kill($0, SIGSTOP) }
    }

    /// Lets them go on.
    func resume() throws {
        try processes().forEach { Foundation.kill($0, SIGCONT) }
    }

    /// The folder with the server's files and settings.
    var data: URL { folder.appending(components: "postgresql", "home", "data") }

    /// The server's first process, and its children.
    private func processes() throws -> [pid_t] {
        let path = folder.appending(path: "postgresql/pid")
        let text = try String(contentsOf: path, encoding: .utf8)
        let first = try #require(
            pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines))
        )
        let all = try FileManager.default.contentsOfDirectory(atPath: "/proc")
        let children = all.compactMap { pid_t($0) }.filter { id in
            let stat = (try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8)) ?? ""
            let fields = stat.split(separator: ") ").last?.split(separator: " ") ?? []
            return fields.count > 1 && pid_t(fields[1]) == first
        }
        return [first] + children
    }

    private func remove() async throws {
        try? resume()
        try await down()
        try FileManager.default.removeItem(at: folder)
    }

    @discardableResult
    private func stack(_ verb: String) async throws -> String {
        let result = try await Subprocess.run(
            .name("bash"),
            arguments: [PostgreSQLOwnServer.script, verb, "postgresql"],
            environment: .inherit.updating(["WEIR_STACK_DIR": folder.path]),
            output: .string(limit: 1 << 16),
            error: .string(limit: 1 << 16)
        )
        try #require(result.terminationStatus.isSuccess, "\(result.standardError)")
        return result.standardOutput
    }
}
