package import HTTPServing
internal import HTTPTypes
internal import HummingbirdCore
package import Logging
internal import NIOCore
package import Timekeeping

/// Answers the REST form of Google Pub/Sub's API: a thin driver of ``PubSubResponder``.
package struct PubSubServer: Sendable {
    /// What a request may have in bytes, as in the real service.
    private static let bodyLimit = 10 << 20

    private let address: ListenAddress
    private let responder: PubSubResponder
    private let logger: Logger

    /// A server for `address`, for everyone on this machine.
    ///
    /// Throws `ListenError` where others could reach it: whoever can ask it takes messages away.
    package init(
        _ address: ListenAddress,
        _ responder: PubSubResponder,
        logger: Logger
    ) throws(ListenError) {
        guard address.isLoopback else {
            throw ListenError(
                code: .needsToken,
                description: "\(address) can be reached from other machines, and whoever asks the "
                    + "Pub/Sub API takes messages away; listen on 127.0.0.1"
            )
        }
        self.address = address
        self.responder = responder
        self.logger = logger
    }

    /// Takes requests until `stop` is raised.
    ///
    /// `onListening` hears where, once connections are accepted. Throws `ListenError` where the
    /// address cannot be listened on, and `CancellationError` when the task is cancelled.
    package func run(
        until stop: Signal,
        onListening: @escaping @Sendable (ListenAddress) -> Void
    ) async throws {
        var limits = ServerLimits()
        limits.connections = 256
        // More than a body may have, so that who sends too much hears so.
        limits.request = 2 * PubSubServer.bodyLimit
        limits.exchange = .seconds(30)
        limits.threads = 2
        try await HTTPServer(address, limits: limits, logger: logger)
            .run(until: stop, onListening: onListening) { request in
                Response(await answer(to: request))
            }
    }

    private func answer(to request: Request) async -> PubSubAnswer {
        // No program sends one, and a page on this machine has no business here.
        if request.headers[.origin] != nil {
            return PubSubError(.permissionDenied, "pages of browsers are not answered").answer
        }
        let body: ByteBuffer
        do {
            body = try await request.body.collect(upTo: PubSubServer.bodyLimit)
        } catch is NIOTooManyBytesError {
            return PubSubError(.invalidArgument, "a request has at most 10 MB").answer
        } catch {
            return PubSubError(.invalidArgument, "the body ends before its end").answer
        }
        return await responder.answer(
            method: request.method.rawValue,
            path: request.uri.path,
            body: Array(body.readableBytesView)
        )
    }
}

extension Response {
    fileprivate init(_ answer: PubSubAnswer) {
        var fields = HTTPFields()
        fields[.contentType] = "application/json; charset=UTF-8"
        fields[.contentLength] = String(answer.body.utf8.count)
        self.init(
            status: HTTPResponse.Status(code: answer.status),
            headers: fields,
            body: ResponseBody(byteBuffer: ByteBuffer(string: answer.body))
        )
    }
}
