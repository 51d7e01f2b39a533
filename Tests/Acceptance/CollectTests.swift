import Foundation
import Subprocess
import TestSupport
import Testing

extension Timed {
    /// `weir run … --collect`, as clients see it.
    @Suite(.serialized, .timeLimit(.minutes(20)))
    struct CollectTests {
        private static let pipeline =
            Program.packageRoot.appending(path: "pipelines/collector.yaml").path
        private static let count = 10_000
        private static let perRequest = 50

        private let folder: TestFolder
        private let port = RawConnection.freePort()

        init() throws {
            folder = try TestFolder()
        }

        private func run(
            _ arguments: [String] = [],
            pipeline: String = Self.pipeline,
            while body: (Running) async throws -> Void
        ) async throws -> Ending {
            let all = ["run", pipeline, "--collect", "127.0.0.1:\(port)", "--format", "json"]
            return try await Program.run(
                all + folder.storeOptions + arguments,
                in: folder,
                while: body
            )
        }

        /// What a POST is answered; nil where nobody answers.
        private func post(
            _ path: String,
            _ body: String,
            _ fields: String = "Content-Type: application/json\r\n"
        ) -> String? {
            (try? RawConnection(port: port))?.ask(
                "POST \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\(fields)"
                    + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
            )
        }

        private func isTaken(_ answer: String?) -> Bool {
            answer?.hasPrefix("HTTP/1.1 202 ") == true
        }

        private func wait(until isTrue: () -> Bool) async throws {
            while !isTrue() { try await ContinuousClock().sleep(for: .milliseconds(20)) }
        }

        /// A batch of purchases, each of a shopper of its own.
        private static func batch(_ first: Int) -> String {
            let events = (first..<first + perRequest).map { number in
                let time = Date(timeIntervalSince1970: 1_780_000_000 + Double(number / 100))
                    .ISO8601Format()
                return #"{"specversion":"1.0","id":"o-\#(number)","source":"/till","#
                    + #""type":"purchase","time":"\#(time)","data":"#
                    + #"{"transaction_id":"T\#(number)","#
                    + #""user_id":"u\#(number)","currency":"USD","value":12.5,"#
                    + #""items":[{"item_id":"p1","price":12.5}]}}"#
            }
            return "[" + events.joined(separator: ",") + "]"
        }

        @Test func `what was answered is stored and counted once, however often it is killed`()
            async throws
        {
            let batched = "Content-Type: application/cloudevents-batch+json\r\n"
            var (first, repeated) = (0, 0)
            for kill in 1...4 {
                let isLast = kill == 4
                let end = isLast ? Self.count : kill * Self.count / 4
                let ending = try await run { running in
                    while first < end {
                        if isTaken(post("/events", Self.batch(first), batched)) {
                            first += Self.perRequest
                        } else {
                            repeated += 1
                            try await ContinuousClock().sleep(for: .milliseconds(20))
                        }
                    }
                    if isLast {
                        try running.send(.interrupt)
                    } else {
                        try running.send(.kill)
                        // What was not answered any more is sent again, to the next one.
                        _ = post("/events", Self.batch(first), batched)
                    }
                }
                #expect(
                    isLast ? ending.exitCode == 130 : ending.exitCode == nil,
                    "\(ending.errors)"
                )
                guard isLast else { continue }
                let report = try ending.report
                #expect(report.warehouse?.totals.orders == Self.count)
                #expect(!report.subscriptions.contains { !$0.conserved })
            }
            #expect(try folder.raw.number("SELECT count(*) FROM events") == Self.count)
            #expect(try folder.raw.number("SELECT count(DISTINCT id) FROM events") == Self.count)
            #expect(
                try folder.warehouse.number("SELECT count(*) FROM counted_events") == Self.count
            )
            let left = try FileManager.default.contentsOfDirectory(
                atPath: folder.path(".weir/collector/collector/clients")
            )
            #expect(left == ["lock"])
        }

        @Test func `curl in its simplest form is stored, beside the shopper model too`()
            async throws
        {
            let ending = try await run(["--rate", "50"], pipeline: Program.storefront) { running in
                try await wait { isTaken(post("/track", #"{"event":"search"}"#, "")) }
                let sent = try await Subprocess.run(
                    .name("curl"),
                    arguments: [
                        "-s", "-d",
                        #"{"event":"search","properties":{"search_term":"shoes"},"userId":"me"}"#,
                        "http://127.0.0.1:\(port)/track",
                    ],
                    output: .string(limit: 1 << 16)
                )
                #expect(sent.standardOutput == #"{"accepted":1}"#)
                try running.send(.interrupt)
            }
            #expect(ending.exitCode == 130, "\(ending.errors)")
            #expect(ending.errors.contains("collecting at http://127.0.0.1:\(port)/events"))
            let mine = "SELECT count(*) FROM events WHERE source = '/track/local'"
            #expect(try folder.raw.number(mine) >= 2)
            let report = try ending.report
            #expect(!report.subscriptions.contains { !$0.conserved })
        }

        @Test func `bad requests are bounded, named and counted, and others go on`() async throws {
            let ending = try await run { running in
                try await wait { post("/track", #"{"event":"search"}"#)?.contains(" 202 ") == true }
                #expect(post("/track", "")?.contains(" 400 ") == true)
                #expect(post("/events", "")?.contains(" 400 ") == true)
                #expect(post("/nowhere", "{}")?.contains(" 404 ") == true)
                let deep = String(repeating: "[", count: 100_000)
                #expect(post("/track", deep)?.contains("nested deeper") == true)
                let large = String(repeating: " ", count: 2 << 20)
                #expect(post("/track", large)?.contains(" 413 ") == true)
                let announced = (try? RawConnection(port: port))?.ask(
                    "POST /track HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                        + "Content-Length: 104857600\r\n\r\n"
                )
                #expect(announced?.contains(" 413 ") == true)
                #expect(
                    post("/track", "x", "Content-Encoding: gzip\r\n")?.contains(" 400 ") == true
                )
                #expect(post("/track", "x", "Content-Encoding: br\r\n")?.contains(" 415 ") == true)
                // Half a request each, which is held until its time is up.
                let silent = (0..<200).compactMap { _ in try? RawConnection(port: port) }
                for connection in silent {
                    connection.send("POST /track HTTP/1.1\r\nContent-Length: 9\r\n\r\n{")
                }
                #expect(post("/track", #"{"event":"search"}"#)?.contains(" 202 ") == true)
                #expect(silent.count == 200)
                try running.send(.interrupt)
            }
            #expect(ending.exitCode == 130, "\(ending.errors)")
            let text = ending.output
            #expect(text.contains("\"too-large\" : 2"), "\(text)")
            #expect(text.contains("\"content-encoding\" : 2"))
        }

        @Test func `a pipeline without a producer says how it is run`() async throws {
            let ending = try await folder.run([Self.pipeline, "--duration", "1s"])
            #expect(ending.exitCode == 64)
            #expect(ending.errors.contains("weir run --collect"))
        }

        @Test func `an address that others can reach needs keys`() async throws {
            let ending = try await folder.run([
                Self.pipeline, "--collect", "0.0.0.0:\(port)", "--duration", "1s",
            ])
            #expect(ending.exitCode == 64)
            #expect(ending.errors.contains("needs the keys of its sources"))
        }
    }
}
