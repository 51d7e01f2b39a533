internal import Documents
internal import Stages
internal import Storage

extension PipelineReader {
    private enum KindName: String, CaseIterable {
        case producer
        case ingest
        case analytics
        case relay
        case collector
        case external

        var keys: KeySet {
            switch self {
            case .producer: PipelineKeys.producer
            case .ingest: PipelineKeys.ingest
            case .analytics: PipelineKeys.analytics
            case .relay: PipelineKeys.relay
            case .collector: PipelineKeys.collector
            case .external: PipelineKeys.external
            }
        }
    }

    mutating func readStages(_ reader: NodeReader?) -> [PipelineDocument.Stage] {
        reader?.items(some: "at least one stage").compactMap { readStage($0) } ?? []
    }

    private mutating func readStage(_ reader: NodeReader) -> PipelineDocument.Stage? {
        guard let (kind, fields) = reader.variant("kind", of: "a stage", \KindName.keys) else {
            return nil
        }
        let name = declare(fields["name"], in: \.stages)
        let subscription = use(fields["subscription"], of: \.subscriptions)
        let topic = use(fields["publishes"], of: \.topics)
        let store = use(fields["store"], of: \.stores)
        let stageKind: PipelineDocument.Stage.Kind
        switch kind {
        case .producer:
            stageKind = .producer(topic: topic?.name ?? "")
        case .ingest:
            stageKind = .ingest(subscription: subscription?.name ?? "", store: store?.name ?? "")
        case .analytics:
            stageKind = .analytics(
                readAnalytics(
                    fields,
                    subscription: subscription?.name ?? "",
                    store: store?.name ?? ""
                )
            )
        case .relay:
            stageKind = .relay(subscription: subscription?.name ?? "", topic: topic?.name ?? "")
        case .collector:
            stageKind = .collector(readCollector(fields, topic: topic?.name ?? ""))
        case .external:
            var external = PipelineDocument.Stage.External(
                subscription: subscription?.name ?? "",
                topic: topic?.name
            )
            external.command = (fields["command"]?.items(some: "a program and its arguments") ?? [])
                .compactMap { $0.text(expected: "a word of the command") }
            stageKind = .external(external)
        }
        var stage = PipelineDocument.Stage(
            name: name,
            kind: stageKind,
            owner: use(fields["owner"], of: \.owners)?.name
        )
        stage.calls = readCalls(fields["calls"]).map(\.name)
        // Each worker of what counts holds sketches of its own, of some megabytes.
        let mostWorkers = if case .analytics = stageKind { 16 } else { 256 }
        stage.workers = fields["workers"]?.integer(in: 1...mostWorkers) ?? stage.workers
        stage.serviceTime = fields["serviceTime"].flatMap { readServiceTime($0) }
        stage.batch = fields["batch"]?.integer(in: 1...65_536) ?? stage.batch
        flows.append(
            StageFlow(
                stage: stage,
                subscription: subscription,
                topic: topic,
                store: store,
                commitInterval: fields["commitInterval"]?.node.place ?? fields.place,
                place: fields.place
            )
        )
        return stage
    }

    private func readCollector(
        _ fields: FieldReader,
        topic: String
    ) -> PipelineDocument.Stage.Collector {
        var collector = PipelineDocument.Stage.Collector(topic: topic)
        for item in fields["sources"]?.items() ?? [] {
            guard let source = readSource(item) else { continue }
            if collector.sources.contains(where: { $0.name == source.name }) {
                item.mistake("'\(source.name)' is listed twice; expected each source once")
            } else {
                collector.sources.append(source)
            }
        }
        let origin = "an origin such as https://shop.example"
        collector.allowedOrigins = (fields["allowedOrigins"]?.items() ?? []).compactMap { item in
            item.value(expected: origin) { PipelineReader.origin($0) }
        }
        let timeout = fields["publishTimeout"]?.duration(in: .milliseconds(10)...(.seconds(20)))
        collector.publishTimeout = timeout ?? collector.publishTimeout
        collector.journal = fields["journal"]?.text(expected: "a folder")
        let identities = [("none", false), ("transaction", true)]
        collector.knowsGA4Orders = fields["ga4Dedupe"]?.choice(from: identities) ?? false
        collector.conform = fields["conform"].map { readConform($0) } ?? collector.conform
        return collector
    }

    private func readSource(_ reader: NodeReader) -> PipelineDocument.Stage.Collector.Source? {
        guard let fields = reader.fields(PipelineKeys.source), let name = fields["name"]?.name(),
            let key = fields["key"].flatMap({ readSecret($0) })
        else { return nil }
        return .init(name: name, key: key)
    }

    /// Where a key or another secret is.
    func readSecret(_ key: NodeReader) -> SecretPlace? {
        guard case .mapping = key.node.content else {
            // Without the value, which may be the key itself.
            key.mistake("a key stands in no pipeline file; expected {env: NAME} or {file: PATH}")
            return nil
        }
        guard let places = key.fields(PipelineKeys.sourceKey) else { return nil }
        let variable = places["env"]?.text(expected: "the name of a variable")
        let file = places["file"]?.text(expected: "a path")
        switch (variable, file) {
        case (let variable?, nil): return .environment(variable)
        case (nil, let file?): return .file(file)
        default:
            key.mistake("a key is in one place; expected {env: NAME} or {file: PATH}")
            return nil
        }
    }

