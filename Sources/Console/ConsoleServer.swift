internal import Hummingbird
internal import HummingbirdCore
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

/// Answers HTTP: a thin driver of ``ConsolePages``.
package struct ConsoleServer: Sendable {
    /// How long what is being answered may go on after the end.
    private static let parting = Duration.seconds(2)

    private let address: ListenAddress
    private let token: BearerToken?
    private let limits: ConsoleLimits
    private let timeline: any Timeline
    private let logger: Logger

    /// A server for `address`, for everyone on this machine or for those who know the token.
    ///
    /// Throws ``ConsoleError`` where others could reach it, and there is no token.
    package init(
        _ address: ListenAddress,
        token: BearerToken?,
        limits: ConsoleLimits = ConsoleLimits(),
        timeline: any Timeline = RealTimeline(),
        logger: Logger
    ) throws(ConsoleError) {
        guard token != nil || address.isLoopback else {
            throw ConsoleError(
                code: .needsToken,
                description: "\(address) can be reached from other machines, and then a token is "
                    + "needed; put one in WEIR_CONSOLE_TOKEN or in a file that "
                    + "--console-token-file names, or listen on 127.0.0.1"
            )
        }
        self.address = address
        self.token = token
        self.limits = limits
        self.timeline = timeline
        self.logger = logger
    }

    /// Serves `subject` until `stop` is raised; then what is being answered is answered, and
    /// nothing else.
    ///
    /// `onListening` hears where, once connections are accepted. Throws ``ConsoleError`` where the
    /// address cannot be listened on, and `CancellationError` when the task is cancelled.
    package func run(
        _ subject: any ConsoleSubject,
        until stop: Signal,
        onListening: @escaping @Sendable (ListenAddress) -> Void
    ) async throws {
        guard let connections = OpenFiles.now.connections(atMost: limits.connections) else {
            throw ConsoleError(
                code: .unavailable,
                description: "\(address) cannot be listened on: the process may open too few "
                    + "files; raise the limit (ulimit -n)"
            )
        }
        // A thread of its own: what is asked here takes no turn of whom it is asked about.
        let threads = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do {
            try await serve(subject, connections, on: threads, until: stop, onListening)
        } catch {
            try? await threads.shutdownGracefully()
            throw error
        }
        try? await threads.shutdownGracefully()
    }

    private func serve(
        _ subject: any ConsoleSubject,
        _ connections: Int,
        on threads: MultiThreadedEventLoopGroup,
        until stop: Signal,
        _ onListening: @escaping @Sendable (ListenAddress) -> Void
    ) async throws {
        let pages = ConsolePages(
            subject,
            token: token,
            host: address.host,
            timeline: timeline,
            logger: logger
        )
        let address = address
        let limits = limits
        let thread = threads.next()
        let application = Application(
            responder: CallbackResponder<BasicRequestContext> { request, _ in
                let asked = ConsolePages.Request(request)
                let answer = try await thread.submit { pages.answer(asked) }.get()
                return Response(answer, to: request)
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
        configuration.maximumGracefulShutdownDuration = ConsoleServer.parting
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
            throw ConsoleServer.error(error, address)
        }
    }

    private static func error(_ error: any Error, _ address: ListenAddress) -> ConsoleError {
        let reason: String
        switch (error as? IOError)?.errnoCode {
        case EADDRINUSE:
            reason = "another program listens on \(address); end it, or name another port"
        case EACCES:
            reason = "\(address) may not be listened on; name a port from 1024"
        case EADDRNOTAVAIL:
            reason = "\(address) is no address of this machine; name one that is"
        default:
            reason = "\(address) cannot be listened on (\(error)); name another address"
        }
        return ConsoleError(code: .unavailable, description: reason)
    }
}
