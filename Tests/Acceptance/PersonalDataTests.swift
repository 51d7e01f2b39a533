import Foundation
import Subprocess
import TestSupport
import Testing

extension Timed {
    /// What a rule hides is nowhere: not in a store, a log, a report, a metric or a dead letter.
    @Suite(.serialized, .timeLimit(.minutes(5)))
    struct PersonalDataTests {
        /// In every value that a rule hides, and in nothing else.
        private static let mark = "MARKED7c1"
        /// In values that no rule hides, so that the search is known to find what is there.
        private static let plain = "PLAIN7c1"

        private let folder: TestFolder
        private let port = RawConnection.freePort()
        private let console = RawConnection.freePort()

        init() throws {
            folder = try TestFolder()
        }

        /// The shipped pipeline with rules; `user_id` is hashed and all else dropped or cut.
        private func pipeline() throws -> String {
            let shipped = Program.packageRoot.appending(path: "pipelines/collector.yaml")
            let text = try String(contentsOf: shipped, encoding: .utf8)
            let rules = """
                      conform:
                        personalData:
                          - {field: email, rule: drop}
                          - {field: user_id, rule: hash}
                          - {field: ip, rule: truncate}
                          - {field: phone, rule: truncate, keep: 2}
                          - {field: data.contact.name, rule: drop}
                          - {field: subject, rule: drop}
                        secret: {env: WEIR_DIGEST_SECRET}

                """
            let place = "      # Without sources only this machine"
            let own = text.replacing(place, with: rules + place)
                .replacing("query: string", with: "query: string, age: integer")
                .replacing("  objectives: [../slo/storefront]", with: "  # no objectives")
            try #require(own != text)
            let path = folder.path("pipeline.yaml")
            try own.write(toFile: path, atomically: true, encoding: .utf8)
            return path
        }

        private func post(_ path: String, _ body: String, _ type: String) -> String {
            let answer = (try? RawConnection(port: port))?.ask(
                "POST \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                    + "Content-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
            )
            return answer.map { String($0.dropFirst(9).prefix(3)) } ?? "none"
        }

        /// What the console answers; empty where nobody does.
        private func ask(_ path: String) -> String {
            let request = "GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            return (try? RawConnection(port: console))?.ask(request) ?? ""
        }

        /// Members that rules hide, whatever protocol they come in.
        private static let hidden =
            #""email":"\#(mark)@example.com","ip":"\#(mark)","phone":"+4\#(mark)","#
            + #""contact":{"name":"\#(mark)","city":"\#(plain)"}"#

