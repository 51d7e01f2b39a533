import Foundation
import Subprocess
import Testing

extension Timed {
    @Suite(.serialized, .timeLimit(.minutes(20)))
    struct InterruptTests {
        private let folder: TestFolder

        init() throws {
            folder = try TestFolder()
        }

        /// Waits until the run is under way, which the first stored events show.
        private func waitUntilUnderWay() async throws {
            try await folder.raw.wait(for: "SELECT count(*) FROM raw_events", atLeast: 200)
            try await folder.warehouse.wait(for: "SELECT count(*) FROM progress", atLeast: 1)
        }

        @Test(arguments: [Signal.interrupt, .terminate, .terminalClosed])
        func `an interrupt drains, reports and exits 130`(signal: Signal) async throws {
            let ending = try await folder.run(
                [Program.storefront, "--rate", "1000", "--report", folder.path("report.json")]
            ) { program in
                try await waitUntilUnderWay()
                try program.send(signal)
            }
            #expect(ending.exitCode == 130)
            #expect(ending.errors.contains("draining"))
            let report = try ending.report
            #expect(report.outcome == "interrupted")
            #expect(report.published >= 200)
            for subscription in report.subscriptions {
                #expect(subscription.backlog == 0)
                #expect(subscription.outstanding == 0)
                #expect(subscription.waitingToRetry == 0)
                #expect(subscription.acked == report.published)
                #expect(subscription.conserved)
            }
            let stored = try folder.raw.number("SELECT count(*) FROM raw_events")
            #expect(stored == Int64(report.published))
            let counted = try folder.warehouse.number(
                """
                SELECT sum(view_item_list + view_item + search + add_to_cart + remove_from_cart
                    + begin_checkout + purchase + refund) FROM window_aggregates
                WHERE grain = '1d' AND category = ''
                """
            )
            #expect(counted == Int64(report.published))
            let written = try Report(json: Data(try folder.text(of: "report.json").utf8))
            #expect(written.outcome == "interrupted")
            #expect(written.published == report.published)
        }

        /// At once: the handler is there before anything that takes its time.
        @Test(arguments: [200, 500, 1000])
        func `an interrupt as a simulation begins ends it in order`(milliseconds: Int) async throws
        {
            let ending = try await Program.run(
                [
                    "simulate", Program.storefront, "--for", "300d", "--rate", "1000",
                    "--report", folder.path("simulated.json"),
                ],
                in: folder
            ) { program in
                try await Task.sleep(for: .milliseconds(milliseconds))
                try program.send(.interrupt)
            }
            #expect(ending.exitCode == 130, "\(ending.errors)")
            #expect(ending.errors.contains("draining"))
            #expect(try folder.text(of: "simulated.json").contains("interrupted"))
        }

        /// `true` ends without having read anything; each delivery is a line of the log.
        @Test func `a run whose log nobody reads any more drains and reports`() async throws {
            let report = folder.path("report.json")
            let script = """
                exec weir run '\(Program.storefront)' --rate 1000 --log-level debug \
                    --raw memory: --warehouse memory: --report '\(report)' 2> >(true)
                """
            let ending = try await Program.run(["-c", script], through: "bash")
            #expect(ending.exitCode == 130)
            let written = try Report(json: Data(try folder.text(of: "report.json").utf8))
            #expect(written.outcome == "interrupted")
            #expect(written.isConserved)
        }

        @Test func `a run that is to outlive its terminal does`() async throws {
            let arguments = [
                "weir", "run", Program.storefront, "--rate", "500", "--duration", "3s",
            ]
            let ending = try await Program.run(
                arguments + folder.storeOptions + ["--format", "json"],
                through: "nohup"
            ) { program in
                try await waitUntilUnderWay()
                try program.send(.terminalClosed)
            }
            #expect(ending.exitCode == 0, "\(ending.errors)")
            #expect(try ending.report.outcome == "completed")
        }

        @Test func `a second interrupt ends at once`() async throws {
            let ending = try await folder.run([Program.storefront, "--rate", "1000"]) { program in
                try await waitUntilUnderWay()
                // Draining needs the warehouse, which the test holds.
                try await folder.warehouse.locked("EXCLUSIVE") {
                    try program.send(.interrupt)
                    try await ContinuousClock().sleep(for: .seconds(1))
                    try program.send(.interrupt)
                    try await ContinuousClock().sleep(for: .seconds(2))
                }
            }
            #expect(ending.exitCode == 130)
            #expect(ending.errors.contains("again to quit now"))
            // Had it been there still when the warehouse was free, it would have reported.
            #expect(ending.output.isEmpty)
            #expect(try folder.raw.integrity() == ["ok"])
            #expect(try folder.warehouse.integrity() == ["ok"])
        }
    }
}
