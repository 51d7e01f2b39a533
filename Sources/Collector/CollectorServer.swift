package import HTTPServing
internal import HTTPTypes
internal import HummingbirdCore
package import Logging
internal import NIOCore
package import Timekeeping

/// Takes events over HTTP: a thin driver of ``CollectorResponder``.
package struct CollectorServer: Sendable {
    /// What a request may have in bytes, unpacked as well, unless its protocol has more.
    package static let bodyLimit = 1 << 20

    private let address: ListenAddress
    private let responder: CollectorResponder
    private let timeline: any Timeline
    private let limits: ServerLimits
    private let logger: Logger

    /// A server for `address`, for everyone on this machine or for those who have one of `keys`.
    ///
    /// Throws `ListenError` where others could reach it, and there is no key.
    package init(
        _ address: ListenAddress,
        _ responder: CollectorResponder,
        keys: SourceKeys,
        limits: ServerLimits = .collector,
        timeline: any Timeline,
        logger: Logger
    ) throws(ListenError) {
        guard !keys.isEmpty || address.isLoopback else {
            throw ListenError(
                code: .needsToken,
                description: "\(address) can be reached from other machines, so the collector "
                    + "needs the keys of its sources; name them in the pipeline file (sources: "
                    + "[{name: shop, key: {env: SHOP_KEY}}]), or listen on 127.0.0.1"
            )
        }
        self.address = address
        self.responder = responder
        self.limits = limits
        self.timeline = timeline
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
        try await HTTPServer(address, limits: limits, logger: logger)
            .run(until: stop, onListening: onListening) { request in
                Response(await answer(to: request), isHead: request.method == .head)
            }
    }

    private func answer(to request: Request) async -> CollectorAnswer {
        var collected = CollectorRequest(
            method: request.method.rawValue,
            path: request.uri.path,
            query: QueryFields.fields(of: request.uri.query ?? "") ?? [],
            fields: request.headers,
            received: timeline.now
        )
        if let answer = responder.answer(toHeadOf: collected) { return answer }
        do throws(RequestRefusal) {
            collected.body = try await CollectorServer.body(
                of: request,
                atMost: responder.bodyLimit(of: collected)
            )
        } catch {
            return responder.answer(to: error, of: collected)
        }
        collected.received = timeline.now
        return await responder.answer(to: collected)
    }

    /// The body of `request`, unpacked.
    private static func body(
        of request: Request,
        atMost bodyLimit: Int
    ) async throws(RequestRefusal) -> [UInt8] {
        let tooLarge = RequestRefusal(
            status: 413,
            reason: "too-large",
            message: "a request has at most \(bodyLimit) bytes, unpacked as well; send fewer "
                + "events at a time"
        )
        let length = request.headers[.contentLength].flatMap { Int($0) }
        guard length ?? 0 <= bodyLimit else { throw tooLarge }
        let packing = request.headers[.contentEncoding]?.lowercased() ?? "identity"
        guard ["identity", "gzip", "x-gzip", "deflate"].contains(packing) else {
            throw RequestRefusal(
                status: 415,
                reason: "content-encoding",
                message: "this content encoding cannot be read; expected gzip, deflate or none"
            )
        }
        let body: ByteBuffer
        do {
            body = try await request.body.collect(upTo: bodyLimit)
        } catch is NIOTooManyBytesError {
            throw tooLarge
        } catch {
            throw RequestRefusal(
                status: 400,
                reason: "cut-off",
                message: "the body ends before its end"
            )
        }
        let bytes = Array(body.readableBytesView)
        guard packing != "identity" else { return bytes }
        do {
            return try Inflation.unpacked(bytes, atMost: bodyLimit)
        } catch {
            switch error {
            case .tooLarge: throw tooLarge
            case .malformed:
                throw RequestRefusal(
                    status: 400,
                    reason: "content-encoding",
                    message: "the body is not packed as its Content-Encoding says"
                )
            }
        }
    }
}

extension ServerLimits {
    /// What a client may use of a collector.
    package static var collector: ServerLimits {
        var limits = ServerLimits()
        limits.connections = 1024
        // More than a body may have, so that who sends too much hears so.
        limits.request = 8 * CollectorServer.bodyLimit
        limits.exchange = .seconds(30)
        limits.threads = 2
        return limits
    }
}

extension Response {
    fileprivate init(_ answer: CollectorAnswer, isHead: Bool) {
        var fields = answer.fields
        fields[.contentLength] = String(answer.body.count)
        if fields[.contentType] == nil, !answer.body.isEmpty {
            fields[.contentType] = "text/plain; charset=utf-8"
        }
        let body = ByteBuffer(bytes: answer.body)
        self.init(
            status: HTTPResponse.Status(code: answer.status),
            headers: fields,
            body: isHead || answer.body.isEmpty ? ResponseBody() : ResponseBody(byteBuffer: body)
        )
    }
}
