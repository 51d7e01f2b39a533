internal import Commerce
internal import Datasets
internal import Stages
internal import Timekeeping

/// What one producer of a run publishes, and at which pace.
struct TrafficSource {
    var source: any EventSource
    var pace: ProducerStage.Pace
    /// What is asked of it; nil where events are due when they are asked for.
    var load: LoadProfile?
    var description: RunReport.Input
}

extension TrafficSource {
    /// One for each producer of `run`, which began at `began` on stores that held
    /// `eventsBefore` events.
    ///
    /// - Throws: ``RunError`` where a log has not exactly one producer; `InputError` where it
    ///   cannot be opened.
    static func all(
        of run: PipelineRun,
        began: Timestamp,
        eventsBefore: Int64,
        _ interceptors: RunInterceptors,
        symbols: SymbolTable
    ) throws -> [(producer: PipelineDocument.Stage, source: TrafficSource)] {
        let producers = run.document.stages.filter { $0.isProducer && $0.collector == nil }
        if run.options.rate == .perSecond(0) { return [] }
        if let log = run.options.log {
            guard let producer = producers.first, producers.count == 1 else {
                throw RunError(
                    "the pipeline has \(producers.count) producers; "
                        + "a log can be replayed by a pipeline with exactly one"
                )
            }
            let source = try TrafficSource.log(
                log,
                events: run.options.events,
                document: run.document,
                began: began,
                symbols: symbols
            )
            return [(producer, source)]
        }
        return producers.enumerated().map { index, producer in
            let source = TrafficSource.model(
                run.document,
                producer: producer,
                index: index,
                of: producers.count,
                options: run.options,
                change: interceptors.traffic(of: producer),
                start: began,
                eventsBefore: eventsBefore,
                tick: run.timeline.tick,
                symbols: symbols
            )
            return (producer, source)
        }
    }

    /// A log, replayed in proportion to its own clock or at once.
    static func log(
        _ log: RunOptions.Log,
        events: Int?,
        document: PipelineDocument,
        began: Timestamp,
        symbols: SymbolTable
    ) throws(InputError) -> TrafficSource {
        var options = LogOptions()
        options.zeroQuantity = document.validation.zeroQuantity
        options.lastRowIsWhole = log.lastRowIsWhole
        options.events = document.validation.events
        let opened = try openInput(
            path: log.path,
            format: log.format,
            mapping: document.csv,
            lines: document.lines,
            options: options,
            symbols: symbols
        )
        // What comes through a pipe can not come again: each time it is a stream of its own.
        let stream =
            log.path == "-" ? "log:-@\(began)" : symbols.text(of: opened.stream, in: .text)
        let source = AnyLimitedSource(
            opened,
            stream: stream,
            events: events
        )
        return TrafficSource(
            source: source,
            pace: log.speed.map { .replay(speed: $0) } ?? .replayAtOnce,
            description: RunReport.Input(
                kind: "log",
                stream: stream,
                seed: nil,
                speed: log.speed,
                latencyFrom: log.speed == nil
                    ? "the moment the producer took the event up"
                    : "the moment the log's own clock, sped up, makes the event due"
            )
        )
    }

    /// The shopper model of producer `index` of `count`, which share the load evenly.
    static func model(
        _ document: PipelineDocument,
        producer: PipelineDocument.Stage,
        index: Int,
        of count: Int,
        options: RunOptions,
        change: TrafficChange,
        start: Timestamp,
        eventsBefore: Int64,
        tick: Duration,
        symbols: SymbolTable
    ) -> TrafficSource {
        var load = Self.load(of: document, options, sharedBy: count)
        let seed = options.seed &+ UInt64(index)
        // What is left out makes no other events: how long the run is, its stages and stores.
        // What goes wrong is named by the file, not by when it comes: a longer run has more of it.
        let name = StreamName(
            pipeline: document.name,
            producer: producer.name,
            start: start,
            madeOf: [
                seed, load as Any, document.traffic, tick, producer.topic ?? "", change.causes,
            ]
        ).text
        load?.surges = change.surges
        let model = events(
            of: document.traffic,
            load: load,
            seed: seed,
            start: start,
            numberBefore: options.isRepeatable
                ? number(ofRunWith: seed, from: start)
                // No session has less than an event. Each producer has numbers of its own.
                : UInt64(min(eventsBefore, 1 << 50)) + UInt64(index) << 40,
            stream: name,
            symbols
        )
        // Without a load, events have the time at which they are asked for.
        let isAhead = options.makesTrafficAhead && load != nil
        let source = AnyLimitedSource(
            isAhead ? AheadSource(model) : model,
            events: options.events.map { ($0 + count - 1 - index) / count },
            end: options.duration.map { start + $0 },
            isPaced: load != nil
        )
        return TrafficSource(
            source: source,
            pace: load == nil ? .flatOut : .asRecorded,
            load: load,
            description: RunReport.Input(
                kind: "shopper model",
                stream: name,
                seed: options.seed,
                speed: nil,
                eventsBefore: options.isRepeatable || !document.traffic.hasSessions
                    ? nil : eventsBefore,
                latencyFrom: load == nil
                    ? "the moment the producer made the event"
                    : "the moment the load profile makes the event due"
            )
        )
    }

