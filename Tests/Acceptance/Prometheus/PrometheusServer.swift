import Foundation
import Subprocess
import TestSupport
import Testing

/// A Prometheus of one test's own, on a free port of 127.0.0.1.
struct PrometheusServer {
    static let skipped: Comment = "prometheus and promtool are not installed"
    static let isInstalled = ["prometheus", "promtool"].allSatisfy {
        FileManager.default.isExecutableFile(atPath: "/usr/bin/\($0)")
    }

    /// It gave no answer that could be read.
    struct Silent: Error {
        var saying: String
    }

    let port: Int

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

    /// Starts one that scrapes an address each second, lets `body` ask it, and ends it.
    static func scraping(
        port: Int,
        in folder: TestFolder,
        _ body: (PrometheusServer) async throws -> Void
    ) async throws {
        let configuration = """
            global: {scrape_interval: 1s}
            scrape_configs:
              - job_name: weir
                honor_labels: true
                static_configs: [{targets: ["127.0.0.1:\(port)"]}]
            """
        try await serving(folder.path("prometheus"), configuration: configuration, body)
    }

    /// Starts one that has what lies in the folder `data`, lets `body` ask it, and ends it.
    static func serving(
        _ data: String,
        configuration: String = "{}",
        _ body: (PrometheusServer) async throws -> Void
    ) async throws {
        let file = "\(data)/prometheus.yml"
        try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
        try configuration.write(toFile: file, atomically: true, encoding: .utf8)
        let server = PrometheusServer(port: RawConnection.freePort())
        let arguments = [
            "--config.file=\(file)", "--storage.tsdb.path=\(data)", "--log.level=warn",
            "--storage.tsdb.retention.time=100y",
            "--web.listen-address=127.0.0.1:\(server.port)",
        ]
        var isDone = false
        let ending = try await Program.run(arguments, through: "prometheus") { program in
            do {
                try await server.wait { server.text("/-/ready") != nil }
                try await body(server)
                isDone = true
            } catch {
                try program.send(.terminate)
                throw error
            }
            try program.send(.terminate)
        }
        guard isDone else { throw Silent(saying: ending.errors) }
    }

    /// What it tells at `path`, or nil while it does not answer.
    func text(_ path: String) -> String? {
        guard let connection = try? RawConnection(port: port),
            connection.send("GET \(path) HTTP/1.0\r\nHost: here\r\n\r\n"),
            let answer = connection.receive(), answer.contains(" 200 OK"),
            let head = answer.firstRange(of: "\r\n\r\n")
        else { return nil }
        return String(answer[head.upperBound...])
    }

    private func data(_ path: String) throws -> [String: Any] {
        guard let text = text(path),
            let json = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any],
            let data = json["data"] as? [String: Any]
        else { throw Silent(saying: text(path) ?? "") }
        return data
    }

    /// The health and the last error of each target.
    func targets() throws -> [(health: String, lastError: String)] {
        let targets = try data("/api/v1/targets")["activeTargets"] as? [[String: Any]] ?? []
        return targets.map {
            ($0["health"] as? String ?? "", $0["lastError"] as? String ?? "no word")
        }
    }

    /// The samples that `query` gives now, or at an instant in seconds since 1970, by the value of
    /// `label`.
    func samples(
        _ query: String,
        by label: String = "",
        at instant: Int? = nil
    ) throws -> [String: Double] {
        let text = query.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        let time = instant.map { "&time=\($0)" } ?? ""
        let path = "/api/v1/query?query=\(text)\(time)"
        let result = try data(path)["result"] as? [[String: Any]] ?? []
        var samples: [String: Double] = [:]
        for sample in result {
            let metric = sample["metric"] as? [String: String] ?? [:]
            let value = (sample["value"] as? [Any])?.last as? String
            samples[metric[label] ?? ""] = value.flatMap { Double($0) }
        }
        return samples
    }

    /// The one number that `query` has at an instant; nil where it has none.
    func value(of query: String, at instant: Int) throws -> Double? {
        try samples(query, at: instant).first?.value
    }

    /// Asks again and again until `isTrue`; the test's time limit bounds it.
    func wait(until isTrue: () throws -> Bool) async throws {
        while (try? isTrue()) != true {
            try await ContinuousClock().sleep(for: .milliseconds(200))
        }
    }
}
