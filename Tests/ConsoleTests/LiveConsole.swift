import Console
import HTTPServing
import Logging
import TestSupport
import Timekeeping

extension ServerLimits {
    /// Those of a console that gives a peer the time that tests beside this one take.
    static var patient: ServerLimits {
        var limits = ServerLimits()
        limits.exchange = .seconds(120)
        return limits
    }
}

/// A console that listens on a free port while `body` acts.
func withConsole<Result: Sendable>(
    _ subject: FixedSubject = FixedSubject(),
    limits: ServerLimits = .patient,
    _ body: @escaping @Sendable (Int) async throws -> Result
) async throws -> Result {
    let server = try ConsoleServer(
        ListenAddress(host: "127.0.0.1", port: 0),
        token: nil,
        limits: limits,
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    )
    let port = Locked(0)
    let (listening, stop) = (Signal(), Signal())
    return try await withThrowingTaskGroup(of: Result?.self) { group in
        group.addTask {
            try await server.run(subject, until: stop) { address in
                port.change { $0 = address.port }
                listening.raise()
            }
            return nil
        }
        group.addTask {
            defer { stop.raise() }
            try await listening.wait(since: 0)
            return try await body(port.value)
        }
        defer { group.cancelAll() }
        var result: Result?
        while let ended = try await group.next() { result = ended ?? result }
        guard let result else { throw CancellationError() }
        return result
    }
}