    /// The events of a model of shoppers, whose sessions are numbered on from `numberBefore`.
    private static func events(
        of traffic: PipelineDocument.Traffic,
        load: LoadProfile?,
        seed: UInt64,
        start: Timestamp,
        numberBefore: UInt64,
        stream: String,
        _ symbols: SymbolTable
    ) -> any EventSource {
        switch traffic.model {
        case .sessions(let sessions):
            SessionModel(
                shop: traffic.shop,
                options: sessions,
                load: load,
                seed: seed,
                start: start,
                numberBefore: numberBefore,
                source: stream,
                symbols: symbols
            )
        case .mix(let mix):
            MixModel(
                shop: traffic.shop,
                options: mix,
                load: load,
                seed: seed,
                start: start,
                source: stream,
                symbols: symbols
            )
        }
    }

    /// From where the sessions of a run are numbered that may be run again on the same stores, and
    /// must then be the same: what the stores hold must not tell.
    private static func number(ofRunWith seed: UInt64, from start: Timestamp) -> UInt64 {
        let start = SplitMix64.mix(UInt64(bitPattern: start.nanoseconds))
        return SplitMix64.mix(seed ^ start) % 1_000_000 * 1_000_000
    }

    /// The load of one of `count` producers; nil where events are due when they are asked for.
    private static func load(
        of document: PipelineDocument,
        _ options: RunOptions,
        sharedBy count: Int
    ) -> LoadProfile? {
        switch options.rate {
        case nil: document.load.scaled(by: 1 / Double(count))
        case .perSecond(let rate):
            LoadProfile(
                shape: .constant(rate: rate / Double(count)),
                arrivals: document.load.arrivals
            )
        case .maximum: nil
        }
    }
}

/// A ``LimitedSource`` of a source whose type is known only at run time.
struct AnyLimitedSource: EventSource {
    private var open: any EventSource
    /// What the stream is called, where that is not for the source to say.
    private let name: String?

    init(
        _ source: any EventSource,
        stream: String? = nil,
        events: Int? = nil,
        end: Timestamp? = nil,
        isPaced: Bool = true
    ) {
        func limited(_ source: some EventSource) -> any EventSource {
            LimitedSource(source, events: events, end: end, isPaced: isPaced)
        }
        open = limited(source)
        name = stream
    }

    var stream: Symbol { name.map { symbols.symbol(for: $0, in: .text) } ?? open.stream }
    var symbols: SymbolTable { open.symbols }
    var arrival: InputArrival? { open.arrival }

    mutating func settle() {
        open.settle()
    }

    mutating func fill(
        _ builder: inout BatchBuilder,
        until horizon: Timestamp,
        limit: Int
    ) throws(InputError) -> Timestamp? {
        try open.fill(&builder, until: horizon, limit: limit)
    }
}

extension LoadProfile {
    /// The same shape with all rates times `factor`.
    func scaled(by factor: Double) -> LoadProfile {
        var scaled = self
        switch shape {
        case .constant(let rate):
            scaled.shape = .constant(rate: rate * factor)
        case .ramp(let from, let to, let over):
            scaled.shape = .ramp(from: from * factor, to: to * factor, over: over)
        case .step(let steps):
            scaled.shape = .step(steps.map { Step(at: $0.at, rate: $0.rate * factor) })
        case .spike(let base, let peak, let at, let lasting):
            scaled.shape = .spike(
                base: base * factor,
                peak: peak * factor,
                at: at,
                lasting: lasting
            )
        case .diurnal(let mean, let amplitude, let period, let peakAt):
            scaled.shape = .diurnal(
                mean: mean * factor,
                amplitude: amplitude,
                period: period,
                peakAt: peakAt
            )
        }
        return scaled
    }
}

/// What a stream of the shopper model is called: whose it is, when it began, and a digest of all
/// that made it.
///
/// Its events are known by their place in the stream, so two streams that differ in anything, a
/// rate, a seed, the share of a refund, must have two names; and what was made alike has the same
/// name, whatever it was asked for.
struct StreamName {
    let text: String

    /// The name of the stream of `producer`, of the pipeline called `pipeline`, that began at
    /// `start` and that `parts` have made.
    init(pipeline: String, producer: String, start: Timestamp, madeOf parts: [Any]) {
        var content = CanonicalBytes()
        for part in parts { content.append(everythingIn: part) }
        let digest = BlockHash(of: content).description.prefix(16)
        text = "/\(pipeline)/\(producer)/\(start)/\(digest)"
    }
}

extension CanonicalBytes {
    /// Appends `value` and whatever it is made of, so that a field which a type gets one day is
    /// not forgotten.
    mutating func append(everythingIn value: Any) {
        let mirror = Mirror(reflecting: value)
        switch mirror.displayStyle {
        case .dictionary, .set:
            // In the order of their bytes, whatever order they are in.
            let parts = mirror.children.map { child in
                var part = CanonicalBytes()
                part.append(everythingIn: child.value)
                return part.bytes
            }
            append(Int64(parts.count))
            for part in parts.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
                append(String(decoding: part, as: Unicode.ASCII.self))
            }
        case nil:
            append("\(value)")
        default:
            let children = Array(mirror.children)
            // The case of an enumeration that carries nothing.
            if children.isEmpty { append("\(value)") }
            append(Int64(children.count))
            for child in children {
                append(child.label ?? "")
                append(everythingIn: child.value)
            }
        }
    }
}
