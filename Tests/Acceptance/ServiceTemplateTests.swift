import Foundation
import Subprocess
import TestSupport
import Testing

extension Timed {
    /// `weir new service`, from an empty folder to two services that hand work on.
    @Suite(.serialized, .timeLimit(.minutes(20)))
    struct ServiceTemplateTests {
        private let folder: TestFolder
        private let port = RawConnection.freePort()
        private let traces = (
            sound: String(repeating: "5", count: 32), refused: String(repeating: "7", count: 32)
        )

        init() throws {
            folder = try TestFolder()
        }

        /// Where python3 and swift are, beside the program.
        private static var path: String {
            get throws {
                let own = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
                return "\(try Program.folder()):\(own)"
            }
        }

        private func weir(
            _ arguments: [String],
            while body: (Running) async throws -> Void = { _ in }
        ) async throws -> Ending {
            try await Program.run(
                arguments,
                environment: ["PATH": try Self.path],
                in: folder,
                while: body
            )
        }

        /// What a tool says in the folder of a service, once it has succeeded.
        private func tool(_ words: [String], in service: String) async throws {
            let result = try await Subprocess.run(
                .name("env"),
                arguments: Arguments(["--chdir", folder.path(service)] + words),
                output: .string(limit: 1 << 20),
                error: .string(limit: 1 << 20)
            )
            #expect(
                result.terminationStatus.isSuccess,
                "\(result.standardOutput)\(result.standardError)"
            )
        }

        private func make(_ name: String, _ language: String) async throws {
            let made = try await weir(["new", "service", name, "--language", language])
            #expect(made.exitCode == 0, "\(made.errors)")
            #expect(made.output.contains("weir run \(name)/pipeline.yaml --collect --pubsub"))
        }

        private func run(
            _ pipeline: String,
            _ arguments: [String],
            while body: (Running) async throws -> Void = { _ in }
        ) async throws -> Ending {
            let all = [
                "run", pipeline, "--collect", "127.0.0.1:\(port)", "--pubsub", "127.0.0.1:0",
                "--format", "json",
            ]
            return try await weir(all + arguments, while: body)
        }

        private func number(_ store: String, _ sql: String) throws -> Int64 {
            try StoreFile(path: folder.path(".weir/\(store).sqlite")).number(sql)
        }

        @Test func `what is written in Python passes its tests, runs, and meets its objectives`()
            async throws
        {
            try await make("checker", "python")
            try await tool(["python3", "-m", "unittest"], in: "checker")
            let ending = try await run("checker/pipeline.yaml", ["--duration", "3s", "--gate"])
            #expect(ending.exitCode == 0, "\(ending.errors)")
            try checkCounts(of: "checker", try ending.report)
            let again = try await weir(["new", "service", "checker"])
            #expect(again.exitCode == 64)
            #expect(again.errors.contains("checker is there already"))
        }

