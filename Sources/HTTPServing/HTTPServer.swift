internal import Hummingbird
package import HummingbirdCore
package import Logging
internal import NIOCore
internal import NIOPosix
internal import ServiceLifecycle
package import Timekeeping

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Answers HTTP/1.1 at an address, within limits.
package struct HTTPServer: Sendable {
    /// How long what is being answered may go on after the end.
    private static let parting = Duration.seconds(2)

    private let address: ListenAddress
    private let limits: ServerLimits
    private let logger: Logger

    package init(_ address: ListenAddress, limits: ServerLimits, logger: Logger) {
        self.address = address
        self.limits = limits
        self.logger = logger
    }

    /// Serves until `stop` is raised; then what is being answered is answered, and nothing else.
    ///
    /// `onListening` hears where, once connections are accepted. `answer` answers a request, on the
    /// thread of its connection.
    ///
    /// - Throws: ``ListenError`` where the address cannot be listened on; `CancellationError` when
    ///   the task is cancelled.
    package func run(
        until stop: Signal,
        onListening: @escaping @Sendable (ListenAddress) -> Void,
        answer: @escaping @Sendable (Request) async -> Response
    ) async throws {
        guard let connections = OpenFiles.now.connections(atMost: limits.connections) else {
            throw ListenError(
                code: .unavailable,
                description: "\(address) cannot be listened on: the process may open too few "
                    + "files; raise the limit (ulimit -n)"
            )
        }
        // Threads of its own: what is asked here takes no turn of whom it is asked about.
        let threads = ServerThreads.take(limits.threads)
        defer { ServerThreads.giveBack(threads, limits.threads) }
        try await serve(connections, on: threads, until: stop, onListening, answer)
    }

    private func serve(
        _ connections: Int,
        on threads: MultiThreadedEventLoopGroup,
        until stop: Signal,
        _ onListening: @escaping @Sendable (ListenAddress) -> Void,
        _ answer: @escaping @Sendable (Request) async -> Response
    ) async throws {
        let address = address
        let limits = limits
        let application = Application(
            responder: CallbackResponder<BasicRequestContext> { request, _ in
                var response = await answer(request)
                if request.headers[.connection] == ClosingHandler.close {
                    response.headers[.connection] = ClosingHandler.close
                }
                return response
            },
            server: HTTPServerBuilder { responder in GuardedChannel(responder, limits) },
            configuration: ApplicationConfiguration(
                address: .hostname(address.boundHost, port: address.port),
                serverName: "weir",
                availableConnectionsDelegate: .maximum(connections, logger: logger)
            ),
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? address.port
                onListening(ListenAddress(host: address.host, port: port))
            },
            eventLoopGroupProvider: .shared(threads),
            logger: logger
        )
        var configuration = ServiceGroupConfiguration(
            services: [.init(service: application)],
            logger: logger
        )
        configuration.maximumGracefulShutdownDuration = HTTPServer.parting
        let services = ServiceGroup(configuration: configuration)
        do {
            try await withThrowingTaskGroup { group in
                group.addTask { try await services.run() }
                group.addTask {
                    try await stop.wait(since: 0)
                    await services.triggerGracefulShutdown()
                    // It ends by itself, and so the group.
                    try await Signal().wait(since: 0)
                }
                defer { group.cancelAll() }
                try await group.next()
            }
        } catch let error as CancellationError {
            throw error
        } catch {
            throw HTTPServer.error(error, address)
        }
    }

    private static func error(_ error: any Error, _ address: ListenAddress) -> ListenError {
        let reason: String
        switch (error as? IOError)?.errnoCode {
        case EADDRINUSE:
            reason = "another program listens on \(address); end it, or name another port"
        case EACCES:
            reason = "\(address) may not be listened on; name a port from 1024"
        case EADDRNOTAVAIL:
            reason = "\(address) is not an address of this machine; name one that is"
        default:
            reason = "\(address) cannot be listened on (\(error)); name another address"
        }
        return ListenError(code: .unavailable, description: reason)
    }
}

/// An address that is not listened on.
package struct ListenError: Error, CustomStringConvertible {
    /// The kind of error, for callers.
    package enum Code: Sendable {
        /// Others could reach it, and it asks for no token or key.
        case needsToken
        /// The address is another program's, or none of this machine.
        case unavailable
    }

    package var code: Code
    /// What is wrong, and the remedy.
    package var description: String

    package init(code: Code, description: String) {
        self.code = code
        self.description = description
    }
}

/// What one client may use of a server.
package struct ServerLimits: Hashable, Sendable {
    /// Connections at a time; more wait until one of them ends.
    package var connections = 64
    /// Bytes of a header field, its name included.
    package var headerField = 8 << 10
    /// Bytes of all header fields together.
    package var headers = 16 << 10
    /// Header fields.
    package var headerCount = 64
    /// Bytes of a whole request; one that sends more is cut off.
    package var request = 64 << 10
    /// Bytes of answers that the system holds for a peer that does not read.
    package var sendBuffer = 128 << 10
    /// How long asking and taking the answer may last, and how long a connection may be silent: not
    /// longer than a probe of whether the process lives may wait for a place.
    package var exchange = Duration.seconds(10)
    /// How many threads take requests.
    package var threads = 1

    package init() {}
}
