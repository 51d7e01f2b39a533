internal import Console
internal import Logging
internal import Timekeeping

/// A console beside something else, as a child of the same task: it ends with it, and never ends
/// it.
struct Serving {
    private enum Event<Value: Sendable>: Sendable {
        case listening
        case ended
        case done(Result<Value, any Error>)
    }

    let server: ConsoleServer
    let subject: any ConsoleSubject
    let logger: Logger

    /// Runs `body` while the console answers, which it does before `body` begins.
    ///
    /// - Throws: `ConsoleError` where the console cannot be opened, and what `body` throws.
    func `while`<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let listening = Signal()
        let stop = Signal()
        return try await withThrowingTaskGroup(of: Event<Value>.self) { group in
            group.addTask { try await serve(listening, until: stop) }
            group.addTask {
                try await listening.wait(since: 0)
                return .listening
            }
            defer { group.cancelAll() }
            var result: Result<Value, any Error>?
            while let event = try await group.next() {
                switch event {
                case .listening:
                    group.addTask {
                        do {
                            return .done(.success(try await body()))
                        } catch {
                            return .done(.failure(error))
                        }
                    }
                case .ended: break
                case .done(let value):
                    result = value
                    stop.raise()
                }
            }
            guard let result else { throw CancellationError() }
            return try result.get()
        }
    }

    private func serve<Value: Sendable>(
        _ listening: Signal,
        until stop: Signal
    ) async throws -> Event<Value> {
        do {
            try await server.run(subject, until: stop) { address in
                Terminal.message("serving http://\(address)/metrics")
                listening.raise()
            }
        } catch  where listening.version > 0 {
            // What is served goes on.
            logger.warning("the console has ended", metadata: ["error": "\(error)"])
        }
        return .ended
    }
}

extension Serving? {
    /// Runs `body`, with the console beside it where there is one.
    func running<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        guard let self else { return try await body() }
        return try await self.while(body)
    }
}
