import Foundation
import Subprocess
import TestSupport
import Testing

extension Timed {
    /// What a run tells of its messages while it goes on, over HTTP.
    @Suite(.serialized, .timeLimit(.minutes(20)))
    struct LiveRunTests {
        private let folder: TestFolder
        private let port = RawConnection.freePort()

        init() throws {
            folder = try TestFolder()
        }

        private var address: String { "127.0.0.1:\(port)" }

        /// A purchase as a line of a log.
        private static func line(_ id: String, _ order: String, _ subject: String) -> String {
            #"{"specversion":"1.0","id":"\#(id)","source":"/shop","type":"purchase","#
                + #""subject":"\#(subject)","time":"2024-01-01T00:00:00Z","data":{"#
                + #""transaction_id":"\#(order)","user_id":"u-1","currency":"USD","#
                + #""items":[{"item_id":"p1","price":5,"quantity":1}]}}"# + "\n"
        }

        /// A run of three purchases, of which the first two are about one thing.
        private func run(
            ingest: String,
            stage: String = "batch: 512",
            fault: String,
            while body: (Running) async throws -> Void
        ) async throws -> Ending {
            let pipeline = try folder.write(
                "shop.yaml",
                Pipelines.shop([
                    ("ackDeadlineSeconds: 60", ingest), ("batch: 512", stage),
                ])
            )
            let scenario = try folder.write(
                "trouble.yaml",
                """
                apiVersion: weir/v1
                kind: Scenario
                metadata: {name: trouble}
                spec: {faults: [\(fault)]}

                """
            )
            let log = try folder.write(
                "log.ndjson",
                Self.line("e-1", "o-1", "o-1") + Self.line("e-2", "o-2", "o-1")
                    + Self.line("e-3", "o-3", "o-3")
            )
            let arguments = [
                pipeline, "--input", log, "--scenario", scenario, "--serve", address, "--linger",
                "0s",
            ]
            return try await folder.run(arguments) { program in
                do {
                    try await body(program)
                } catch {
                    Issue.record(error)
                }
                try await end(program)
            }
        }

        /// Ends a run, which what is stuck would keep from draining.
        private func end(_ program: Running) async throws {
            try program.send(.interrupt)
            try await ContinuousClock().sleep(for: .milliseconds(500))
            try program.send(.interrupt)
        }

        private func asked(_ arguments: [String]) async throws -> [String: Any] {
            let ending = try await Program.run(
                arguments + ["--at", "http://\(address)", "--format", "json"]
            )
            guard ending.exitCode == 0 else { return ["errors": ending.errors] }
            let json = try JSONSerialization.jsonObject(with: Data(ending.output.utf8))
            return try #require(json as? [String: Any])
        }

        /// What a lane of the only event with `key` says, once it is in `state`.
        private func step(
            _ key: String,
            _ lane: String,
            _ state: String
        ) async throws -> [String: Any] {
            var last: [String: Any] = [:]
            for _ in 0..<400 {
                last = try await asked(["trace", key])
                let journeys = last["journeys"] as? [[String: Any]] ?? []
                let steps = journeys.first?["steps"] as? [[String: Any]] ?? []
                let found = steps.first {
                    $0["lane"] as? String == lane && $0["state"] as? String == state
                }
                if journeys.count == 1, let found { return found }
                try await ContinuousClock().sleep(for: .milliseconds(100))
            }
            Issue.record("\(key) is never \(state) at \(lane): \(last)")
            return [:]
        }

        private func holdUp(_ cause: String) async throws -> [String: Any] {
            let listing = try await asked(["subscriptions", "list"])
            let holdUps = listing["hold_ups"] as? [[String: Any]] ?? []
            let found = holdUps.first {
                $0["cause"] as? String == cause && $0["subscription"] as? String == "ingest"
            }
            if found == nil { Issue.record("no \(cause): \(listing)") }
            return found ?? [:]
        }

        private func text(_ arguments: [String]) async throws -> String {
            let ending = try await Program.run(arguments + ["--at", address])
            #expect(ending.exitCode == 0, "\(ending.errors)")
            return ending.output
        }

