internal import Hummingbird
internal import HummingbirdCore
internal import Logging
package import NIOCore
internal import NIOHTTP1

/// HTTP/1.1 on connections that are guarded from the first byte on.
struct GuardedChannel: ServerChildChannel {
    let http: HTTP1Channel
    let limits: ServerLimits

    init(_ responder: @escaping HTTPChannelHandler.Responder, _ limits: ServerLimits) {
        self.limits = limits
        http = HTTP1Channel(
            responder: responder,
            configuration: .init(
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: limits.headerField,
                    maxHeaderListSize: limits.headers,
                    maxHeaderFieldCount: limits.headerCount
                )
            )
        )
    }

    func setup(
        channel: any Channel,
        logger: Logger
    ) -> EventLoopFuture<HTTP1Channel.Value> {
        do {
            try channel.pipeline.syncOperations.addHandler(ConnectionGuard(limits))
            // The system would take megabytes of answers for a peer that reads none.
            try channel.syncOptions?.setOption(
                .socketOption(.so_sndbuf),
                value: SocketOptionValue(limits.sendBuffer)
            )
        } catch {
            return channel.eventLoop.makeFailedFuture(error)
        }
        return http.setup(channel: channel, logger: logger).flatMapThrowing { value in
            let operations = channel.pipeline.syncOperations
            let decoder = try operations.handler(
                type: ByteToMessageHandler<HTTPRequestDecoder>.self
            )
            try operations.addHandler(ClosingHandler(), position: .after(decoder))
            return value
        }
    }

    func handle(value: HTTP1Channel.Value, logger: Logger) async {
        // On the thread of the connection: a request goes to no other thread and back.
        await withTaskExecutorPreference(ThreadExecutor(value.channel.eventLoop)) {
            await http.handle(value: value, logger: logger)
        }
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

/// Holds a connection to what one exchange may take: bytes of the request, and time.
///
/// The time begins with the connection and anew whenever the peer has taken a piece of an answer.
/// Nothing that the peer sends prolongs it, so a peer that sends byte by byte, or nothing, or
/// does not read, is cut off.
package final class ConnectionGuard: ChannelDuplexHandler {
    package typealias InboundIn = ByteBuffer
    package typealias InboundOut = ByteBuffer
    package typealias OutboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    private let requestLimit: Int
    private let patience: TimeAmount
    /// Since the last piece of an answer was taken.
    private var received = 0
    private var deadline: Scheduled<Void>?

    /// A guard for one connection.
    package init(_ limits: ServerLimits) {
        requestLimit = limits.request
        patience = TimeAmount(limits.exchange)
    }

    package func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { begin(context) }
    }

    package func channelActive(context: ChannelHandlerContext) {
        begin(context)
        context.fireChannelActive()
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received += unwrapInboundIn(data).readableBytes
        guard received <= requestLimit else {
            context.close(promise: nil)
            return
        }
        context.fireChannelRead(data)
    }

    package func write(
        context: ChannelHandlerContext,
        data: NIOAny,
        promise: EventLoopPromise<Void>?
    ) {
        let taken = promise ?? context.eventLoop.makePromise()
        taken.futureResult.assumeIsolated().whenSuccess { self.begin(context) }
        context.write(data, promise: taken)
    }

    package func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        context.fireChannelInactive()
    }

    package func handlerRemoved(context: ChannelHandlerContext) {
        deadline?.cancel()
    }

    private func begin(_ context: ChannelHandlerContext) {
        received = 0
        deadline?.cancel()
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: patience) {
            context.close(promise: nil)
        }
    }
}

/// Has a connection closed after an answer where its peer expects that: HTTP/1.0 ends an answer
/// so, and a client that sends `Connection: close` waits for it.
///
/// It is between the decoder and what forgets the version of the protocol.
final class ClosingHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    /// What is said of a connection that ends with the answer.
    static let close = "close"

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(var head) = unwrapInboundIn(data),
            !head.isKeepAlive || head.version.minor == 0
        else {
            context.fireChannelRead(data)
            return
        }
        head.headers.replaceOrAdd(name: "Connection", value: ClosingHandler.close)
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }
}
