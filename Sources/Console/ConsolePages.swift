package import Logging
internal import SLO
package import Timekeeping

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
        /// Whom the peer believes to ask, perhaps with a port.
        package var host: String?
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
    private let hosts: Set<String>
    private let scrapes: ScrapeCache
    private let logger: Logger

    /// The pages of `subject`, for those who know the token, or, where there is none, for everyone
    /// who asks this machine or `host` by name.
    package init(
        _ subject: any ConsoleSubject,
        token: BearerToken?,
        host: String = "localhost",
        timeline: any Timeline,
        logger: Logger
    ) {
        self.subject = subject
        self.token = token
        hosts = ["127.0.0.1", "localhost", "::1", host.lowercased()]
        scrapes = ScrapeCache(timeline)
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
        // A page of somebody else's whose name has been bound to this address asks as its own
        // host: it would read with the browser of whoever looks at it.
        guard token != nil || isKnown(request.host) else {
            return ConsoleAnswer(
                403,
                "this is asked for by another name than its own; ask for 127.0.0.1, localhost or "
                    + "the address that is listened on, or set a token"
            )
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

    /// Whether `host`, which a browser always sends, names this machine.
    private func isKnown(_ host: String?) -> Bool {
        guard let host = host?.lowercased() else { return true }
        if host.hasPrefix("[") {
            return hosts.contains(String(host.dropFirst().prefix { $0 != "]" }))
        }
        return hosts.contains(host) || hosts.contains(String(host.prefix { $0 != ":" }))
    }

    private func metrics(_ request: Request) -> ConsoleAnswer {
        let format = AcceptedFormat.choose(request.accept)
        do {
            let text = try scrapes.text(as: format) { try subject.families }
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
