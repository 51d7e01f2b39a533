import Console
import Foundation
import HTTPServing
import Logging
import Prometheus
import TestSupport
import Testing
import Timekeeping

@Suite(.serialized, .timeLimit(.minutes(20)))
struct ConsoleServerTests {
    private static let get = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"

    @Test func `metrics come over HTTP, again and again on one connection`() async throws {
        try await withConsole { port in
            let connection = try RawConnection(port: port)
            for _ in 0..<3 {
                let answer = try #require(connection.ask(Self.get))
                #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
                #expect(answer.contains("Content-Type: text/plain; version=0.0.4; charset=utf-8"))
                #expect(answer.hasSuffix("sent_messages_total{topic=\"events\"} 7\n"))
            }
        }
    }

    @Test func `the head of an answer is that of the whole, without a body`() async throws {
        try await withConsole { port in
            let connection = try RawConnection(port: port)
            let whole = try #require(connection.ask(Self.get))
            let head = try #require(
                connection.ask("HEAD /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
            )
            #expect(head.hasSuffix("\r\n\r\n"))
            let lines = { (text: String) in
                text.components(separatedBy: "\r\n\r\n")[0].split(separator: "\r\n")
                    .filter { !$0.hasPrefix("Date:") }
            }
            #expect(lines(head) == lines(whole))
            // Nothing of a body came after it.
            let next = try #require(
                connection.ask("GET /healthz HTTP/1.1\r\nHost: [::1]:80\r\n\r\n")
            )
            #expect(next.hasPrefix("HTTP/1.1 200 OK"))
        }
    }

    @Test(arguments: [
        ("GET /nowhere?x=/metrics HTTP/1.1", 404), ("POST /metrics HTTP/1.1", 405),
        ("GET /metrics?query=none HTTP/1.1", 200), ("GET /readyz HTTP/1.0", 200),
        ("GET http://elsewhere/metrics HTTP/1.1", 200), ("DELETE /healthz HTTP/1.1", 405),
    ])
    func `requests are answered by path and method`(line: String, status: Int) async throws {
        try await withConsole { port in
            let connection = try RawConnection(port: port)
            let answer = try #require(connection.ask("\(line)\r\nHost: localhost\r\n\r\n"))
            #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer)")
        }
    }

    @Test(arguments: [
        "nonsense\r\n\r\n", "GET /metrics\r\n\r\n", "GET /metrics HTTP/9.9\r\n\r\n",
        "GET /metrics HTTP/1.1\r\nHost: localhost\r\nbad header\r\n\r\n", "\u{0}\u{1}\u{2}\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ])
    func `what is not HTTP is refused, and the connection closed`(text: String) async throws {
        var limits = ServerLimits()
        limits.exchange = .milliseconds(500)
        try await withConsole(limits: limits) { port in
            let connection = try RawConnection(port: port)
            connection.send(text)
            let answer = try #require(connection.receive(), "the connection stays open")
            #expect(!answer.contains("200 OK"))
            // Others are served as before.
            #expect(try RawConnection(port: port).ask(Self.get)?.contains("200 OK") == true)
        }
    }

    @Test(arguments: [
        "X-Large: \(String(repeating: "a", count: 9 << 10))\r\n",
        (0..<65).map { "X-\($0): a\r\n" }.joined(),
        (0..<5).map { "X-\($0): \(String(repeating: "a", count: 4000))\r\n" }.joined(),
    ])
    func `headers beyond the limits are refused`(fields: String) async throws {
        var limits = ServerLimits()
        limits.exchange = .milliseconds(500)
        try await withConsole(limits: limits) { port in
            let connection = try RawConnection(port: port)
            connection.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\(fields)\r\n")
            let answer = try #require(connection.receive())
            #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request") || answer.isEmpty, "\(answer)")
        }
    }

    @Test(arguments: [
        "GET /\(String(repeating: "a", count: 1 << 20)) HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000000\r\n\r\n"
            + String(repeating: "a", count: 10_000_000),
        "GET /metrics HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
            + String(repeating: "1000\r\n\(String(repeating: "a", count: 4096))\r\n", count: 1000),
    ])
    func `a request beyond the limit is cut off`(request: String) async throws {
        try await withConsole { port in
            let connection = try RawConnection(port: port)
            connection.send(request)
            let answer = try #require(connection.receive(), "the connection stays open")
            #expect(!answer.contains("200 OK"))
            #expect(try RawConnection(port: port).ask(Self.get)?.contains("200 OK") == true)
        }
    }

    @Test(arguments: [
        "", "G", "GET /metrics HTTP/1.1\r\nHost: loc",
        "POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc",
    ])
    func `who does not come to an end is cut off`(beginning: String) async throws {
        var limits = ServerLimits()
        limits.exchange = .milliseconds(300)
        try await withConsole(limits: limits) { port in
            let connection = try RawConnection(port: port)
            connection.send(beginning)
            let answer = try #require(connection.receive(), "the connection stays open")
            #expect(!answer.contains("200 OK"))
        }
    }

    @Test func `who does not take the answer is cut off`() async throws {
        var limits = ServerLimits()
        // Long enough for the page to be written in a debug build.
        limits.exchange = .seconds(3)
        limits.connections = 1
        var family = FixedSubject.family
        family.samples = (0..<200_000).map { .init([.init("n", "\($0)")], .integer(1)) }
        try await withConsole(FixedSubject([family]), limits: limits) { port in
            // More than the system buffers between the two.
            let deaf = try RawConnection(port: port)
            deaf.send(String(repeating: Self.get, count: 4))
            // There is one place, which this one gets once the other has lost it.
            let next = try RawConnection(port: port)
            let answer = next.ask("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            #expect(answer?.contains("200 OK") == true)
        }
    }

    @Test func `more connections than the limit wait, and are served in the end`() async throws {
        var limits = ServerLimits()
        limits.connections = 4
        limits.exchange = .milliseconds(300)
        try await withConsole(limits: limits) { port in
            let silent = try (0..<60).map { _ in try RawConnection(port: port) }
            let last = try RawConnection(port: port)
            #expect(last.ask(Self.get)?.contains("200 OK") == true)
            #expect(silent.count == 60)
        }
    }

    @Test func `a busy port is told about`() async throws {
        try await withConsole { port in
            let second = try ConsoleServer(
                ListenAddress(host: "127.0.0.1", port: port),
                token: nil,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
            let error = await #expect(throws: ListenError.self) {
                try await second.run(FixedSubject(), until: .init()) { _ in }
            }
            #expect(error?.code == .unavailable)
            #expect(
                error?.description
                    == "another program listens on 127.0.0.1:\(port); end it, or name another port"
            )
        }
    }

    @Test(arguments: ["0.0.0.0:0", "[::]:0", "example.com:80", "127.1:80"])
    func `an address that others reach needs a token`(text: String) throws {
        let address = try #require(ListenAddress(text))
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let error = #expect(throws: ListenError.self) {
            try ConsoleServer(address, token: nil, logger: logger)
        }
        #expect(error?.code == .needsToken)
        let token = try #require(BearerToken("a-token-of-some-length"))
        _ = try ConsoleServer(address, token: token, logger: logger)
    }

    @Test func `the end closes connections that ask for nothing`() async throws {
        let connection = try await withConsole { port in
            let connection = try RawConnection(port: port)
            #expect(connection.ask(Self.get)?.contains("200 OK") == true)
            return connection
        }
        #expect(connection.receive() == "")
    }
}
