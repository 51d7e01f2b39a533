import Foundation
import FoundationNetworking
import Glibc
import Subprocess
import Testing

/// A Prometheus of one test's own, on a free port of 127.0.0.1.
struct PrometheusServer {
    static let skipped: Comment = "prometheus and promtool are not installed"
    static let isInstalled = ["prometheus", "promtool"].allSatisfy {
        FileManager.default.isExecutableFile(atPath: "/usr/bin/\($0)")
    }

    /// What a query came to that is not a number.
    struct Refused: Error {
        var answer: String
    }

    let port: UInt16

    /// Fills `folder` with the samples of an OpenMetrics file.
    static func backfill(_ file: String, into folder: String) async throws {
        let result = try await Subprocess.run(
            .name("promtool"),
            arguments: ["tsdb", "create-blocks-from", "openmetrics", file, folder],
            output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20)
        )
        #expect(result.terminationStatus.isSuccess, "\(result.standardError)")
    }

    /// Serves what is in `data` while `body` asks, and ends.
    static func serving(
        _ data: String,
        configuration: String = "{}",
        _ body: (PrometheusServer) async throws -> Void
    ) async throws {
        let file = "\(data)/prometheus.yml"
        try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
        try configuration.write(toFile: file, atomically: true, encoding: .utf8)
        let server = PrometheusServer(port: try freePort())
        let result = try await Subprocess.run(
            .name("prometheus"),
            arguments: [
                "--config.file=\(file)", "--storage.tsdb.path=\(data)",
                "--storage.tsdb.retention.time=100y",
                "--web.listen-address=127.0.0.1:\(server.port)",
            ],
            input: .none,
            output: .discarded,
            error: .bytes(limit: 16 << 20)
        ) { execution in
            defer { try? execution.send(signal: .terminate) }
            try await server.isReady()
            try await body(server)
        }
        #expect(result.terminationStatus.isSuccess)
    }

    /// What `path` answers.
    func get(_ path: String, _ query: [String: String] = [:]) async throws -> Data {
        var address = URLComponents()
        (address.scheme, address.host, address.port) = ("http", "127.0.0.1", Int(port))
        address.path = path
        // order-free: the order of a query's parts has no meaning.
        address.queryItems = query.map { URLQueryItem(name: $0.key, value: $0.value) }
        // What URLComponents leaves as it is, a server reads as a space.
        address.percentEncodedQuery = address.percentEncodedQuery?
            .replacingOccurrences(of: "+", with: "%2B")
        let (body, _) = try await URLSession.shared.data(from: try #require(address.url))
        return body
    }

    /// The one number that `expression` has at `instant`, in seconds since 1970; nil where
    /// Prometheus has none.
    func value(of expression: String, at instant: Double) async throws -> Double? {
        struct Answer: Decodable {
            struct Series: Decodable {
                let value: [Value]
            }
            struct Result: Decodable {
                let result: [Series]
            }
            enum Value: Decodable {
                case instant(Double)
                case text(String)

                init(from decoder: any Decoder) throws {
                    let container = try decoder.singleValueContainer()
                    if let instant = try? container.decode(Double.self) {
                        self = .instant(instant)
                    } else {
                        self = .text(try container.decode(String.self))
                    }
                }
            }
            let data: Result
        }
        let body = try await get(
            "/api/v1/query",
            ["query": expression, "time": String(instant)]
        )
        guard let answer = try? JSONDecoder().decode(Answer.self, from: body) else {
            throw Refused(answer: String(decoding: body, as: UTF8.self))
        }
        #expect(answer.data.result.count <= 1, "more than one series: \(expression)")
        guard case .text(let text)? = answer.data.result.first?.value.last else { return nil }
        guard let number = Double(text) else { throw Refused(answer: text) }
        return number
    }

    /// Returns when it answers; bounded by the time limit of the test.
    private func isReady() async throws {
        for _ in 0..<600 {
            if let body = try? await get("/-/ready"),
                String(decoding: body, as: UTF8.self).contains("Ready")
            {
                return
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw Refused(answer: "Prometheus was not ready within a minute")
    }

    /// A port that nobody listens on.
    ///
    /// Another may take it before it is used; Prometheus ends then, and the test fails.
    private static func freePort() throws -> UInt16 {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutableBytes(of: &address) { bytes in
            guard let start = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else {
                return false
            }
            return bind(socket, start, length) == 0 && getsockname(socket, start, &length) == 0
        }
        try #require(isBound)
        return UInt16(bigEndian: address.sin_port)
    }
}