        // MARK: - Stuck

        @Test func `a message that a worker holds is told with since when, and what ends that`()
            async throws
        {
            let outage = "{kind: unavailable, target: raw, at: 0s, for: 10m}"
            _ = try await run(ingest: "ackDeadlineSeconds: 60", fault: outage) { _ in
                var step = try await step("order=o-1", "ingest", "in-flight")
                // The store is asked again and again, and the deadline is extended each time.
                for _ in 0..<100 where step["extensions"] as? Int ?? 0 < 2 {
                    try await ContinuousClock().sleep(for: .milliseconds(100))
                    step = try await self.step("order=o-1", "ingest", "in-flight")
                }
                #expect(step["extensions"] as? Int ?? 0 >= 2)
                #expect(step["worker"] as? Int == 1)
                #expect(step["attempts"] as? Int == 1)
                #expect((step["since"] as? String)?.isEmpty == false)
                #expect((step["until"] as? String)?.isEmpty == false)
                let detail = step["detail"] as? String ?? ""
                #expect(detail.contains("is with ingest (worker 1) since"), "\(detail)")
                #expect(detail.contains("extended"), "\(detail)")
                #expect((step["frees"] as? String)?.contains("attempt 2 of 5") == true)

                let held = try await holdUp("held-by-worker")
                #expect(held["messages"] as? Int == 3)
                #expect(held["position"] as? Int == 1)
                #expect(held["example"] as? String == "o-1")
                #expect((held["detail"] as? String)?.contains("extended") == true)

                let trace = try await text(["trace", "order=o-1"])
                #expect(trace.contains("in-flight"))
                #expect(trace.contains("goes on with its acknowledgement"))
                let events = try await asked(["events", "find", "order=o-1"])
                let stores = events["stores"] as? [[String: Any]] ?? []
                #expect(stores.last?["store"] as? String == "under way in the run")
                #expect((stores.last?["events"] as? [Any])?.count == 1)
                for form in ["markdown", "html"] {
                    #expect(
                        try await text(["trace", "order=o-1", "--format", form])
                            .contains("in-flight")
                    )
                }
            }
        }

        @Test func `a message that has grown too old is not promised to be delivered`()
            async throws
        {
            _ = try await run(
                ingest: "messageRetentionDuration: 2s",
                stage: "batch: 1",
                fault: "{kind: unavailable, target: raw, at: 0s, for: 10m}"
            ) { _ in
                var step = try await step("order=o-3", "ingest", "backlog")
                #expect((step["until"] as? String)?.isEmpty == false)
                for _ in 0..<100 where (step["detail"] as? String)?.contains("too old") != true {
                    try await ContinuousClock().sleep(for: .milliseconds(100))
                    step = try await self.step("order=o-3", "ingest", "backlog")
                }
                let detail = step["detail"] as? String ?? ""
                #expect(detail.hasPrefix("too old for the retention of the subscription since"))
                #expect((step["frees"] as? String)?.hasPrefix("nothing: it expires") == true)
            }
        }

        @Test func `a message that blocks its key is named by those behind it`() async throws {
            let outage = "{kind: unavailable, target: raw, at: 0s, for: 10m}"
            _ = try await run(
                ingest: "enableMessageOrdering: true",
                stage: "batch: 1",
                fault: outage
            ) { _ in
                let step = try await step("order=o-2", "ingest", "held")
                #expect(step["behind"] as? Int == 1)
                let detail = step["detail"] as? String ?? ""
                #expect(detail.hasPrefix("behind position 1 (o-1) of the same key"), "\(detail)")
                #expect(step["frees"] as? String == "the settlement of position 1")
                #expect((step["since"] as? String)?.isEmpty == false)
                let other = try await self.step("order=o-3", "ingest", "backlog")
                #expect(other["ahead"] as? Int == 1)
                #expect((other["detail"] as? String)?.contains("behind 1 other") == true)
            }
        }