    /// The origin of a page, as a browser writes it; nil where `text` is none.
    private static func origin(_ text: String) -> String? {
        let lower = text.lowercased()
        guard let scheme = ["https://", "http://"].first(where: lower.hasPrefix) else { return nil }
        let host = lower.dropFirst(scheme.count)
        let isHost = host.utf8.allSatisfy { byte in
            (97...122).contains(byte) || (48...58).contains(byte)
                || [45, 46, 91, 93].contains(byte)
        }
        return !host.isEmpty && isHost ? lower : nil
    }

    private func readAnalytics(
        _ fields: FieldReader,
        subscription: String,
        store: String
    ) -> PipelineDocument.Stage.Analytics {
        var result = PipelineDocument.Stage.Analytics(
            subscription: subscription,
            store: store,
            windows: []
        )
        result.windows = fields["windows"].map { readWindows($0) } ?? []
        result.distinctCounts = readDistinct(fields["distinctCounts"], in: result.windows)
        let lateness = fields["allowedLateness"]?.duration(in: .zero...(.seconds(366 * 86_400)))
        result.allowedLateness = lateness ?? result.allowedLateness
        let interval = fields["commitInterval"]?.duration(in: .zero...(.seconds(600)))
        result.commitInterval = interval ?? result.commitInterval
        result.productSales = fields["productSales"]?.flag() ?? true
        return result
    }

    /// In which of the `kept` windows there are distinct counts: `true`, `false`, or lists.
    private func readDistinct(_ reader: NodeReader?, in kept: [Grain]) -> DistinctWindows? {
        var distinct = DistinctWindows.usual.within(kept)
        guard let reader else { return distinct }
        guard case .mapping = reader.node.content else {
            return reader.flag(otherwise: "a mapping with windows and categories") == false
                ? nil : distinct
        }
        guard let fields = reader.fields(PipelineKeys.distinctCounts) else { return distinct }
        distinct.totals = fields["windows"].map { readWindows($0, of: kept) } ?? distinct.totals
        distinct.categories =
            fields["categories"].map { readWindows($0, of: kept) } ?? distinct.categories
        return distinct
    }

    /// Windows that are listed; with `kept` of those only, or none.
    private func readWindows(_ reader: NodeReader, of kept: [Grain]? = nil) -> [Grain] {
        // The window over everything is kept in any case.
        let choices = Grain.allCases.filter { $0 != .all }.map { ($0.rawValue, $0) }
        var windows: [Grain] = []
        for item in reader.items(some: kept == nil ? "some of 1s, 1m, 1h, 1d, 1mo" : nil) {
            guard let window = item.choice(from: choices) else { continue }
            if windows.contains(window) {
                item.mistake("'\(window.rawValue)' is listed twice; expected each window once")
            } else if let kept, !kept.isEmpty, !kept.contains(window) {
                let names = kept.map(\.rawValue).joined(separator: ", ")
                item.mistake(
                    "the stage keeps no windows of \(window.rawValue); expected some of \(names)"
                )
            } else {
                windows.append(window)
            }
        }
        return windows.sorted()
    }

    private enum DistributionName: String, CaseIterable {
        case constant
        case exponential
        case lognormal
        case empirical

        /// The keys that it needs beside its name.
        var keys: [String] {
            switch self {
            case .constant: ["time"]
            case .exponential: ["mean"]
            case .lognormal: ["median", "sigma"]
            case .empirical: ["quantiles"]
            }
        }
    }

    private static var longest: Duration { .seconds(86_400) }

    func readServiceTime(_ reader: NodeReader) -> ServiceTime? {
        guard let fields = reader.fields(PipelineKeys.serviceTime),
            let name = fields["distribution"]?.choice(of: DistributionName.self)
        else { return nil }
        fields.check(
            DistributionName.allCases.flatMap(\.keys),
            required: name.keys,
            of: "the distribution '\(name.rawValue)'",
            at: reader
        )
        let distribution: ServiceTime.Distribution
        switch name {
        case .constant: distribution = .constant(time(fields["time"]))
        case .exponential: distribution = .exponential(mean: time(fields["mean"]))
        case .lognormal:
            let sigma = fields["sigma"]?.number(upTo: 5)
            distribution = .lognormal(median: time(fields["median"]), sigma: sigma ?? 0)
        case .empirical: distribution = .empirical(readQuantiles(fields["quantiles"]))
        }
        let servers = fields["servers"]?.integer(in: 1...100_000) ?? 1
        return ServiceTime(distribution, perEvent: time(fields["perEvent"]), servers: servers)
    }

    private func time(_ reader: NodeReader?) -> Duration {
        reader?.duration(in: .zero...PipelineReader.longest) ?? .zero
    }

    private func readQuantiles(_ reader: NodeReader?) -> [ServiceTime.Quantile] {
        guard let reader else { return [] }
        var quantiles: [ServiceTime.Quantile] = []
        for item in reader.items() {
            guard let fields = item.fields(PipelineKeys.quantile),
                let share = fields["share"]?.number(
                    expected: "a share above 0, at most 1",
                    where: { $0 > 0 && $0 <= 1 }
                ),
                let time = fields["time"]?.duration(in: .zero...PipelineReader.longest)
            else { continue }
            if let last = quantiles.last, share <= last.share || time < last.time {
                item.mistake(
                    "this quantile does not follow the one before; expected shares and times that "
                        + "ascend"
                )
            }
            quantiles.append(ServiceTime.Quantile(share: share, time: time))
        }
        if let last = quantiles.last, last.share < 1 {
            reader.mistake("the last quantile is \(last.share); expected 1, the longest time")
        }
        return quantiles
    }
}
