package import HTTPServing
internal import HTTPTypes
internal import HummingbirdCore
package import Logging
internal import NIOCore
package import Timekeeping

/// Answers HTTP: a thin driver of ``ConsolePages``.
package struct ConsoleServer: Sendable {
    private let address: ListenAddress
    private let token: BearerToken?
    private let limits: ServerLimits
    private let timeline: any Timeline
    private let logger: Logger

    /// A server for `address`, for everyone on this machine or for those who know the token.
    ///
    /// Throws `ListenError` where others could reach it, and there is no token.
    package init(
        _ address: ListenAddress,
        token: BearerToken?,
        limits: ServerLimits = ServerLimits(),
        timeline: any Timeline = RealTimeline(),
        logger: Logger
    ) throws(ListenError) {
        guard token != nil || address.isLoopback else {
            throw ListenError(
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
    /// `onListening` hears where, once connections are accepted. Throws `ListenError` where the
    /// address cannot be listened on, and `CancellationError` when the task is cancelled.
    package func run(
        _ subject: any ConsoleSubject,
        until stop: Signal,
        onListening: @escaping @Sendable (ListenAddress) -> Void
    ) async throws {
        let pages = ConsolePages(
            subject,
            token: token,
            host: address.host,
            timeline: timeline,
            logger: logger
        )
        // Questions wait for stores there, and take no turn of whom they are about.
        try await HTTPServer(address, limits: limits, logger: logger)
            .run(until: stop, onListening: onListening) { request in
                Response(await pages.answer(ConsolePages.Request(request)), to: request)
            }
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
        let body = ByteBuffer(string: answer.body)
        fields[.contentLength] = String(body.readableBytes)
        self.init(
            status: HTTPResponse.Status(code: answer.status),
            headers: fields,
            body: request.method == .head ? ResponseBody() : ResponseBody(byteBuffer: body)
        )
    }
}
