import Foundation
import Subprocess
import TestSupport
import Testing

extension Timed {
    /// `weir track`, as scripts use it.
    @Suite(.serialized, .timeLimit(.minutes(10)))
    struct TrackTests {
        private static let pipeline =
            Program.packageRoot.appending(path: "pipelines/collector.yaml").path

        private let folder: TestFolder
        private let port = RawConnection.freePort()

        init() throws {
            folder = try TestFolder()
        }

        private var url: String { "http://127.0.0.1:\(port)" }

        private func track(
            _ arguments: [String],
            environment: [String: String] = [:]
        ) async throws -> Ending {
            try await Program.run(
                ["track"] + arguments,
                environment: ["SERVICE": "till", "STAGE": "test"].merging(environment) { $1 }
            )
        }

        @Test func `an event is in the raw store once the command has ended well`() async throws {
            let ending = try await Program.run(
                ["run", Self.pipeline, "--collect", "127.0.0.1:\(port)"] + folder.storeOptions,
                in: folder
            ) { running in
                // The collector comes up while the first command is waiting.
                let sent = try await track(
                    [
                        "search", "search_term=shoes", "user_id=u1", "--url", url, "--patience",
                        "60s",
                    ]
                )
                #expect(sent.exitCode == 0, "\(sent.errors)")
                #expect(sent.output.count == 37)
                let named = try await track(
                    ["search", "search_term=hats"],
                    environment: ["WEIR_COLLECTOR_URL": url]
                )
                #expect(named.exitCode == 0, "\(named.errors)")
                let refused = try await track(["purchase", "value=\u{1}", "--url", url])
                #expect(refused.exitCode == 65)
                #expect(refused.errors.contains("the event was refused: status 400"))
                try running.send(.interrupt)
            }
            #expect(ending.exitCode == 130, "\(ending.errors)")
            let mine = "FROM events WHERE source = '/till/test'"
            #expect(try folder.raw.number("SELECT count(*) \(mine)") == 2)
        }

        @Test func `a collector that is not there is named`() async throws {
            let ending = try await track(["search", "--url", url, "--patience", "300ms"])
            #expect(ending.exitCode == 69)
            #expect(ending.output == "")
            #expect(ending.errors.contains("\(url): nothing answers"), "\(ending.errors)")
        }

        @Test func `a file of a key that is not there is named`() async throws {
            let ending = try await track(["search", "--url", url, "--key-file", "nowhere"])
            #expect(ending.exitCode == 66)
        }

        @Test(arguments: [
            ["search", "query"], ["search", "=shoes"], ["search", "a=1", "a=2"], ["a=1"], [],
            ["search", "--url", "ftp://nowhere"], ["search", "--patience", "soon"],
        ])
        func `a wrong command is refused`(arguments: [String]) async throws {
            #expect(try await track(arguments).exitCode == 64)
        }
    }
}