        /// One purchase, one result, one tracked event.
        private func checkCounts(of name: String, _ report: Report) throws {
            let event = name.replacing("-", with: "_")
            let purchases = try number(
                "\(name)-raw",
                "SELECT count(*) FROM events WHERE type LIKE '%purchase%'"
            )
            #expect(purchases > 0)
            let subscription = report.subscriptions.first { $0.name == name }
            #expect(subscription.map { Int64($0.acked) } == purchases)
            #expect(!report.subscriptions.contains { !$0.conserved })
            #expect(
                try number("\(name)-results", "SELECT count(DISTINCT id) FROM events") == purchases
            )
            #expect(try number("\(name)-results", "SELECT count(*) FROM events") == purchases)
            #expect(
                try number(
                    "\(name)-raw",
                    "SELECT count(*) FROM events WHERE type LIKE '%\(event)_handled%'"
                ) == purchases
            )
        }

        /// A pipeline in which one service works on what the other has published.
        private func chain() throws {
            try folder.write(
                "chain.yaml",
                """
                apiVersion: weir/v1
                kind: Pipeline
                metadata: {name: chain}
                spec:
                  topics: [{name: events}, {name: checker}, {name: mailer}]
                  subscriptions:
                    - name: checker
                      topic: events
                      filter: attributes.type = "purchase"
                      ackDeadlineSeconds: 10
                    - {name: mailer, topic: checker, ackDeadlineSeconds: 10}
                    - {name: ingest, topic: events}
                    - {name: checked, topic: checker}
                    - {name: mailed, topic: mailer}
                    - {name: analytics, topic: events}
                  stages:
                    - {name: shop, kind: producer, publishes: events}
                    - {name: clients, kind: collector, publishes: events}
                    - name: checker
                      kind: external
                      subscription: checker
                      publishes: checker
                      command: [env, --chdir=checker, python3, service.py]
                    - name: mailer
                      kind: external
                      subscription: mailer
                      publishes: mailer
                      command: [env, --chdir=mailer, swift, run, --skip-build, mailer]
                    - {name: ingest, kind: ingest, subscription: ingest, store: raw}
                    - {name: checked, kind: ingest, subscription: checked, store: checked}
                    - {name: mailed, kind: ingest, subscription: mailed, store: mailed}
                    - name: analytics
                      kind: analytics
                      subscription: analytics
                      store: warehouse
                      windows: [1m]
                  stores:
                    - {name: raw, role: raw, url: "sqlite:.weir/raw.sqlite"}
                    - {name: checked, role: raw, url: "sqlite:.weir/checked.sqlite"}
                    - {name: mailed, role: raw, url: "sqlite:.weir/mailed.sqlite"}
                    - {name: warehouse, role: warehouse, url: "sqlite:.weir/warehouse.sqlite"}
                  load: {shape: constant, rate: 200, arrivals: poisson}
                  traffic: {model: mix, users: 1000, products: 100, categories: 10}
                  validation: {unknownEvents: keep}

                """
            )
        }

        /// Sends a purchase, until it is taken.
        private func buy(_ order: String, trace: String) async throws {
            let body =
                #"{"event":"purchase","properties":{"transaction_id":"\#(order)","#
                + #""currency":"USD","value":5,"items":[{"item_id":"p1","price":5}]},"#
                + #""userId":"me"}"#
            let request =
                "POST /track HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                + "Content-Type: application/json\r\n"
                + "traceparent: 00-\(trace)-00f067aa0ba902b7-01\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
            for _ in 0..<400 {
                let answer = (try? RawConnection(port: port))?.ask(request)
                if answer?.hasPrefix("HTTP/1.1 202") == true { return }
                try await ContinuousClock().sleep(for: .milliseconds(50))
            }
            struct NotTaken: Error {}
            throw NotTaken()
        }

        /// The process whose command line holds `words`, and that `running` has started.
        private func process(_ words: String, of running: Running) -> pid_t? {
            let files = FileManager.default
            for name in (try? files.contentsOfDirectory(atPath: "/proc")) ?? [] {
                guard let process = pid_t(name),
                    let line = files.contents(atPath: "/proc/\(name)/cmdline"),
                    String(decoding: line, as: UTF8.self).contains(words),
                    let state = files.contents(atPath: "/proc/\(name)/status"),
                    String(decoding: state, as: UTF8.self)
                        .contains("PPid:\t\(running.processIdentifier)\n")
                else { continue }
                return process
            }
            return nil
        }

        private func said(_ arguments: [String]) async throws -> String {
            let ending = try await weir(arguments)
            #expect(ending.exitCode == 0, "\(ending.errors)")
            return ending.output
        }

        @Test func `an id goes with a request over two services, one of which is killed`()
            async throws
        {
            try await make("checker", "python")
            try await make("mailer", "swift")
            // It refuses one order.
            let service = try folder.text(of: "checker/service.py")
            let start = "    data = event[\"data\"]\n"
            #expect(service.contains(start))
            try folder.write(
                "checker/service.py",
                service.replacing(
                    start,
                    with: start + "    if data[\"transaction_id\"] == \"refused\":\n"
                        + "        raise ValueError(\"it is refused\")\n"
                )
            )
            try await tool(["swift", "build", "--build-tests"], in: "mailer")
            try await tool(["swift", "test", "--skip-build"], in: "mailer")
            try chain()
            let raw = folder.path(".weir/raw.sqlite")
            let ending = try await run("chain.yaml", ["--duration", "6s"]) { running in
                try await buy("sound", trace: traces.sound)
                try await buy("refused", trace: traces.refused)
                try await StoreFile(path: folder.path(".weir/checked.sqlite"))
                    .wait(for: "SELECT count(*) FROM events", atLeast: 20)
                let checker = try #require(process("service.py", of: running))
                #expect(kill(checker, SIGKILL) == 0)
            }
            #expect(ending.exitCode == 0, "\(ending.errors)")
            let report = try ending.report
            #expect(!report.subscriptions.contains { !$0.conserved })
            let counts = { (name: String) in report.subscriptions.first { $0.name == name } }
            #expect(counts("checker")?.deadLettered == 1)
            #expect(counts("checker")?.deadLettersByReason == ["given-back": 1])
            #expect(counts("mailer")?.deadLettered == 0)
            // Each once, however often it was handed out.
            let purchases = try StoreFile(path: raw)
                .number("SELECT count(*) FROM events WHERE type LIKE '%purchase%'")
            for store in ["checked", "mailed"] {
                #expect(try number(store, "SELECT count(*) FROM events") == purchases - 1)
            }
            for event in ["checker_handled", "mailer_handled"] {
                let sql = "SELECT count(*) FROM events WHERE type LIKE '%\(event)%'"
                #expect(try number("raw", sql) == purchases - 1)
            }
            try await checkTraces()
        }

        private func checkTraces() async throws {
            let raw = ["raw", "checked", "mailed"].flatMap {
                ["--raw", "sqlite:.weir/\($0).sqlite"]
            }
            let warehouse = ["--warehouse", "sqlite:.weir/warehouse.sqlite"]
            // Event, what both services made of it, and what they tracked.
            let sound = try await said(["trace", "trace=\(traces.sound)"] + raw + warehouse)
            for event in [
                "purchase · sound", "checker_result", "checker_handled", "mailer_result",
                "mailer_handled",
            ] {
                #expect(sound.contains(event), "\(sound)")
            }
            let documents = try StoreFile(path: folder.path(".weir/mailed.sqlite"))
                .rows("SELECT document FROM events WHERE document LIKE '%\(traces.sound)%'")
            #expect(documents.count == 1)
            let logs = try await said(["logs", "trace=\(traces.sound)", "--format", "json"] + raw)
            #expect(logs.contains("\"checker\"") && logs.contains("\"mailer\""), "\(logs)")

            let refused = try await said(["trace", "trace=\(traces.refused)"] + raw + warehouse)
            #expect(refused.contains("dead-lettered"), "\(refused)")
            let refusals = try await said(
                ["logs", "trace=\(traces.refused)", "--format", "json"] + raw
            )
            #expect(refusals.contains("it is refused") && refusals.contains("dead letter"))
        }

        @Test func `a program that cannot be started, or goes on ending, ends the run`()
            async throws
        {
            try await make("checker", "python")
            let pipeline = try folder.text(of: "checker/pipeline.yaml")
            for (command, words) in [
                ("[nothing-of-that-name]", "cannot be started"), ("[\"false\"]", "exit code 1"),
            ] {
                try folder.write(
                    "checker/pipeline.yaml",
                    pipeline.replacing("[python3, service.py]", with: command)
                )
                let ending = try await run("checker/pipeline.yaml", ["--duration", "60s"])
                #expect(ending.exitCode == 69)
                #expect(ending.errors.contains(words), "\(ending.errors)")
            }
        }

        @Test func `without the API its pipeline does not run`() async throws {
            try await make("checker", "python")
            for words in [["run", "--duration", "1s"], ["simulate", "--for", "1m"]] {
                let ending = try await weir([words[0], "checker/pipeline.yaml"] + words[1...])
                #expect(ending.exitCode == 64)
                #expect(ending.errors.contains("under `weir run --pubsub` alone"))
            }
        }
    }
}
