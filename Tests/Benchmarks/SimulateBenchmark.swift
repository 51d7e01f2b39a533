internal import Broker
internal import Commerce
internal import Experiments
internal import Logging
internal import OpenSLO
internal import Pipeline
internal import SLO
internal import Stages
internal import Storage
internal import Timekeeping

/// The storefront in virtual time against a fused loop: the same shoppers at the same rate and
/// the same aggregates, summed up once a tick, without broker, ingest, stores or objectives.
struct SimulateBenchmark {
    private let rate = 1000.0
    private let length = Duration.seconds(4 * 3600)
    private let rounds = 3
    private let start = Timestamp(seconds: 1_767_225_600)
    private let tick = Duration.seconds(1)

    func measure() async throws -> [Figure] {
        let document = try PipelineDocument.read(path: "pipelines/storefront.yaml")
        var fused: [Double] = []
        var virtual: [Double] = []
        for _ in 0..<rounds {
            fused.append(try runFused(document))
            virtual.append(try await runVirtual(document))
        }
        let speed = length.inSeconds / virtual.median
        return try await figures(fused, virtual, speed) + shares(document)
    }

    private func figures(_ fused: [Double], _ virtual: [Double], _ speed: Double) -> [Figure] {
        [
            Figure(
                name: "simulate.fused",
                value: rate * length.inSeconds / fused.median / 1e6,
                unit: "million events/s"
            ),
            Figure(
                name: "simulate.pipeline",
                value: rate * speed / 1e6,
                unit: "million events/s",
                ratio: zip(virtual, fused).map { $0 / $1 }.median,
                target: "<= 1.5 times the time of fused"
            ),
            Figure(name: "simulate.speed", value: speed, unit: "virtual s/s"),
            Figure(
                name: "simulate.30-days",
                value: 30 * 86_400 / speed,
                unit: "s, extrapolated",
                target: "<= 120"
            ),
        ]
    }

    /// What part of the time each room takes: what a run is faster by without it.
    private func shares(_ document: PipelineDocument) async throws -> [Figure] {
        var withoutIngest = document
        withoutIngest.remove { if case .ingest = $0 { true } else { false } }
        var withoutAnalytics = document
        withoutAnalytics.remove { if case .analytics = $0 { true } else { false } }
        let objectives = try OpenSLO.read(OpenSLO.files(at: ["slo/storefront"])).checked()
            .objectives
        var whole: [Double] = []
        var shares: [String: [Double]] = [:]
        for _ in 0..<rounds {
            let all = try await runVirtual(document, objectives)
            whole.append(all)
            let parts = [
                ("commerce", try runSource(document)),
                ("ingest", all - (try await runVirtual(withoutIngest, objectives))),
                ("analytics", all - (try await runVirtual(withoutAnalytics, objectives))),
                ("slo", all - (try await runVirtual(document))),
            ]
            for (room, seconds) in parts { shares[room, default: []].append(seconds / all) }
            let rest = parts.reduce(all) { $0 - $1.1 }
            shares["broker-timeline-digest", default: []].append(rest / all)
        }
        return shares.sorted { $0.key < $1.key }.map { room, share in
            Figure(name: "simulate.share.\(room)", value: share.median * 100, unit: "%")
        }
    }

    /// The seconds that it takes to make the events.
    private func runSource(_ document: PipelineDocument) throws -> Double {
        let clock = RealTimeline()
        let began = clock.now
        let (symbols, pool) = (SymbolTable(), BatchPool())
        var source = try shoppers(document, symbols)
        var now = start
        while now < start + length {
            now = now + tick
            var size = 512
            while size == 512 {
                var builder = BatchBuilder(
                    stream: source.stream,
                    symbols: symbols,
                    capacity: 512,
                    pool: pool
                )
                _ = try source.fill(&builder, until: now, limit: 512)
                size = builder.events.count
                _ = builder.finish(schedule: .asRecorded)
            }
        }
        return (clock.now - began).inSeconds
    }

    private func shoppers(
        _ document: PipelineDocument,
        _ symbols: SymbolTable
    ) throws -> SessionModel {
        guard case .sessions(let sessions) = document.traffic.model else {
            preconditionFailure("the storefront has shoppers")
        }
        return SessionModel(
            shop: document.traffic.shop,
            options: sessions,
            load: LoadProfile(shape: .constant(rate: rate), arrivals: document.load.arrivals),
            seed: 1,
            start: start,
            source: "/bench",
            symbols: symbols
        )
    }

    /// The seconds that the fused loop takes.
    private func runFused(_ document: PipelineDocument) throws -> Double {
        let clock = RealTimeline()
        let began = clock.now
        let symbols = SymbolTable()
        guard let options = document.stages.compactMap(\.analyticsOptions).first else {
            preconditionFailure("the storefront counts")
        }
        var source = try shoppers(document, symbols)
        var aggregator = WindowAggregator(options: options)
        let pool = BatchPool()
        var made: Int64 = 0
        var counted: Int64 = 0
        var now = start
        while now < start + length {
            now = now + tick
            var size = 512
            while size == 512 {
                var builder = BatchBuilder(
                    stream: source.stream,
                    symbols: symbols,
                    capacity: 512,
                    pool: pool
                )
                _ = try source.fill(&builder, until: now, limit: 512)
                size = builder.events.count
                guard size > 0 else { break }
                let batch = builder.finish(schedule: .asRecorded)
                aggregator.add(batch, .range(0..<size))
                made += Int64(size)
            }
            counted += aggregator.takeDeltas().cells
                .filter { $0.key.grain == .day && !$0.key.category.isPresent }
                .reduce(0) { $0 + $1.delta.total }
        }
        precondition(counted == made, "the fused loop lost events")
        return (clock.now - began).inSeconds
    }

    /// The seconds that the whole pipeline takes in virtual time.
    private func runVirtual(
        _ document: PipelineDocument,
        _ objectives: [Objective] = []
    ) async throws -> Double {
        let clock = RealTimeline()
        let began = clock.now
        var options = RunOptions()
        options.rate = .perSecond(rate)
        options.duration = length
        options.objectives = objectives
        let simulation = Simulation(
            document: document,
            options: options,
            stores: RunStores(
                raw: [.init(name: "raw", label: "memory:", store: MemoryRawStore())],
                warehouses: [.init(name: "warehouse", label: "memory:", store: MemoryWarehouse())]
            ),
            timeline: VirtualTimeline(start: start, tick: tick),
            logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() },
            replay: ""
        )
        let result = try await simulation.run(stop: Signal())
        precondition(result.failure == nil, "the simulation failed")
        return (clock.now - began).inSeconds
    }
}

extension PipelineDocument {
    /// Takes away the stages of a kind, and the subscriptions that they read.
    fileprivate mutating func remove(_ isOfKind: (Stage.Kind) -> Bool) {
        let gone = Set(stages.filter { isOfKind($0.kind) }.compactMap(\.subscription))
        stages.removeAll { isOfKind($0.kind) }
        subscriptions.removeAll { gone.contains($0.name) }
    }
}

extension PipelineDocument.Stage {
    fileprivate var analyticsOptions: AnalyticsOptions? {
        if case .analytics(let plan) = kind { plan.options } else { nil }
    }
}
