import Foundation
import Subprocess
import Testing

extension StoreOption {
    /// What infra/stack calls the server that the store is on.
    fileprivate var server: String { self == .raw ? "mongodb" : "postgresql" }

    /// The stage that writes to the store.
    var stage: String { self == .raw ? "ingest" : "analytics" }
}

/// A server of a test's own, which it may kill and suspend: an instance that infra/stack starts.
struct OwnServer: Sendable {
    private let store: StoreOption
    /// Not below TMPDIR, which the user that root's servers run as may have no way to.
    private let folder = "/tmp/weir-\(UUID().uuidString)"

    /// Gives a new server for `store` to `body`, beside the given one for the other store, and
    /// removes it afterwards.
    static func visit(
        for store: StoreOption,
        _ body: (OwnServer, Servers) async throws -> Void
    ) async throws {
        let own = OwnServer(store: store)
        do {
            try await own.up()
            // export WEIR_RAW_URL='mongodb://…'
            let parts = try await own.stack("urls").split(separator: "'")
            let url = URLComponents(string: String(try #require(parts.dropFirst().first)))
            var servers = try #require(Servers.given)
            servers[store] = try #require(url)
            try await body(own, servers)
        } catch {
            try? await own.remove()
            throw error
        }
        try await own.remove()
    }

    /// Starts it, or starts it again with what it held; returns when it answers.
    func up() async throws {
        try await stack("up")
    }

    /// Ends its first process, which leaves it no time for anything.
    func kill() throws {
        try #require(Foundation.kill(process, SIGKILL) == 0)
    }

    /// Suspends every process of it.
    func suspend() throws {
        try send(SIGSTOP)
    }

    /// Lets them go on.
    func resume() throws {
        try send(SIGCONT)
    }

    /// Sends a signal to the server's first process and to its children, of which there need be
    /// none, and any of which may have ended by then.
    private func send(_ signal: Int32) throws {
        let first = try process
        try #require(Foundation.kill(first, signal) == 0)
        let path = "/proc/\(first)/task/\(first)/children"
        for child in try String(contentsOfFile: path, encoding: .utf8).split(separator: " ") {
            if let child = pid_t(child) { _ = Foundation.kill(child, signal) }
        }
    }

    /// The server's first process.
    private var process: pid_t {
        get throws {
            let text = try String(contentsOfFile: "\(folder)/\(store.server)/pid", encoding: .utf8)
            return try #require(pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        }
    }

    private func remove() async throws {
        try? resume()
        try await stack("down")
        try FileManager.default.removeItem(atPath: folder)
    }

    /// What infra/stack prints when it is told to do `action` to the server.
    @discardableResult
    private func stack(_ action: String) async throws -> String {
        let result = try await Subprocess.run(
            .name("bash"),
            arguments: [
                Program.packageRoot.appending(path: "infra/stack").path, action, store.server,
            ],
            environment: .inherit.updating(["WEIR_STACK_DIR": folder]),
            output: .string(limit: 1 << 16),
            error: .string(limit: 1 << 16)
        )
        try #require(result.terminationStatus.isSuccess, "\(result.standardError)")
        return result.standardOutput
    }
}
