internal import Commerce
internal import Foundation
internal import Logging
internal import Pipeline
internal import Storage
internal import Timekeeping

/// Peak resident memory of a run ten times as long: bounded by configuration, not by the input.
struct MemoryBenchmark {
    func measure() throws -> [Figure] {
        let small = try peak(events: 1_000_000)
        let large = try peak(events: 10_000_000)
        return [
            Figure(name: "memory.1-million", value: small, unit: "MiB"),
            Figure(
                name: "memory.10-million",
                value: large,
                unit: "MiB",
                ratio: large / small,
                target: "<= 1.1 of 1-million"
            ),
        ]
    }

    /// MiB of a process of its own, by its own account.
    private func peak(events: Int) throws -> Double {
        let process = Process()
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = ["--child", "\(events)"]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0,
            let kibibytes = Double(
                String(decoding: said, as: UTF8.self).trimmingCharacters(
                    in: .whitespacesAndNewlines
                )
            )
        else { preconditionFailure("the measured process failed") }
        return kibibytes / 1024
    }

    /// Runs the storefront on memory stores, and prints the peak in KiB.
    static func runChild(_ events: String) async throws {
        let file = "pipelines/storefront.yaml"
        let document = try PipelineDocument.read(path: file)
        var options = RunOptions()
        options.rate = .maximum
        options.events = Int(events)
        let run = PipelineRun(
            document: document,
            options: options,
            stores: RunStores(
                raw: [.init(name: "raw", label: "memory:", store: MemoryRawStore())],
                warehouses: [
                    .init(name: "warehouse", label: "memory:", store: MemoryWarehouse())
                ]
            ),
            timeline: RealTimeline(),
            logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }
        )
        _ = try await run.run(stop: Signal())
        // The resource usage of a process counts what its parent had at the fork; the high-water
        // mark of its own memory begins with its program.
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let peak = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        print(peak?.split(separator: " ").dropLast().last.map(String.init) ?? "unknown")
    }
}
