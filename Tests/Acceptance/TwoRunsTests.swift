import Foundation
import Subprocess
import Testing

/// Two runs at once on one pair of stores, and a store that another program changes under a run.
@Suite(.timeLimit(.minutes(6)))
struct TwoRunsTests {
    private let folder: TestFolder

    init() throws {
        folder = try TestFolder()
    }

    private func waitUntilUnderWay() async throws {
        try await folder.raw.wait(for: "SELECT count(*) FROM raw_events", atLeast: 200)
        try await folder.warehouse.wait(for: "SELECT count(*) FROM progress", atLeast: 1)
    }

    /// The first run goes on until the second has been refused, however long that takes.
    @Test func `the second run is refused before it writes, and the first goes on`() async throws {
        var second: Ending?
        let first = try await folder.run([Program.storefront, "--rate", "500"]) { program in
            try await waitUntilUnderWay()
            second = try await folder.run([Program.storefront, "--events", "100"])
            try program.send(.interrupt)
        }
        let refused = try #require(second)
        #expect(refused.exitCode == 69)
        #expect(refused.output.isEmpty)
        #expect(refused.errors.contains("another run (process "))
        #expect(refused.errors.contains("writes to it now; let that end"))
        #expect(first.exitCode == 130, "\(first.errors)")
        let stored = Int64(try first.report.published)
        #expect(try folder.raw.number("SELECT count(*) FROM raw_events") == stored)
        // And when it has ended, another one may.
        let third = try await folder.run([Program.storefront, "--events", "100"])
        #expect(third.exitCode == 0, "\(third.errors)")
        #expect(try folder.raw.number("SELECT count(*) FROM raw_events") == stored + 100)
    }

    /// A backup of the beginning is copied over the live file, into the same inode.
    @Test func `a file that is changed under the run is no success`() async throws {
        let raw = folder.path("raw.sqlite")
        let ending = try await folder.run([Program.storefront, "--rate", "2000"]) { program in
            try await waitUntilUnderWay()
            let backup = try Data(contentsOf: URL(filePath: raw))
            try await folder.raw.wait(for: "SELECT count(*) FROM raw_events", atLeast: 8000)
            let handle = try FileHandle(forWritingTo: URL(filePath: raw))
            try handle.truncate(atOffset: 0)
            try handle.write(contentsOf: backup)
            try handle.close()
            // The run may have ended by itself, with an error of the store.
            try? program.send(.interrupt)
        }
        #expect(ending.exitCode == 65, "\(ending.status) \(ending.errors.suffix(700))")
        #expect(!ending.output.contains("every message accounted for"))
    }

    /// Even a run of two seconds sells something: its shoppers are on their way when it begins.
    @Test func `a later run goes on with new sessions and new orders, and says so`() async throws {
        let arguments = [Program.storefront, "--duration", "2s", "--rate", "500"]
        let first = try await folder.run(arguments)
        #expect(first.exitCode == 0, "\(first.errors)")
        let before = try first.report.published
        #expect(!first.output.contains("new sessions"))
        let second = try await folder.run(arguments)
        #expect(second.exitCode == 0, "\(second.errors)")
        let totals = [try first.report, try second.report].compactMap(\.warehouse?.totals)
        #expect(totals.count == 2 && totals[0].orders > 0)
        // The totals are over all time.
        let sessions = totals.compactMap(\.sessions?.count)
        #expect(sessions.count == 2 && sessions[1] > sessions[0] * 3 / 2)
        #expect(try second.report.input.eventsBefore == before)
    }

    @Test func `an analytics subscription by another name is refused on the same warehouse`()
        async throws
    {
        let first = try await folder.run([Program.storefront, "--events", "500"])
        #expect(first.exitCode == 0, "\(first.errors)")
        let text = try String(contentsOfFile: Program.storefront, encoding: .utf8)
            .replacing("{name: analytics, topic", with: "{name: counting, topic")
            .replacing("subscription: analytics", with: "subscription: counting")
            .replacing("[../slo/storefront]", with: "[]")
        let renamed = try folder.write("renamed.yaml", text)
        let second = try await folder.run([renamed, "--events", "500"])
        #expect(second.exitCode == 69, "\(second.errors)")
        #expect(
            second.errors.contains(
                "topic \"events\" is counted here for the subscription \"analytics\""
            ),
            "\(second.errors)"
        )
        #expect(try folder.raw.number("SELECT count(*) FROM raw_events") == 500)
    }

    @Test func `a URL of SQLite's own names no store`() async throws {
        let ending = try await Program.run([
            "run", Program.storefront, "--events", "10", "--raw", "sqlite:file::memory:",
            "--warehouse", "memory:",
        ])
        #expect(ending.exitCode == 64)
        #expect(ending.errors.contains("file:"))
    }
}
