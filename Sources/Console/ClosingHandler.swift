internal import NIOCore
internal import NIOHTTP1

/// Has a connection closed after an answer where its peer expects that: HTTP/1.0 ends an answer
/// so, and whoever says `Connection: close` waits for it.
///
/// It stands between the decoder and what forgets the version of the protocol.
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
