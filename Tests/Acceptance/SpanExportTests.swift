import Foundation
import TestSupport
import Testing

/// `weir trace --otlp` against a receiver that notes what it is sent.
@Suite struct SpanExportTests {
    private let folder: TestFolder

    init() throws {
        folder = try TestFolder()
    }

    private func run() async throws {
        let log = try folder.write(
            "shop.ndjson",
            ShopLog.line(id: "a", transaction: "t1", cents: 700)
        )
        let ran = try await folder.run([Program.storefront, "--input", log])
        try #require(ran.exitCode == 0, "\(ran.errors)")
    }

    private func trace(_ key: String, to url: String) async throws -> Ending {
        try await Program.run(["trace", key, "--otlp", url] + folder.storeOptions)
    }

    private static func receiver(_ status: String, _ body: String) throws -> CannedServer {
        let head = "HTTP/1.1 \(status)\r\ncontent-type: application/json\r\n"
        return try CannedServer(
            Array("\(head)content-length: \(body.utf8.count)\r\n\r\n\(body)".utf8)
        )
    }

    @Test func `the spans of a journey are posted once, to the path of the protocol`() async throws
    {
        try await run()
        let server = try Self.receiver("200 OK", "{}")
        defer { server.close() }
        let url = "http://127.0.0.1:\(server.port)"
        var bodies: [String] = []
        for address in [url, url + "/", url + "/v1/traces"] {
            let ending = try await trace("order=t1", to: address)
            #expect(ending.exitCode == 0, "\(ending.errors)")
            #expect(ending.output.contains("counted"))
            #expect(ending.errors.contains("3 spans of 1 event sent to \(url)/v1/traces"))
            let request = try #require(server.requests.last)
            #expect(request.hasPrefix("POST /v1/traces HTTP/1.1\r\n"), "\(request)")
            #expect(request.lowercased().contains("content-type: application/json"))
            bodies.append(String(request.split(separator: "\r\n\r\n", maxSplits: 1)[1]))
        }
        #expect(server.requests.count == 3)
        #expect(Set(bodies).count == 1)
        let names = [
            #""name":"send events""#, #""name":"process ingest""#, #""name":"process analytics""#,
        ]
        for name in names { #expect(bodies[0].contains(name), "\(bodies[0])") }
        let absent = try await trace("order=t2", to: url)
        #expect(absent.exitCode == 0)
        #expect(absent.errors.contains("no span is sent"), "\(absent.errors)")
        #expect(server.requests.count == 3)
    }

    @Test(arguments: [
        (
            "200 OK", #"{"partialSuccess":{"rejectedSpans":"2","errorMessage":"too old"}}"#, 1,
            "2 were rejected: too old"
        ),
        (
            "200 OK", #"{"partialSuccess":{"rejectedSpans":"0","errorMessage":"old path"}}"#, 0,
            "0 were rejected: old path"
        ),
        ("200 OK", "<html></html>", 69, "is no receiver of OTLP/HTTP"),
        ("302 Found", "", 69, "status 302"),
        ("400 Bad Request", "bad kind", 69, "status 400, bad kind"),
        ("503 Service Unavailable", "", 69, "status 503"),
    ])
    func `what a receiver refuses is told`(
        status: String,
        body: String,
        exit: Int32,
        words: String
    ) async throws {
        try await run()
        let server = try Self.receiver(status, body)
        defer { server.close() }
        let ending = try await trace("order=t1", to: "127.0.0.1:\(server.port)")
        #expect(ending.exitCode == exit)
        #expect(ending.errors.contains(words), "\(ending.errors)")
        // The answer itself is told all the same.
        #expect(ending.output.contains("counted"))
    }

    @Test func `a receiver that is not there ends with 69, and no address with 64`() async throws {
        try await run()
        let port = RawConnection.freePort()
        let ending = try await trace("order=t1", to: "http://127.0.0.1:\(port)")
        #expect(ending.exitCode == 69)
        #expect(ending.errors.contains("nothing answers"), "\(ending.errors)")
        let wrong = try await trace("order=t1", to: "http://u:secret@x:1")
        #expect(wrong.exitCode == 64)
        #expect(!wrong.errors.contains("secret"), "\(wrong.errors)")
    }
}
