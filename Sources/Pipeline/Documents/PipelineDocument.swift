package import Broker
package import Commerce
package import Documents
package import Stages
package import Storage
package import Timekeeping

/// A pipeline as its file describes it: `apiVersion: weir/v1`, `kind: Pipeline`.
///
/// Every name in it that refers to something refers to something that is there, and nothing in
/// it is out of range: ``parse(text:file:)`` sees to that.
package struct PipelineDocument: Hashable, Sendable {
    /// A team.
    package struct Owner: Hashable, Sendable {
        package var name: String
        /// How the team is reached, as the user wrote it.
        package var contact: String?

        package init(name: String, contact: String? = nil) {
            self.name = name
            self.contact = contact
        }
    }

    /// What producers publish to and subscriptions read from.
    package struct Topic: Hashable, Sendable {
        package var name: String
        package var owner: String?
        /// How long acknowledged messages are kept to be seeked back to; nil for not at all.
        package var messageRetention: Duration?

        package init(name: String, owner: String? = nil, messageRetention: Duration? = nil) {
            self.name = name
            self.owner = owner
            self.messageRetention = messageRetention
        }
    }

    /// One reader's view of a topic, in Pub/Sub's terms.
    package struct Subscription: Hashable, Sendable {
        package var name: String
        package var topic: String
        package var owner: String?
        package var filter: AttributeFilter?
        /// How messages are delivered; what the document does not say is the broker's default.
        package var policy = SubscriptionPolicy()

        /// A subscription with all the defaults.
        package init(name: String, topic: String) {
            self.name = name
            self.topic = topic
        }
    }

    /// A place that stages write to.
    package struct Store: Hashable, Sendable {
        /// What a store holds.
        package enum Role: String, Sendable, CaseIterable {
            /// Every event as it came.
            case raw
            /// Aggregates.
            case warehouse
        }

        package var name: String
        package var role: Role
        /// Its scheme chooses the adapter.
        package var url: String
        package var owner: String?
        /// The keys that raw events are to be found by.
        package var indexes = BusinessKey.allCases
        /// For how long a raw store keeps the logs of the stages.
        package var logRetention = Duration.seconds(30 * 86_400)
        /// How long its calls take in virtual time; nil for no time.
        package var serviceTime: ServiceTime?

        package init(name: String, role: Role, url: String, owner: String? = nil) {
            self.name = name
            self.role = role
            self.url = url
            self.owner = owner
        }
    }

    /// What a person looks an event up by.
    package enum BusinessKey: String, Sendable, CaseIterable {
        case order
        case user
        case session
        case product
    }

    /// Something that stages or other services call.
    package struct Service: Hashable, Sendable {
        package var name: String
        package var owner: String?
        /// Names of services.
        package var calls: [String] = []
    }

    /// What an event must satisfy to be stored and counted.
    package struct Validation: Hashable, Sendable {
        package var earliest = EventRules.standard.earliest
        package var aheadLimit = EventRules.standard.aheadLimit
        /// What becomes of a line of a log's event with no pieces.
        package var zeroQuantity = LogOptions.ZeroQuantity.dropItem
        /// The events beside those of GA4's shop, and what becomes of what is not declared.
        package var events = EventDeclarations()

        package init() {}

        /// The same as the rules that stages apply.
        package var rules: EventRules {
            var rules = EventRules(earliest: earliest, aheadLimit: aheadLimit)
            rules.events = events
            return rules
        }
    }

    /// The shop and how its visitors behave.
    package struct Traffic: Hashable, Sendable {
        /// How events come about.
        package enum Model: Hashable, Sendable {
            /// Shoppers walk the shop.
            case sessions(SessionOptions)
            /// Independent events.
            case mix(MixOptions)
        }

        package var shop = ShopOptions()
        package var model = Model.sessions(SessionOptions())

        var hasSessions: Bool {
            if case .sessions = model { true } else { false }
        }

        package init() {}
    }

    /// `metadata.name`.
    package var name: String
    package var owners: [Owner] = []
    package var topics: [Topic] = []
    package var subscriptions: [Subscription] = []
    package var stages: [Stage] = []
    package var stores: [Store] = []
    package var services: [Service] = []
    package var load = LoadProfile(shape: .constant(rate: 1000), arrivals: .poisson)
    package var traffic = Traffic()
    /// How a CSV input is read; nil where the document does not say.
    package var csv: CSVMapping?
    /// How an NDJSON input is read that is none of CloudEvents; nil where it is one.
    package var lines: NDJSONMapping?
    package var validation = Validation()
    /// Paths of OpenSLO documents, as the user wrote them.
    package var objectives: [String] = []
    /// What is allowed but hardly meant, such as a topic that nothing reads.
    package var warnings: [Mistake] = []

    /// An empty pipeline of this name.
    package init(name: String) {
        self.name = name
    }
}

