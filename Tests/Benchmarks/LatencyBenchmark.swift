internal import Commerce
internal import Foundation
internal import Logging
internal import Pipeline
internal import Storage
internal import TestSupport
internal import Timekeeping

/// Latency from intended send to analytics' acknowledgement, open loop, on memory stores.
struct LatencyBenchmark {
    var rate = 50_000.0
    var seconds = 10

    func measure() async throws -> [Figure] {
        var shop = ShopPipeline(
            analytics: """
                windows: [1s], commitInterval: 0s, distinctCounts: false, productSales: false
                """
        )
        shop.end = "  traffic: {model: mix}"
        let document = try PipelineDocument.parse(text: shop.text, file: "latency-50k")
        var options = RunOptions()
        options.rate = .perSecond(rate)
        options.duration = .seconds(seconds)
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
        let before = ProcessorTime.now
        let report = try await run.run(stop: Signal()).report
        let cores = (ProcessorTime.now - before) / report.durationSeconds
        guard let stage = report.stages.first(where: { $0.name == "analytics" }) else {
            preconditionFailure("the pipeline has an analytics stage")
        }
        let latency = stage.latency
        return [
            Figure(
                name: "latency-50k.p50",
                value: latency.p50Ms ?? .nan,
                unit: "ms",
                target: "Flink: 2 to 9 ms"
            ),
            Figure(
                name: "latency-50k.p99",
                value: latency.p99Ms ?? .nan,
                unit: "ms",
                target: "< 2 ms"
            ),
            Figure(name: "latency-50k.p99.9", value: latency.p999Ms ?? .nan, unit: "ms"),
            Figure(
                name: "latency-50k.rate",
                value: report.rate.reached,
                unit: "events/s",
                ratio: report.rate.reached / rate,
                target: "1 of the asked rate"
            ),
            Figure(name: "latency-50k.cpu", value: cores, unit: "cores", target: "<= 0.5"),
        ]
    }
}

/// Processor time of this process and of the children it has waited for.
enum ProcessorTime {
    /// Seconds, user and system.
    static var now: Double {
        var usage = rusage()
        guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return .nan }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }

    private static func seconds(_ time: timeval) -> Double {
        Double(time.tv_sec) + Double(time.tv_usec) / 1e6
    }
}
