package import Logging
internal import SLO

/// Decides what a console answers: which page, to whom, in which form.
package struct ConsolePages: Sendable {
    /// A request, as far as it matters.
    package struct Request: Hashable, Sendable {
        package var method: String
        /// Without a query.
        package var path: String
        /// The header fields of that name.
        package var accept: [String] = []
        package var authorization: String?
        /// Whether a body is announced.
        package var hasBody = false

        package init(_ method: String, _ path: String) {
            self.method = method
            self.path = path
        }
    }

    private static let paths = ["/metrics", "/healthz", "/readyz"]

    private let subject: any ConsoleSubject
    private let token: BearerToken?
    private let logger: Logger

    /// The pages of `subject`, for everyone or for those who know the token.
    package init(_ subject: any ConsoleSubject, token: BearerToken?, logger: Logger) {
        self.subject = subject
        self.token = token
        self.logger = logger
    }

    /// What `request` is answered; the body also where only its head is asked for.
    package func answer(_ request: Request) -> ConsoleAnswer {
        // Whether the process lives is no secret, and who asks that may know none.
        if let token, request.path != "/healthz" {
            guard let authorization = request.authorization else {
                return unauthorized("a token is needed; send 'Authorization: Bearer <token>'", "")
            }
            guard token.isCarried(by: authorization) else {
                return unauthorized("this is not the token", ", error=\"invalid_token\"")
            }
        }
        guard ConsolePages.paths.contains(request.path) else {
            let known = ConsolePages.paths.joined(separator: ", ")
            return ConsoleAnswer(404, "nothing is here; there are \(known)")
        }
        guard ["GET", "HEAD"].contains(request.method) else {
            return ConsoleAnswer(
                405,
                "only GET and HEAD are answered",
                fields: ["Allow": "GET, HEAD"]
            )
        }
        guard !request.hasBody else {
            return ConsoleAnswer(413, "a request has no body here")
        }
        switch request.path {
        case "/metrics": return metrics(request)
        case "/readyz": return readiness
        default: return ConsoleAnswer(200, "ok")
        }
    }

    private func unauthorized(_ sentence: String, _ error: String) -> ConsoleAnswer {
        ConsoleAnswer(
            401,
            sentence,
            fields: ["WWW-Authenticate": "Bearer realm=\"weir\"" + error]
        )
    }

    private func metrics(_ request: Request) -> ConsoleAnswer {
        let format = AcceptedFormat.choose(request.accept)
        do {
            let text = ExpositionText.write(try subject.families, as: format)
            return ConsoleAnswer(text, contentType: format.contentType)
        } catch {
            logger.warning("a scrape failed", metadata: ["error": "\(error)"])
            return ConsoleAnswer(500, "what is measured cannot be read now; the log says why")
        }
    }

    private var readiness: ConsoleAnswer {
        let impediments = subject.impediments
        guard impediments.isEmpty else {
            return ConsoleAnswer(503, impediments.joined(separator: "\n"))
        }
        return ConsoleAnswer(200, "ready")
    }
}