extension PipelineDocument {
    /// Something that makes, takes or passes on events.
    package struct Stage: Hashable, Sendable {
        /// What a stage does, with what only such a stage has.
        package enum Kind: Hashable, Sendable {
            /// Publishes what shoppers do.
            case producer(topic: String)
            /// Writes every event to a raw store.
            case ingest(subscription: String, store: String)
            /// Writes aggregates to a warehouse.
            case analytics(Analytics)
            /// Publishes what it reads to a further topic.
            case relay(subscription: String, topic: String)
            /// Publishes what clients send over HTTP.
            case collector(Collector)
            /// A program of its own that takes messages over the Pub/Sub API.
            case external(External)
        }

        /// What is to be known of a program that is a stage.
        package struct External: Hashable, Sendable {
            package var subscription: String
            /// The topic it publishes to, if any.
            package var topic: String?
            /// What starts it, word by word; empty where somebody else does.
            package var command: [String] = []

            package init(subscription: String, topic: String? = nil) {
                self.subscription = subscription
                self.topic = topic
            }
        }

        /// What an analytics stage needs to know.
        package struct Analytics: Hashable, Sendable {
            package var subscription: String
            package var store: String
            /// From the shortest to the longest.
            package var windows: [Grain]
            /// How far events may lie behind the watermark and still be counted.
            package var allowedLateness = Duration.seconds(10)
            /// How often aggregates and position are written, and messages acknowledged.
            package var commitInterval = Duration.milliseconds(40)
            /// The windows in which shoppers and sessions are counted distinctly; nil for none.
            package var distinctCounts: DistinctWindows?
            /// Whether sales are kept by product.
            package var productSales = true

            /// What the stage computes.
            package var options: AnalyticsOptions {
                var options = AnalyticsOptions()
                options.grains = windows
                options.allowedLateness = allowedLateness
                options.commitInterval = commitInterval
                options.distinct = distinctCounts
                options.countsProducts = productSales
                return options
            }

            package init(subscription: String, store: String, windows: [Grain]) {
                self.subscription = subscription
                self.store = store
                self.windows = windows
                distinctCounts = DistinctWindows.usual.within(windows)
            }
        }

        package var name: String
        package var kind: Kind
        package var owner: String?
        /// Names of services.
        package var calls: [String] = []
        /// How many of it work side by side.
        package var workers = 1
        /// How long each worker has what it takes up, in virtual time; nil for no time.
        package var serviceTime: ServiceTime?
        /// How many events it moves at once, at most.
        package var batch = 512

        package init(name: String, kind: Kind, owner: String? = nil) {
            self.name = name
            self.kind = kind
            self.owner = owner
        }

        /// How many of it read the subscription side by side.
        ///
        /// What counts each event once is one, whatever its workers are: they share the counting.
        package var readers: Int {
            if case .analytics = kind { 1 } else { workers }
        }

        /// Whether it publishes without reading anything.
        package var isProducer: Bool { subscription == nil }

        /// The word for ``kind`` in the pipeline file.
        package var kindName: String {
            switch kind {
            case .producer: "producer"
            case .ingest: "ingest"
            case .analytics: "analytics"
            case .relay: "relay"
            case .collector: "collector"
            case .external: "external"
            }
        }

        /// The subscription it reads, or nil for what reads none.
        package var subscription: String? {
            switch kind {
            case .producer, .collector: nil
            case .ingest(let subscription, _), .relay(let subscription, _): subscription
            case .analytics(let analytics): analytics.subscription
            case .external(let external): external.subscription
            }
        }

        /// How long it gathers what it has taken before it settles it, because it was asked to.
        var pause: Duration {
            if case .analytics(let analytics) = kind { analytics.commitInterval } else { .zero }
        }

        /// The topic it publishes to, if any.
        package var topic: String? {
            switch kind {
            case .producer(let topic), .relay(_, let topic): topic
            case .collector(let collector): collector.topic
            case .external(let external): external.topic
            case .ingest, .analytics: nil
            }
        }

        /// The store it writes to, if any.
        package var store: String? {
            switch kind {
            case .ingest(_, let store): store
            case .analytics(let analytics): analytics.store
            case .producer, .relay, .collector, .external: nil
            }
        }

        /// What it is as a program of its own; nil for any other stage.
        package var external: External? {
            if case .external(let external) = kind { external } else { nil }
        }
    }

    /// The pipeline that the file at `path` describes, in which `settings` are made.
    ///
    /// - Throws: ``DocumentError`` with every mistake of the file.
    package static func read(
        path: String,
        with settings: [DocumentSetting] = []
    ) throws(DocumentError) -> PipelineDocument {
        try parse(
            text: DocumentFile.text(at: path, kind: "a pipeline"),
            file: path,
            with: settings
        )
    }

