internal import HTTPTypes
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
                description: "\(address) can be reached from other machines, so a token is "
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
        // Questions wait for stores there, and take no turn of whom they are about.
        let thread = ThreadExecutor(threads.next())
        let application = Application(
            responder: CallbackResponder<BasicRequestContext> { request, _ in
                let asked = ConsolePages.Request(request)
                let answer = await withTaskExecutorPreference(thread) {
                    await pages.answer(asked)
                }
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
            reason = "\(address) is not an address of this machine; name one that is"
        default:
            reason = "\(address) cannot be listened on (\(error)); name another address"
        }
        return ConsoleError(code: .unavailable, description: reason)
    }
}

/// Runs tasks on the thread of an event loop.
private final class ThreadExecutor: TaskExecutor {
    private let thread: any EventLoop

    init(_ thread: any EventLoop) {
        self.thread = thread
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        thread.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

extension ConsolePages.Request {
    /// What matters of a request.
    init(_ request: Request) {
        self.init(request.method.rawValue, request.uri.path)
        accept = request.headers[values: .accept]
        authorization = request.headers[.authorization]
        host = request.head.authority
        query = request.uri.query ?? ""
        origin = request.headers[.origin]
        fetchSite = HTTPField.Name("Sec-Fetch-Site").flatMap { request.headers[$0] }
        let length = request.headers[.contentLength]
        hasBody = (length ?? "0") != "0" || request.headers[.transferEncoding] != nil
    }
}

extension Response {
    /// `answer` to `request`, which may have asked for its head alone.
    init(_ answer: ConsoleAnswer, to request: Request) {
        var fields: HTTPFields = [
            .contentType: answer.contentType,
            .cacheControl: "no-store",
            .xContentTypeOptions: "nosniff",
        ]
        // order-free: fields of different names.
        for (name, value) in answer.fields {
            guard let name = HTTPField.Name(name) else { continue }
            fields[name] = value
        }
        if request.headers[.connection] == ClosingHandler.close {
            fields[.connection] = ClosingHandler.close
        }
        let body = ByteBuffer(string: answer.body)
        fields[.contentLength] = String(body.readableBytes)
        self.init(
            status: HTTPResponse.Status(code: answer.status),
            headers: fields,
            body: request.method == .head ? ResponseBody() : ResponseBody(byteBuffer: body)
        )
    }
}

/// A console that cannot be opened.
package struct ConsoleError: Error, CustomStringConvertible {
    /// The kind of error, for callers.
    package enum Code: Sendable {
        /// Others could reach it, and it asks for no token.
        case needsToken
        /// The address is another program's, or none of this machine.
        case unavailable
    }

    package var code: Code
    /// What is wrong, and the remedy.
    package var description: String
}

/// What one client may use of a console.
package struct ConsoleLimits: Hashable, Sendable {
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

    package init() {}
}

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// The files, sockets among them, that the process has open and may have.
package struct OpenFiles: Hashable, Sendable {
    /// Nil where the system does not say.
    package var count: Int?
    /// Nil for no limit.
    package var limit: Int?

    /// What is left for everything else: stores that are opened again, reports, logs.
    private static let reserve = 32
    /// With fewer nothing is listened on: the event loop alone takes four.
    private static let least = 12

    package init(count: Int?, limit: Int?) {
        self.count = count
        self.limit = limit
    }

    /// As they are now.
    package static var now: OpenFiles {
        var limit = rlimit()
        let isKnown = getrlimit(files, &limit) == 0 && limit.rlim_cur < UInt64(Int.max)
        return OpenFiles(count: openCount, limit: isKnown ? Int(limit.rlim_cur) : nil)
    }

    /// How many of at most `most` connections may be open at once, so that files are left for
    /// everything else; nil if there are too few to listen at all.
    package func connections(atMost most: Int) -> Int? {
        guard let count, let limit else { return most }
        let free = limit - count
        guard free >= OpenFiles.least else { return nil }
        return min(most, max(free - OpenFiles.reserve, free / 3))
    }

    private static var openCount: Int? {
        guard let folder = opendir("/proc/self/fd") else { return nil }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        // Without itself, its parent, and the one that reads the folder.
        return count - 3
    }

    #if canImport(Glibc)
    private static let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
    private static let files = RLIMIT_NOFILE
    #endif
}
