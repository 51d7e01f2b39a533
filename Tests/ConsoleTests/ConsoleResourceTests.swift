import Console
import HTTPServing
import Logging
import Prometheus
import TestSupport
import Testing
import Timekeeping

/// Paths that a subject answers itself.
@Suite(.timeLimit(.minutes(20)))
struct ConsoleResourceTests {
    typealias Request = ConsolePages.Request

    private struct Subject: ConsoleSubject {
        var families: [MetricFamily] { [] }
        var impediments: [String] { [] }
        let changes = Locked(0)
        let begun = Signal()
        let finish = Signal()

        var resources: [ConsoleResource] {
            [
                ConsoleResource("/api/v1/echo") { fields in
                    ConsoleAnswer(
                        fields.map { "\($0.name)=\($0.value)" }.joined(separator: ";"),
                        contentType: "application/json; charset=utf-8"
                    )
                },
                ConsoleResource("/api/v1/change", isChange: true) { [changes] _ in
                    changes.change { $0 += 1 }
                    return ConsoleAnswer(200, "changed")
                },
                ConsoleResource("/api/v1/slow") { [begun, finish] _ in
                    begun.raise()
                    try? await finish.wait(since: 0)
                    return ConsoleAnswer(200, "at last")
                },
            ]
        }
    }

    private let subject = Subject()

    private func pages(token: String? = nil) -> ConsolePages {
        ConsolePages(
            subject,
            token: token.flatMap { BearerToken($0) },
            timeline: RealTimeline(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    private func get(_ path: String, _ query: String = "") -> Request {
        var request = Request("GET", path)
        request.query = query
        return request
    }

    @Test func `the fields of a query are read as forms write them`() async {
        let answer = await pages().answer(get("/api/v1/echo", "order=o-1&b=a%20b+c&c=%C3%A9%26&d"))
        #expect(answer.status == 200)
        #expect(answer.body == "order=o-1;b=a b c;c=é&;d=")
        for wrong in ["a=%", "a=%2", "a=%zz", "a=%FF", "%c3=1", "a=%+1"] {
            #expect(await pages().answer(get("/api/v1/echo", wrong)).status == 400, "\(wrong)")
        }
    }

    @Test func `each path has its methods, and is named where there is none`() async {
        let get = await pages().answer(Request("GET", "/api/v1/change"))
        #expect(get.status == 405)
        #expect(get.fields["Allow"] == "POST")
        #expect(await pages().answer(Request("POST", "/api/v1/echo")).status == 405)
        #expect(await pages().answer(Request("HEAD", "/api/v1/echo")).status == 200)
        let other = await pages().answer(Request("GET", "/api/v1/other"))
        #expect(other.status == 404)
        #expect(other.body.contains("/api/v1/change"))
        var body = Request("POST", "/api/v1/change")
        body.hasBody = true
        #expect(await pages().answer(body).status == 413)
        #expect(subject.changes.value == 0)
    }

    @Test func `a resource asks for the token, and for a host of this machine`() async {
        let guarded = pages(token: "a-token-for-this-test")
        #expect(await guarded.answer(get("/api/v1/echo")).status == 401)
        var foreign = get("/api/v1/echo")
        foreign.host = "evil.example"
        #expect(await pages().answer(foreign).status == 403)
    }

    @Test(arguments: [
        (nil, nil, 200), ("http://localhost:8080", nil, 200),
        ("http://LOCALHOST:8080", "same-origin", 200), (nil, "none", 200),
        ("http://evil.example", nil, 403), ("null", nil, 403), ("http://localhost:80", nil, 403),
        ("https://localhost:8080", nil, 403), (nil, "cross-site", 403),
        (nil, "same-site", 403), ("http://localhost:8080", "cross-site", 403),
    ])
    func `a page of another origin changes nothing`(
        origin: String?,
        site: String?,
        status: Int
    ) async {
        for token in [nil, "a-token-for-this-test"] {
            var request = Request("POST", "/api/v1/change")
            request.host = "localhost:8080"
            request.origin = origin
            request.fetchSite = site
            request.authorization = token.map { "Bearer \($0)" }
            #expect(await pages(token: token).answer(request).status == status)
        }
        #expect(subject.changes.value == (status == 200 ? 2 : 0))
    }

    @Test func `more questions than are answered at a time are told to come again`() async {
        let pages = pages()
        let statuses = await withTaskGroup { group in
            for _ in 0..<6 {
                group.addTask { await pages.answer(get("/api/v1/slow")).status }
            }
            var statuses: [Int] = []
            for await status in group {
                statuses.append(status)
                // The others hold their places until two were sent away.
                if statuses.count == 2 { subject.finish.raise() }
            }
            return statuses
        }
        #expect(statuses.prefix(2) == [503, 503])
        #expect(statuses.dropFirst(2) == [200, 200, 200, 200])
        #expect(await pages.answer(get("/api/v1/slow")).status == 200)
    }
}
