import Console
import HTTPServing
import Logging
import Prometheus
import Testing
import Timekeeping

@Suite struct ConsolePagesTests {
    typealias Request = ConsolePages.Request

    private static let secret = "a-token-of-some-length"
    private static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private static func pages(
        _ subject: FixedSubject = FixedSubject(),
        token: String? = nil
    ) -> ConsolePages {
        ConsolePages(
            subject,
            token: token.flatMap { BearerToken($0) },
            host: "console.example",
            timeline: RealTimeline(),
            logger: silent
        )
    }

    @Test func `metrics are told in the format that is asked for`() async {
        let plain = await Self.pages().answer(Request("GET", "/metrics"))
        #expect(plain.status == 200)
        #expect(plain.contentType == "text/plain; version=0.0.4; charset=utf-8")
        #expect(
            plain.body == """
                # HELP sent_messages_total Messages.
                # TYPE sent_messages_total counter
                sent_messages_total{topic="events"} 7

                """
        )
        var request = Request("GET", "/metrics")
        request.accept = ["application/openmetrics-text; version=1.0.0"]
        let open = await Self.pages().answer(request)
        #expect(
            open.contentType == "application/openmetrics-text; version=1.0.0; charset=utf-8"
        )
        #expect(
            open.body.hasSuffix(
                "# TYPE sent_messages counter\n"
                    + "sent_messages_total{topic=\"events\"} 7\n# EOF\n"
            )
        )
    }

    @Test func `a histogram has its buckets, its count and its sum`() async {
        var family = MetricFamily("took_seconds", .histogram, unit: "seconds", help: "Time.")
        family.samples = HistogramSamples(
            buckets: [(bound: 0.5, count: 1), (bound: 1, count: 2)],
            count: 3,
            sum: 4.25
        ).samples([.init("stage", "a")])
        for accept in ["text/plain", "application/openmetrics-text"] {
            var request = Request("GET", "/metrics")
            request.accept = [accept]
            let body = await Self.pages(FixedSubject([family])).answer(request).body
            let samples = body.split(separator: "\n").filter { !$0.hasPrefix("#") }
            #expect(
                samples == [
                    "took_seconds_bucket{stage=\"a\",le=\"0.5\"} 1",
                    "took_seconds_bucket{stage=\"a\",le=\"1.0\"} 2",
                    "took_seconds_bucket{stage=\"a\",le=\"+Inf\"} 3",
                    "took_seconds_count{stage=\"a\"} 3",
                    "took_seconds_sum{stage=\"a\"} 4.25",
                ]
            )
        }
    }

    @Test func `a scrape that fails says so, and not why`() async {
        let answer = await Self.pages(FixedSubject(nil)).answer(Request("GET", "/metrics"))
        #expect(answer.status == 500)
        #expect(!answer.body.contains("Trouble"))
    }

    @Test func `ready is what nothing impedes`() async {
        let ready = await Self.pages().answer(Request("GET", "/readyz"))
        #expect((ready.status, ready.body) == (200, "ready\n"))
        let subject = FixedSubject(impediments: ["the store raw is down", "it is stopped"])
        let impeded = await Self.pages(subject).answer(Request("GET", "/readyz"))
        #expect((impeded.status, impeded.body) == (503, "the store raw is down\nit is stopped\n"))
        // It lives all the same.
        #expect(await Self.pages(subject).answer(Request("GET", "/healthz")).status == 200)
    }

    @Test(arguments: ["/", "", "/metrics/", "/METRICS", "/metricsx", "/../metrics", "//metrics"])
    func `other paths are not found`(path: String) async {
        let answer = await Self.pages().answer(Request("GET", path))
        #expect(answer.status == 404)
        #expect(answer.contentType == "text/plain; charset=utf-8")
    }

    @Test(arguments: ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "get", "X"])
    func `only GET and HEAD are allowed`(method: String) async {
        for path in ["/metrics", "/healthz", "/readyz"] {
            let answer = await Self.pages().answer(Request(method, path))
            #expect(answer.status == 405)
            #expect(answer.fields["Allow"] == "GET, HEAD")
        }
        #expect(await Self.pages().answer(Request(method, "/other")).status == 404)
    }

    @Test func `a body is refused`() async {
        var request = Request("GET", "/metrics")
        request.hasBody = true
        #expect(await Self.pages().answer(request).status == 413)
    }

    @Test(arguments: ["/metrics", "/readyz", "/nothing", "/"])
    func `with a token, nothing is told without it`(path: String) async {
        let pages = Self.pages(token: Self.secret)
        for method in ["GET", "HEAD", "POST"] {
            var request = Request(method, path)
            #expect(await pages.answer(request).status == 401)
            #expect(
                await pages.answer(request).fields["WWW-Authenticate"] == "Bearer realm=\"weir\""
            )
            request.authorization = "Bearer " + Self.secret.reversed()
            #expect(await pages.answer(request).status == 401)
            #expect(
                await pages.answer(request).fields["WWW-Authenticate"]
                    == "Bearer realm=\"weir\", error=\"invalid_token\""
            )
            request.authorization = "Bearer \(Self.secret)"
            #expect(await pages.answer(request) == Self.pages().answer(Request(method, path)))
        }
    }

    @Test func `whether the process lives is told to everyone`() async {
        let answer = await Self.pages(token: Self.secret).answer(Request("GET", "/healthz"))
        #expect((answer.status, answer.body) == (200, "ok\n"))
    }

    /// The names that DNS rebinding cannot take; a browser always sends the one that it was given.
    @Test(arguments: [
        ("127.0.0.1", 200), ("127.0.0.1:8080", 200), ("localhost:8080", 200), ("LOCALHOST", 200),
        ("[::1]:8080", 200), ("[::1]", 200), ("console.example:80", 200), (nil, 200),
        ("evil.example", 403), ("evil.example:8080", 403), ("127.0.0.1.evil.example", 403),
        ("localhost.evil.example:80", 403), ("", 403), ("[::2]", 403), ("127.0.0.2", 403),
    ])
    func `without a token only names of this machine are answered`(host: String?, status: Int) async
    {
        for path in ["/metrics", "/healthz", "/readyz"] {
            var request = Request("GET", path)
            request.host = host
            #expect(await Self.pages().answer(request).status == status)
            request.authorization = "Bearer \(Self.secret)"
            #expect(await Self.pages(token: Self.secret).answer(request).status == 200)
        }
    }

    @Test func `an impediment steers nobody's terminal`() async {
        let hostile = FixedSubject(impediments: ["store \u{1B}[2J\u{7} is down"])
        let answer = await Self.pages(hostile).answer(Request("GET", "/readyz"))
        #expect(answer.body == "store \u{FFFD}[2J\u{FFFD} is down\n")
    }
}
