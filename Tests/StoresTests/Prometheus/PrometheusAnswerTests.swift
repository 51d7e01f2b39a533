import Prometheus
import PrometheusStores
import SLO
import TestSupport
import Testing
import Timekeeping

/// What is made of whatever answers where a Prometheus should.
@Suite struct PrometheusAnswerTests {
    struct Odd: CustomTestStringConvertible {
        var title: String
        var status = "200 OK"
        var body: String
        var code = PrometheusError.Code.unavailable
        var fragment = "what answers is not a Prometheus"

        var testDescription: String { title }

        var bytes: [UInt8] {
            Array("HTTP/1.1 \(status)\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)".utf8)
        }
    }

    private static func success(_ type: String, _ result: String) -> String {
        "{\"status\":\"success\",\"data\":{\"resultType\":\"\(type)\",\"result\":\(result)}}"
    }

    private static func ask(_ bytes: [UInt8]) async throws -> [QueriedSeries] {
        let canned = try CannedServer(bytes)
        defer { canned.close() }
        let server = try #require(PrometheusServer(url: "http://127.0.0.1:\(canned.port)"))
        var all: [QueriedSeries] = []
        try await server.series(
            of: "up",
            in: Timestamp(seconds: 0)...Timestamp(seconds: 60),
            step: .seconds(60)
        ) { all += $0 }
        return all
    }

    static let odd = [
        Odd(title: "nothing", body: ""),
        Odd(title: "a page", body: "<html>It works!</html>"),
        Odd(title: "half of an answer", body: "{\"status\":\"success\",\"data\":{\"res"),
        Odd(title: "JSON of something else", body: "{\"hits\": []}"),
        Odd(title: "a vector", body: success("vector", "[]")),
        Odd(
            title: "an instant that no calendar has",
            body: success("matrix", "[{\"values\":[[1e300,\"1\"]]}]")
        ),
        Odd(title: "a value without quotes", body: success("matrix", "[{\"values\":[[60,1]]}]")),
        Odd(
            title: "more than an answer has",
            body: String(repeating: " ", count: 17 << 20),
            code: .wrongQuery,
            fragment: "more than 16 MiB; expected fewer series"
        ),
        Odd(title: "no time", status: "503 Busy", body: "", fragment: "answered with status 503"),
        Odd(title: "elsewhere", status: "302 Found", body: "", fragment: "with status 302"),
        Odd(title: "no entrance", status: "401 No", body: "", fragment: "the login is refused"),
        Odd(
            title: "a question that is wrong",
            status: "400 Bad",
            body: "{\"status\":\"error\",\"error\":\"parse error\\u001b[31m\\nat 1\"}",
            code: .wrongQuery,
            fragment: "refuses the query: parse error[31m at 1"
        ),
    ]

    @Test(arguments: odd)
    func `an odd answer is an error that says what it is`(odd: Odd) async throws {
        let error = await #expect(throws: PrometheusError.self) {
            try await Self.ask(odd.bytes)
        }
        #expect(error?.code == odd.code)
        #expect(error?.description.contains(odd.fragment) == true, "\(error?.description ?? "")")
    }

    @Test func `a line that is closed without an answer is an error`() async throws {
        let error = await #expect(throws: PrometheusError.self) { try await Self.ask([]) }
        #expect(error?.code == .unavailable)
    }

    @Test func `values come as they were written, none is nothing`() async throws {
        let body = Self.success("matrix", "[{\"values\":[[0,\"NaN\"],[60,\"0.1\"]]}]")
        let series = try #require(try await Self.ask(Odd(title: "", body: body).bytes).first)
        #expect(series.samples.map(\.value) == ["NaN", "0.1"])
        #expect(series.samples.map(\.instant) == [.init(seconds: 0), .init(seconds: 60)])
        let empty = Odd(title: "", body: Self.success("matrix", "[]")).bytes
        #expect(try await Self.ask(empty).isEmpty)
    }

    @Test func `series are told apart by their labels`() async throws {
        let body = Self.success(
            "matrix",
            """
            [{"metric":{"pod":"a"},"values":[[60,"1"]]},{"metric":{"pod":"b"},"values":[[60,"2"]]}]
            """
        )
        let all = try await Self.ask(Odd(title: "", body: body).bytes)
        #expect(all.map(\.labels) == [["pod": "a"], ["pod": "b"]])
        #expect(all.map { $0.samples.map(\.value) } == [["1"], ["2"]])
    }
}
