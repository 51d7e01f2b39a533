package import NIOCore

/// Holds a connection to what one exchange may take: bytes of the request, and time.
///
/// The time begins with the connection and anew whenever the peer has taken a piece of an answer.
/// Nothing that the peer sends prolongs it, so whoever sends byte by byte, says nothing at all, or
/// does not read, is cut off alike.
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
    package init(_ limits: ConsoleLimits) {
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
