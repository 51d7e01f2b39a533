internal import Hummingbird
internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import NIOHTTP1

/// HTTP/1.1 on connections that are guarded from the first byte on.
struct GuardedChannel: ServerChildChannel {
    let http: HTTP1Channel
    let limits: ConsoleLimits

    init(_ responder: @escaping HTTPChannelHandler.Responder, _ limits: ConsoleLimits) {
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
        await http.handle(value: value, logger: logger)
    }
}