    /// The pipeline that `text` describes, in which `settings` are made; `file` is what messages
    /// call it.
    ///
    /// A setting whose path is one word, such as `workers=4`, is made for every stage that reads a
    /// subscription; `workers` for those whose workers take up what they are given one by one.
    ///
    /// - Throws: ``DocumentError`` with every mistake of the text; where there is none, with those
    ///   that the settings made.
    package static func parse(
        text: String,
        file: String,
        with settings: [DocumentSetting] = []
    ) throws(DocumentError) -> PipelineDocument {
        let log = MistakeLog(file: file)
        guard text.utf8.count <= DocumentFile.maximumBytes else {
            log.add("the document is larger than 1 MiB; expected a pipeline", at: .start)
            throw DocumentError(log.mistakes)
        }
        guard let root = DocumentLoader.load(text, log: log) else {
            throw DocumentError(log.mistakes)
        }
        let document = try read(root, log)
        guard !settings.isEmpty else { return document }
        let changed = MistakeLog(
            file: "\(file) with \(settings.map(\.description).joined(separator: " "))"
        )
        var node = root
        for setting in settings.flatMap({ $0.expanded(in: document) }) {
            do {
                node = try node.with(setting)
            } catch {
                throw DocumentError(.wrong, "\(file) with \(error)")
            }
        }
        return try read(node, changed)
    }

    private static func read(
        _ root: DocumentNode,
        _ log: MistakeLog
    ) throws(DocumentError) -> PipelineDocument {
        var reader = PipelineReader(log: log)
        var document = reader.read(NodeReader(root, label: "the document", log: log))
        guard log.isClean else { throw DocumentError(log.mistakes) }
        document.warnings = log.warnings
        return document
    }
}

extension DocumentSetting {
    /// The settings that it stands for in `document`.
    fileprivate func expanded(in document: PipelineDocument) -> [DocumentSetting] {
        guard path.count == 1, !KeySet.document.keys.contains(path[0]) else { return [self] }
        let stages = document.stages.filter { stage in
            switch stage.kind {
            case .producer, .collector, .external: false
            case .analytics: path != ["workers"]
            case .ingest, .relay: true
            }
        }
        return stages.map { stage in
            DocumentSetting(path: ["spec", "stages", stage.name] + path, value: value)
        }
    }
}

/// How long a store or a stage takes in virtual time, in which nothing takes any by itself: a time
/// for each call, and one for each event of the call.
package struct ServiceTime: Hashable, Sendable {
    /// How the times of calls are spread.
    package enum Distribution: Hashable, Sendable {
        case constant(Duration)
        /// Of this mean; with Poisson arrivals, the M of M/M/c.
        case exponential(mean: Duration)
        /// Whose logarithm is normal: `median` is its 50th percentile, `sigma` the deviation of
        /// the logarithm.
        case lognormal(median: Duration, sigma: Double)
        /// As measured: the time below which each share lies, shares ascending to 1, and straight
        /// lines between them from no time at 0.
        case empirical([Quantile])
    }

    /// A point of an empirical distribution.
    package struct Quantile: Hashable, Sendable {
        package var share: Double
        package var time: Duration

        package init(share: Double, time: Duration) {
            self.share = share
            self.time = time
        }
    }

    package var distribution: Distribution
    /// What each event of a call takes beside it.
    package var perEvent: Duration
    /// How many calls it serves at a time; others wait in line.
    package var servers: Int

    package init(_ distribution: Distribution, perEvent: Duration = .zero, servers: Int = 1) {
        self.distribution = distribution
        self.perEvent = perEvent
        self.servers = servers
    }

    /// Whether anything takes any time by it.
    package var takesAny: Bool { distribution != .constant(.zero) || perEvent != .zero }

    /// The time of one call with so many events, at least zero and at most two days.
    package func sample(_ chance: inout Randomness, events: Int = 0) -> Duration {
        sampleOfCall(&chance) + min(perEvent * events, .seconds(86_400))
    }

    private func sampleOfCall(_ chance: inout Randomness) -> Duration {
        let seconds: Double
        switch distribution {
        case .constant(let time): return time
        case .exponential(let mean): seconds = mean.inSeconds * chance.exponential()
        case .lognormal(let median, let sigma):
            // Box and Muller (1958): one of the two normal variates.
            let radius = (2 * chance.exponential()).squareRoot()
            let normal = radius * chance.unit().portableSineOfTurns
            seconds = median.inSeconds * (sigma * normal).portableExponential
        case .empirical(let quantiles):
            seconds = ServiceTime.time(at: chance.unit(), in: quantiles)
        }
        return .nanoseconds(Int64(min(seconds, 86_400) * 1e9))
    }

    private static func time(at share: Double, in quantiles: [Quantile]) -> Double {
        var (lower, from) = (0.0, 0.0)
        for quantile in quantiles {
            let to = quantile.time.inSeconds
            if share < quantile.share {
                return from + (to - from) * (share - lower) / (quantile.share - lower)
            }
            (lower, from) = (quantile.share, to)
        }
        return from
    }
}