        /// Requests in every protocol, some of which cannot be brought into form, each with what it
        /// is answered.
        private static let requests: [(path: String, type: String, body: String, status: String)] =
            {
                let json = "application/json"
                let event = "application/cloudevents+json"
                let head = #""specversion":"1.0","source":"/web","time":"2026-11-30T12:00:00Z""#
                let own = #""user_id":"\#(mark)",\#(hidden)"#
                return [
                    (
                        "/events", event,
                        #"{\#(head),"id":"c1","type":"search_made","subject":"\#(mark)","#
                            + #""data":{"query":"\#(plain)",\#(own)}}"#, "202"
                    ),
                    // A declared parameter of another type, which is hidden before it is looked at.
                    (
                        "/events", event,
                        #"{\#(head),"id":"c2","type":"search_made","data":"#
                            + #"{"age":"\#(mark)"}}"#, "400"
                    ),
                    ("/events", json, "{\(mark)", "400"),
                    (
                        "/track", json,
                        #"{"event":"search","userId":"\#(mark)","properties":{\#(hidden)}}"#, "202"
                    ),
                    ("/track", json, #"{"event":"search","\#(mark)":1}"#, "400"),
                    (
                        "/v1/batch", json,
                        #"{"batch":[{"type":"track","event":"Products Searched","#
                            + #""userId":"\#(mark)","#
                            + #""messageId":"s1","properties":{\#(hidden)}},"#
                            + #"{"type":"track","event":"Product Viewed","messageId":"s2","#
                            + #""timestamp":"\#(plain)","userId":"u","properties":{\#(own)}},"#
                            + #"{"type":"track","event":"Product Viewed","messageId":"s3","#
                            + #""properties":{\#(own)}}]}"#, "200"
                    ),
                    (
                        "/mp/collect?measurement_id=G-1&api_secret=x", json,
                        #"{"client_id":"c","user_id":"\#(mark)","events":[{"name":"search","#
                            + #""params":{\#(hidden)}},{"name":"9bad","params":{\#(own)}},"#
                            + #"{"name":"purchase","params":{"currency":"\#(plain)",\#(own)}}]}"#,
                        "204"
                    ),
                    ("/mp/collect?measurement_id=G-1&api_secret=x", json, "{\(mark)", "400"),
                ]
            }()

        @Test func `what a rule hides is in no store, log, report, metric or dead letter`()
            async throws
        {
            let arguments = [
                "run", try pipeline(), "--collect", "127.0.0.1:\(port)", "--serve",
                "127.0.0.1:\(console)", "--log-level", "debug", "--report",
                folder.path("report.html"),
                "--report", folder.path("report.md"), "--format", "json",
            ]
            var answers: [String] = []
            let ending = try await Program.run(
                arguments + folder.storeOptions,
                environment: ["WEIR_DIGEST_SECRET": "0123456789abcdef-not-to-be-told"],
                in: folder
            ) { running in
                for _ in 0..<1000 where (try? RawConnection(port: port)) == nil {
                    try await ContinuousClock().sleep(for: .milliseconds(20))
                }
                for request in Self.requests {
                    let status = post(request.path, request.body, request.type)
                    #expect(status == request.status, "\(request.path) \(request.body)")
                }
                try await ContinuousClock().sleep(for: .milliseconds(500))
                answers += ["/metrics", "/api/v1/subscriptions"].map(ask)
                try running.send(.interrupt)
                // The last figures are served until somebody has asked for them.
                for _ in 0..<100 where !ask("/metrics").isEmpty {
                    try await ContinuousClock().sleep(for: .milliseconds(50))
                }
            }
            #expect(ending.exitCode == 130, "\(ending.errors)")
            answers += [ending.output, ending.errors]
            let stores = [
                "WEIR_RAW_URL": folder.storeOptions[1],
                "WEIR_WAREHOUSE_URL": folder.storeOptions[3],
            ]
            for arguments in [
                ["dead-letters", "list"], ["dead-letters", "show", "source=/ga4/G-1"],
                ["events", "find", "id=c1"], ["logs", "stage=dead-letters"],
            ] {
                let told = try await Program.run(arguments, environment: stores, in: folder)
                #expect(told.exitCode == 0, "\(told.errors)")
                answers += [told.output, told.errors]
            }
            for answer in answers {
                let isTold = answer.contains(Self.mark)
                #expect(!isTold, "\(answer)")
            }
            // The texts that stay are there: of sound events, and of three dead letters.
            let (all, plain) = try folder.files(with: Self.plain)
            #expect(plain.contains { $0.contains("raw") } && plain.contains { $0.contains("ware") })
            #expect(try folder.files(with: Self.mark).found == [], "\(all)")
            #expect(
                try folder.warehouse.number(
                    "SELECT count(*) FROM dead_letters WHERE subscription = 'ingest'"
                ) == 4
            )
        }
    }
}

extension TestFolder {
    /// All files of the folder, and those of them that hold `text`.
    fileprivate func files(with text: String) throws -> (all: [String], found: [String]) {
        let paths = try FileManager.default.subpathsOfDirectory(atPath: path("."))
        let files = paths.filter { name in
            var isFolder: ObjCBool = false
            let exists = FileManager.default.fileExists(atPath: path(name), isDirectory: &isFolder)
            return exists && !isFolder.boolValue
        }
        let needle = Data(text.utf8)
        let found = files.filter { name in
            FileManager.default.contents(atPath: path(name))?.range(of: needle) != nil
        }
        return (files.sorted(), found.sorted())
    }
}
