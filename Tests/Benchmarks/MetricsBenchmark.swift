internal import Console
internal import HTTPServing
internal import Logging
internal import Pipeline
internal import Prometheus
internal import SLO
internal import Storage
internal import TestSupport
internal import Timekeeping

/// What a scrape costs: ten thousand series, and a pipeline that is scraped once a second.
struct MetricsBenchmark {
    /// With four pairs of windows each an objective has about forty series.
    private let objectives = 260
    private let answers = 40
    private let rounds = 5
    private let events = 40_000_000

    private static let silent = Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }

    func measure() async throws -> [Figure] {
        try await rendering() + [try await scraping()]
    }

    /// Objectives that a month of slices lies behind.
    private struct Objectives: ConsoleSubject {
        var trackers: [ObjectiveTracker]

        var families: [MetricFamily] {
            ObjectiveMetrics(trackers.compactMap { ObjectiveMetrics.Reading($0) }).families
        }

        var impediments: [String] { [] }
    }

    private func rendering() async throws -> [Figure] {
        let subject = Objectives(
            trackers: (0..<objectives).map { SLOBenchmark().filled(name: "bench-\($0)") }
        )
        let timeline = RealTimeline()
        var costs: [Double] = []
        var series = 0
        for _ in 0..<answers {
            // New ones, which have no page yet that they could give again.
            let pages = ConsolePages(
                subject,
                token: nil,
                timeline: timeline,
                logger: MetricsBenchmark.silent
            )
            let began = timeline.now
            let answer = await pages.answer(ConsolePages.Request("GET", "/metrics"))
            costs.append((timeline.now - began).inSeconds * 1000)
            series = answer.body.utf8.split(separator: 10).count { $0.first != 35 }
        }
        return [
            Figure(
                name: "metrics.series",
                value: Double(series),
                unit: "series",
                target: ">= 10000"
            ),
            Figure(name: "metrics.answer", value: costs.median, unit: "ms", target: "< 20"),
            Figure(name: "metrics.answer-worst", value: costs.max() ?? .nan, unit: "ms"),
        ]
    }

    /// The pipeline with a scrape a second, against the same one without.
    private func scraping() async throws -> Figure {
        var ratios: [Double] = []
        var rates: [Double] = []
        for round in 0..<rounds {
            // In turn, so that neither always comes first.
            let first = try await run(isScraped: round % 2 == 0)
            let second = try await run(isScraped: round % 2 == 1)
            let (with, without) = round % 2 == 0 ? (first, second) : (second, first)
            ratios.append(with / without)
            rates.append(with)
        }
        return Figure(
            name: "metrics.scraped-each-second",
            value: rates.median / 1e6,
            unit: "million events/s",
            ratio: ratios.median,
            target: "1 of the pipeline without"
        )
    }

    /// Events per second.
    private func run(isScraped: Bool) async throws -> Double {
        let run = try pipeline()
        guard isScraped else {
            return try await run.run(stop: Signal()).report.rate.reached
        }
        let server = try ConsoleServer(
            ListenAddress(host: "127.0.0.1", port: 0),
            token: nil,
            logger: MetricsBenchmark.silent
        )
        let subject = Subject()
        let port = Locked(0)
        let (listening, stop) = (Signal(), Signal())
        return try await withThrowingTaskGroup(of: Double?.self) { group in
            group.addTask {
                try await server.run(subject, until: stop) { address in
                    port.change { $0 = address.port }
                    listening.raise()
                }
                return nil
            }
            try await listening.wait(since: 0)
            group.addTask {
                try? await scrape(port.value, until: stop)
                return nil
            }
            group.addTask {
                defer { stop.raise() }
                let result = try await run.run(
                    stop: Signal(),
                    onStart: { metrics in subject.run.change { $0 = metrics } }
                )
                return result.report.rate.reached
            }
            var rate: Double?
            while let ended = try await group.next() { rate = ended ?? rate }
            guard let rate else { preconditionFailure("one of the tasks is the run") }
            return rate
        }
    }

    private func scrape(_ port: Int, until stop: Signal) async throws {
        let timeline = RealTimeline()
        let connection = try RawConnection(port: port)
        while stop.version == 0 {
            let answer = connection.ask("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
            precondition(answer?.contains("200 OK") == true, "the scrape failed")
            try await timeline.wait(for: stop, since: 0, until: timeline.now + .seconds(1))
        }
    }

    private final class Subject: ConsoleSubject {
        let run = Locked<RunMetrics?>(nil)
        var families: [MetricFamily] { run.value?.families ?? [] }
        var impediments: [String] { [] }
    }

    private func pipeline() throws -> PipelineRun {
        var shop = ShopPipeline(
            analytics: """
                windows: [1s], commitInterval: 10ms, distinctCounts: false, productSales: false
                """
        )
        shop.producer = ", batch: 2048"
        shop.end = "  traffic: {model: mix}"
        var options = RunOptions()
        options.rate = .maximum
        options.events = events
        options.objectives = (0..<4).map { SLOBenchmark().objective(name: "bench-\($0)") }
        return PipelineRun(
            document: try PipelineDocument.parse(text: shop.text, file: "metrics"),
            options: options,
            stores: RunStores(
                raw: [.init(name: "raw", label: "memory:", store: MemoryRawStore())],
                warehouses: [
                    .init(name: "warehouse", label: "memory:", store: MemoryWarehouse())
                ]
            ),
            timeline: RealTimeline(),
            logger: MetricsBenchmark.silent
        )
    }
}
