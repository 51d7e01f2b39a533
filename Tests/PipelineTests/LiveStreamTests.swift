import Commerce
import Foundation
import Logging
import Pipeline
import Storage
import TestSupport
import Testing
import Timekeeping

/// How the run of a live stream ends, in real time.
@Suite struct LiveStreamTests {
    /// A pipeline that reads orders from a pipe.
    private static let text =
        ShopPipeline(analytics: "windows: [1h]").text + """
              input:
                csv:
                  columns: {time: at, timeFormat: rfc3339, user: customer, eventName: purchase,
                            transaction: order, quantity: units, value: total, currencyCode: USD}

            """

    /// Runs it on the pipe at `path`, which nobody writes to.
    private static func run(
        _ path: String,
        for duration: Duration,
        stop: Signal
    )
        async throws -> RunReport
    {
        var options = RunOptions()
        options.log = .init(path: path, format: .csv, speed: nil)
        options.duration = duration
        let run = PipelineRun(
            document: try PipelineDocument.parse(text: text, file: "shop.yaml"),
            options: options,
            stores: RunStores(
                raw: [.init(name: "raw", label: "memory:", store: MemoryRawStore())],
                warehouses: [.init(name: "warehouse", label: "memory:", store: MemoryWarehouse())]
            ),
            timeline: RealTimeline(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        return try await run.run(stop: stop, onStart: { _ in }, onSample: { _ in }).report
    }

    /// Several at once, so that the tasks of a run take turns in many orders: what waited for a
    /// stop ends together with what reads the stream.
    @Test func `a stream whose time is up has completed, and one that was stopped has not`()
        async throws
    {
        let path = FileManager.default.temporaryDirectory.path + "/live-\(UUID().uuidString).csv"
        try #require(mkfifo(path, 0o600) == 0)
        defer { unlink(path) }
        let writer = try #require(FileHandle(forUpdatingAtPath: path))
        for _ in 0..<40 {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        let stop = Signal()
                        let isStopped = number == 7
                        if isStopped { stop.raise() }
                        let report = try await LiveStreamTests.run(
                            path,
                            for: isStopped ? .seconds(600) : .milliseconds(5),
                            stop: stop
                        )
                        #expect(report.outcome == (isStopped ? .interrupted : .completed))
                        #expect(report.producers.map(\.published) == [0])
                    }
                }
                try await group.waitForAll()
            }
        }
        try writer.close()
    }
}
