internal import Experiments
internal import Foundation
internal import Logging
internal import Pipeline
internal import Storage
internal import Timekeeping

/// Resident memory of a simulation after two virtual days and after thirty.
struct SimulatedMonthBenchmark {
    /// What asks a process of its own to measure itself.
    static let child = "month"

    private static let start = Timestamp(seconds: 1_767_225_600)
    private static let day = Duration.seconds(86_400)

    func measure() throws -> [Figure] {
        let process = Process()
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = ["--child", SimulatedMonthBenchmark.child]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let sizes = String(decoding: said, as: UTF8.self).split(whereSeparator: \.isWhitespace)
            .compactMap { Double($0) }
        guard process.terminationStatus == 0, sizes.count == 2 else {
            preconditionFailure("the measured process failed")
        }
        return [
            Figure(name: "simulate-memory.day-2", value: sizes[0] / 1024, unit: "MiB"),
            Figure(
                name: "simulate-memory.day-30",
                value: sizes[1] / 1024,
                unit: "MiB",
                ratio: sizes[1] / sizes[0],
                target: "<= 1.05 of day-2"
            ),
        ]
    }

    /// Simulates thirty days of the storefront at fifty events a second, at which the sketches of
    /// all windows are as full after two days as they can be, and prints the KiB that are resident
    /// then and at the end.
    static func runChild() async throws {
        let document = try PipelineDocument.read(path: "pipelines/storefront.yaml")
        var options = RunOptions()
        options.rate = .perSecond(50)
        options.duration = day * 30
        let timeline = VirtualTimeline(start: start, tick: .seconds(1))
        let simulation = Simulation(
            document: document,
            options: options,
            stores: RunStores(
                raw: [.init(name: "raw", label: "memory:", store: MemoryRawStore())],
                warehouses: [.init(name: "warehouse", label: "memory:", store: MemoryWarehouse())]
            ),
            timeline: timeline,
            logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() },
            replay: ""
        )
        let sizes = try await withThrowingTaskGroup(of: [Int].self) { group in
            group.addTask {
                _ = try await simulation.run(stop: Signal())
                return []
            }
            group.addTask { try await watch(timeline) }
            var sizes: [Int] = []
            while let ended = try await group.next() { sizes += ended }
            return sizes
        }
        print(sizes.map(String.init).joined(separator: " "))
    }

    /// The KiB after day 2 and just before the end of day 30; there is no waiting in virtual time
    /// for it, which would be part of what is measured.
    private static func watch(_ timeline: VirtualTimeline) async throws -> [Int] {
        let clock = RealTimeline()
        var early: Int?
        var late = 0
        while timeline.now < start + day * 30 {
            try await clock.sleep(until: clock.now + .milliseconds(10))
            let now = timeline.now
            let size = try resident()
            if now >= start + day * 2, early == nil { early = size }
            // The report at the end is not part of the run.
            if now < start + day * 30 { late = size }
        }
        return [early ?? 0, late]
    }

    private static func resident() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return line?.split(separator: " ").dropLast().last.flatMap { Int($0) } ?? 0
    }
}