        @Test func `a message behind a full subscription is told with that`() async throws {
            let hang = "{kind: hang, target: ingest, at: 0s, for: 10m}"
            let small = "flowControl: {maxOutstandingMessages: 2, whenFull: block}"
            // The producer publishes what it has read at once, so that the first batch fits.
            let ingest = small
            let pipeline = try folder.write(
                "full.yaml",
                Pipelines.shop([
                    ("ackDeadlineSeconds: 60", ingest),
                    (
                        "{name: shop, kind: producer, publishes: events}",
                        "{name: shop, kind: producer, publishes: events, batch: 1}"
                    ),
                ])
            )
            let scenario = try folder.write(
                "hang.yaml",
                """
                apiVersion: weir/v1
                kind: Scenario
                metadata: {name: trouble}
                spec: {faults: [\(hang)]}

                """
            )
            let log = try folder.write(
                "full.ndjson",
                (1...3).map { Self.line("e-\($0)", "o-\($0)", "o-\($0)") }.joined()
            )
            _ = try await folder.run([
                pipeline, "--input", log, "--scenario", scenario, "--serve", address, "--linger",
                "0s",
            ]) { program in
                let step = try await step("order=o-3", "topic events", "unpublished")
                #expect(
                    step["detail"] as? String
                        == "its producer waits, since the subscription ingest is full"
                )
                #expect(step["frees"] as? String == "room in ingest")
                #expect((step["since"] as? String)?.isEmpty == false)
                let full = try await holdUp("subscription-full")
                #expect(full["messages"] as? Int == 1)
                #expect(full["example"] as? String == "o-3")
                let detail = full["detail"] as? String ?? ""
                #expect(detail.contains("2 of at most 2 messages"), "\(detail)")
                try await end(program)
            }
        }

        /// Its worker dies with it; ten seconds later its deadline has passed.
        @Test func `a message that waits for its next attempt is told with when that is`()
            async throws
        {
            let crash =
                "{kind: slow, by: 1h, target: raw, at: 0s, for: 3s}, "
                + "{kind: crash, target: ingest, at: 2s, for: 1s}"
            _ = try await run(
                ingest: "ackDeadlineSeconds: 10\n"
                    + "      retryPolicy: {minimumBackoff: 300s, maximumBackoff: 600s}",
                fault: crash
            ) { _ in
                let step = try await step("order=o-1", "ingest", "waiting")
                let detail = step["detail"] as? String ?? ""
                #expect(detail.contains("ack-deadline-expired"), "\(detail)")
                #expect(detail.contains("attempt 2 at "), "\(detail)")
                #expect((step["until"] as? String).map { detail.contains($0) } == true)
                #expect((step["frees"] as? String)?.hasPrefix("the attempt at ") == true)
                let waiting = try await holdUp("waiting-for-attempt")
                #expect(waiting["messages"] as? Int == 3)
                #expect((waiting["frees"] as? String)?.hasPrefix("attempt 2 at ") == true)
            }
        }

        // MARK: - Changes

        @Test func `what is purged is said before, skipped, counted and named`() async throws {
            let slow = "{kind: slow, by: 25s, target: raw, at: 0s, for: 9s}"
            let pipeline = try folder.write(
                "shop.yaml",
                Pipelines.shop([("batch: 512", "batch: 1")])
            )
            let scenario = try folder.write(
                "trouble.yaml",
                """
                apiVersion: weir/v1
                kind: Scenario
                metadata: {name: trouble}
                spec: {faults: [\(slow)]}

                """
            )
            let log = try folder.write(
                "log.ndjson",
                (1...3).map { Self.line("e-\($0)", "o-\($0)", "o-\($0)") }.joined()
            )
            let ending = try await folder.run([
                pipeline, "--input", log, "--scenario", scenario, "--serve", address, "--linger",
                "0s",
            ]) { _ in
                _ = try await step("order=o-1", "ingest", "in-flight")
                let path = "/api/v1/subscriptions/seek?subscription=ingest&purge=true"
                let foreign = try RawConnection(port: port).ask(
                    "POST \(path) HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n\r\n"
                )
                #expect(foreign?.contains(" 403 ") == true, "\(foreign ?? "")")
                let plan = try await asked(["subscriptions", "purge", "ingest", "--dry-run"])
                #expect(plan["skipped"] as? Int == 3, "\(plan)")
                #expect(plan["taken_back"] as? Int == 1)
                #expect(plan["is_done"] as? Bool == false)
                let unasked = try await Program.run([
                    "subscriptions", "purge", "ingest", "--at", address,
                ])
                #expect(unasked.exitCode == 64)
                _ = try await step("order=o-3", "ingest", "backlog")
                let done = try await asked(["subscriptions", "purge", "ingest", "--yes"])
                #expect(done["skipped"] as? Int == 3, "\(done)")
                #expect(done["is_done"] as? Bool == true)
                let again = try await text(["subscriptions", "purge", "ingest", "--yes"])
                #expect(again.contains("no message changes"), "\(again)")
                // Nothing has kept its keys: analytics is done with it, and ingest never had it.
                let gone = try await text(["trace", "order=o-3"])
                #expect(gone.contains("not found"), "\(gone)")
                #expect(gone.contains("ingest: 3 skipped by a seek"), "\(gone)")
                let none = try await Program.run([
                    "subscriptions", "purge", "orders", "--yes", "--at", address,
                ])
                #expect(none.exitCode == 64)
                #expect(none.errors.contains("expected one of ingest, analytics"))
            }
            #expect(ending.exitCode == 0, "\(ending.errors)")
            let json = try JSONSerialization.jsonObject(with: Data(ending.output.utf8))
            let report = try #require(json as? [String: Any])
            let lines = report["subscriptions"] as? [[String: Any]] ?? []
            let ingest = try #require(lines.first { $0["name"] as? String == "ingest" })
            #expect(ingest["skipped"] as? Int == 3)
            #expect(ingest["acked"] as? Int == 3)
            #expect(ingest["conserved"] as? Bool == true)
            #expect(ending.output.contains("skipped by a seek"), "\(report["verdict"] ?? "")")
            // Somebody wanted it: nothing was lost.
            #expect(!ending.output.contains("data loss"), "\(report["verdict"] ?? "")")
        }

        @Test func `a seek to a snapshot brings back what was acked since`() async throws {
            let pipeline = try folder.write(
                "shop.yaml",
                Pipelines.shop([("ackDeadlineSeconds: 60", "retainAckedMessages: true")])
            )
            let ending = try await folder.run([
                pipeline, "--rate", "200", "--serve", address, "--linger", "0s",
            ]) { program in
                while (try? RawConnection(port: port)) == nil {
                    try await ContinuousClock().sleep(for: .milliseconds(50))
                }
                try await ContinuousClock().sleep(for: .seconds(1))
                let note = try await text(["subscriptions", "snapshot", "ingest", "before"])
                #expect(note.contains("snapshot before of ingest"), "\(note)")
                try await ContinuousClock().sleep(for: .seconds(2))
                let seek = ["subscriptions", "seek", "ingest", "--snapshot"]
                let plan = try await asked(seek + ["before", "--dry-run"])
                #expect(plan["brought_back"] as? Int ?? 0 > 100, "\(plan)")
                let done = try await asked(seek + ["before", "--yes"])
                let planned = plan["brought_back"] as? Int ?? 0
                #expect(done["brought_back"] as? Int ?? 0 >= planned, "\(done)")
                let wrong = try await Program.run(seek + ["after", "--yes", "--at", address])
                #expect(wrong.exitCode == 64)
                #expect(wrong.errors.contains("ingest has no snapshot after"), "\(wrong.errors)")
                let future = try await Program.run([
                    "subscriptions", "seek", "ingest", "--time", "2200-01-01T00:00:00Z", "--yes",
                    "--at", address,
                ])
                #expect(future.exitCode == 64)
                #expect(future.errors.contains("is still to come"))
                try await ContinuousClock().sleep(for: .seconds(1))
                try program.send(.interrupt)
            }
            #expect(ending.exitCode == 130, "\(ending.errors)")
            let report = try ending.report
            #expect(report.isConserved)
            #expect(ending.output.contains("brought back by a seek"))
            // What came again was stored before, and is stored once.
            #expect(
                try folder.raw.rows("SELECT count(*) FROM raw_events") == ["\(report.published)"]
            )
        }

        // MARK: - Failures

        @Test func `what is no run of Weir is told as that`() async throws {
            let none = try await Program.run(["trace", "order=o-1", "--at", address])
            #expect(none.exitCode == 69)
            #expect(none.errors.contains("nothing answers"), "\(none.errors)")
            let wrong = try await Program.run(["trace", "order=o-1", "--at", "ftp://x"])
            #expect(wrong.exitCode == 64)
            let both = try await Program.run([
                "trace", "order=o-1", "--at", address, "--raw", "sqlite:a",
            ])
            #expect(both.exitCode == 64)
            #expect(both.errors.contains("leave --raw"))
            let ran = try await folder.run([Program.storefront, "--events", "10", "--rate", "max"])
            try #require(ran.exitCode == 0, "\(ran.errors)")
            _ = try await Program.run([
                "serve", address, "--warehouse", "sqlite:\(folder.warehouse.path)",
            ]) { program in
                while (try? RawConnection(port: port)) == nil {
                    try await ContinuousClock().sleep(for: .milliseconds(50))
                }
                let other = try await Program.run(["trace", "order=o-1", "--at", address])
                #expect(other.exitCode == 69)
                #expect(other.errors.contains("is no run of this version"), "\(other.errors)")
                try program.send(.terminate)
            }
        }

        @Test func `a token is asked for, and what ended is told as ended`() async throws {
            let token = "a-token-for-this-test"
            let file = try folder.write("token", token)
            let ending = try await folder.run([
                Program.storefront, "--events", "500", "--rate", "max", "--serve", address,
                "--console-token-file", file, "--linger", "1h",
            ]) { program in
                while (try? RawConnection(port: port)) == nil {
                    try await ContinuousClock().sleep(for: .milliseconds(50))
                }
                let refused = try await Program.run(["subscriptions", "list", "--at", address])
                #expect(refused.exitCode == 69)
                #expect(refused.errors.contains("a token is needed"), "\(refused.errors)")
                var errors = ""
                for _ in 0..<200 where !errors.contains("the run has ended") {
                    errors = try await Program.run([
                        "subscriptions", "list", "--at", address, "--console-token-file", file,
                    ]).errors
                    try await ContinuousClock().sleep(for: .milliseconds(100))
                }
                #expect(errors.contains("the run has ended; ask its stores"), "\(errors)")
                try program.send(.interrupt)
            }
            #expect(ending.exitCode == 0, "\(ending.errors)")
        }

        @Test func `every event of a run that goes on is told once, wherever it is`() async throws {
            _ = try await folder.run([
                Program.storefront, "--rate", "2000", "--serve", address, "--linger", "0s",
            ]) { program in
                while (try? RawConnection(port: port)) == nil {
                    try await ContinuousClock().sleep(for: .milliseconds(50))
                }
                try await ContinuousClock().sleep(for: .seconds(2))
                for position in [1, 500, 1000, 3000] {
                    var journeys: [[String: Any]] = []
                    for _ in 0..<100 where journeys.isEmpty {
                        let report = try await asked(["trace", "message-id=\(position)"])
                        journeys = report["journeys"] as? [[String: Any]] ?? []
                    }
                    #expect(journeys.count == 1)
                    let steps = journeys.first?["steps"] as? [[String: Any]] ?? []
                    let states = steps.compactMap { $0["state"] as? String }
                    #expect(!states.contains("missing"), "\(steps)")
                    #expect(!states.contains("unknown"), "\(steps)")
                }
                let listing = try await asked(["subscriptions", "list"])
                let lines = listing["subscriptions"] as? [[String: Any]] ?? []
                for line in lines {
                    let parts = [
                        "backlog", "outstanding", "waiting", "acked", "dead_lettered", "expired",
                        "filtered", "shed",
                    ].map { line[$0] as? Int ?? -1 }
                    #expect(parts.reduce(0, +) == line["published"] as? Int, "\(line)")
                }
                #expect(lines.count == 2)
                try program.send(.interrupt)
            }
        }
    }
}
