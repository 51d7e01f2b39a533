package import HTTPServing
package import Logging
package import Prometheus
internal import Reports
internal import Synchronization
package import Timekeeping

/// Decides what a console answers: which page, to which client, in which format.
package struct ConsolePages: Sendable {
    /// A request, as far as it matters.
    package struct Request: Hashable, Sendable {
        package var method: String
        /// Without a query.
        package var path: String
        /// What stands behind the question mark.
        package var query = ""
        /// The header fields of that name.
        package var accept: [String] = []
        package var authorization: String?
        /// Whom the peer believes to ask, perhaps with a port.
        package var host: String?
        /// The page that asks, where a browser says so.
        package var origin: String?
        /// How that page and this console are related, in the words of a browser.
        package var fetchSite: String?
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
    private let questions = QuestionLimit()

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
    package func answer(_ request: Request) async -> ConsoleAnswer {
        if let refusal = refusal(of: request) { return refusal }
        let resources = subject.resources.filter { $0.path == request.path }
        guard !resources.isEmpty else { return page(request) }
        guard let resource = resources.first(where: { $0.methods.contains(request.method) }) else {
            let methods = resources.flatMap(\.methods).joined(separator: ", ")
            return ConsoleAnswer(405, "answered are \(methods)", fields: ["Allow": methods])
        }
        guard !request.hasBody else { return Self.bodyRefusal }
        if resource.isChange, !isOwnPage(request) {
            return ConsoleAnswer(403, "a page of another origin may change nothing here")
        }
        guard let fields = QueryFields.fields(of: request.query) else {
            return ConsoleAnswer(400, "the query cannot be read; expected name=value&… in UTF-8")
        }
        guard questions.begin() else {
            return ConsoleAnswer(
                503,
                "\(QuestionLimit.most) questions are being answered; ask again",
                fields: ["Retry-After": "1"]
            )
        }
        defer { questions.end() }
        return await resource.answer(fields)
    }

    private static let bodyRefusal = ConsoleAnswer(413, "a request has no body here")

    /// Whether no page asks, or one that this console itself has served.
    private func isOwnPage(_ request: Request) -> Bool {
        if let site = request.fetchSite, !["same-origin", "none"].contains(site) { return false }
        guard let origin = request.origin else { return true }
        guard let host = request.host else { return false }
        return origin.lowercased() == "http://\(host.lowercased())"
    }

    /// Why whoever sends `request` is not answered at all; nil where they are.
    private func refusal(of request: Request) -> ConsoleAnswer? {
        // Whether the process lives is not a secret, and who asks may not have the token.
        if let token, request.path != "/healthz" {
            guard let authorization = request.authorization else {
                return unauthorized("a token is needed; send 'Authorization: Bearer <token>'", "")
            }
            guard token.isCarried(by: authorization) else {
                return unauthorized("this is not the token", ", error=\"invalid_token\"")
            }
        }
        // A foreign page whose name has been bound to this address asks as its own
        // host, and would read through the visitor's browser.
        guard token != nil || isKnown(request.host) else {
            return ConsoleAnswer(
                403,
                "the Host header names another host; ask for 127.0.0.1, localhost or "
                    + "the address that is listened on, or set a token"
            )
        }
        return nil
    }

    private func page(_ request: Request) -> ConsoleAnswer {
        guard ConsolePages.paths.contains(request.path) else {
            let known = (ConsolePages.paths + subject.resources.map(\.path)).uniqued
                .joined(separator: ", ")
            return ConsoleAnswer(404, "there is nothing here; try \(known)")
        }
        guard ["GET", "HEAD"].contains(request.method) else {
            return ConsoleAnswer(
                405,
                "only GET and HEAD are answered",
                fields: ["Allow": "GET, HEAD"]
            )
        }
        guard !request.hasBody else { return Self.bodyRefusal }
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
            return ConsoleAnswer(500, "the measurements cannot be read now; the log says why")
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

/// What a console shows: a run, or a warehouse.
package protocol ConsoleSubject: Sendable {
    /// Everything that is measured; each family once.
    ///
    /// It is asked at every scrape, so it reads what is known and never waits.
    var families: [MetricFamily] { get throws }

    /// Why the subject is not ready, a sentence each; none if it is.
    var impediments: [String] { get }

    /// What else can be asked for.
    var resources: [ConsoleResource] { get }
}

extension ConsoleSubject {
    package var resources: [ConsoleResource] { [] }
}

/// How many questions are answered at a time, so that whoever asks much takes little of what is
/// asked about.
private final class QuestionLimit: Sendable {
    static let most = 4

    private let count = Mutex(0)

    /// Whether there is room for one more.
    func begin() -> Bool {
        count.withLock { count in
            guard count < QuestionLimit.most else { return false }
            count += 1
            return true
        }
    }

    func end() { count.withLock { $0 -= 1 } }
}

extension [String] {
    /// Each once, in their order.
    fileprivate var uniqued: [String] {
        reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }
}

/// What a console answers.
package struct ConsoleAnswer: Hashable, Sendable {
    package var status: Int
    package var contentType = "text/plain; charset=utf-8"
    /// Further header fields.
    package var fields: [String: String] = [:]
    package var body: String

    /// A sentence in plain text.
    package init(_ status: Int, _ sentence: String, fields: [String: String] = [:]) {
        self.status = status
        self.fields = fields
        body = ReportText.printableLines(sentence) + "\n"
    }

    /// A document.
    package init(_ text: String, contentType: String) {
        status = 200
        self.contentType = contentType
        body = text
    }
}

/// What a scraper wants to read: RFC 9110, section 12.5.1.
package enum AcceptedFormat {
    /// The format with the highest weight in the `Accept` header fields of a request.
    ///
    /// OpenMetrics must be named, since a client that accepts anything may not know it;
    /// where neither format is wanted it is text 0.0.4 as well.
    package static func choose(_ accepted: [String]) -> ExpositionText.Format {
        var weights: [ExpositionText.Format: Double] = [:]
        for range in accepted.flatMap({ $0.split(separator: ",") }) {
            let parts = range.split(separator: ";").map { part in
                part.filter { $0 != " " && $0 != "\t" && $0 != "\"" }.lowercased()
            }
            guard let type = parts.first, let format = format(of: type, parts.dropFirst()) else {
                continue
            }
            weights[format] = max(weights[format] ?? 0, weight(parts.dropFirst()))
        }
        let openMetrics = weights[.openMetrics] ?? 0
        return openMetrics > 0 && openMetrics >= weights[.prometheus] ?? 0
            ? .openMetrics : .prometheus
    }

    private static func format(
        of type: String,
        _ parameters: ArraySlice<String>
    ) -> ExpositionText.Format? {
        let version = parameters.first { $0.hasPrefix("version=") }?.dropFirst(8)
        switch type {
        case "application/openmetrics-text":
            // What 0.0.1 asks for is what became 1.0.
            return version.map { ["0.0.1", "1.0.0"].contains($0) } ?? true ? .openMetrics : nil
        case "text/plain":
            return version.map { $0 == "0.0.4" } ?? true ? .prometheus : nil
        case "text/*", "*/*":
            return .prometheus
        default:
            return nil
        }
    }

    private static func weight(_ parameters: ArraySlice<String>) -> Double {
        guard let text = parameters.first(where: { $0.hasPrefix("q=") }) else { return 1 }
        // One that cannot be read wants nothing.
        return Double(text.dropFirst(2)).map { min(max($0, 0), 1) } ?? 0
    }
}

/// The page of metrics that all clients get within a second: however many ask, and however
/// often, what is measured is read and written once in that time.
final class ScrapeCache: Sendable {
    private struct Page {
        var text: String
        var written: Timestamp
    }

    /// How old a page may be.
    private static let life = Duration.seconds(1)

    private let timeline: any Timeline
    private let pages = Mutex<[ExpositionText.Format: Page]>([:])

    init(_ timeline: any Timeline) {
        self.timeline = timeline
    }

    /// The page in `format`, of what `families` gives where there is none that is young enough.
    func text(
        as format: ExpositionText.Format,
        of families: () throws -> [MetricFamily]
    ) rethrows -> String {
        // Who asks meanwhile waits, and is given the same.
        try pages.withLock { pages in
            let now = timeline.now
            if let page = pages[format], now - page.written < ScrapeCache.life { return page.text }
            let text = ExpositionText.write(try families(), as: format)
            pages[format] = Page(text: text, written: now)
            return text
        }
    }
}
