internal import Broker
internal import Commerce
internal import Documents
internal import Timekeeping

/// Makes a ``PipelineDocument`` of a document's values.
///
/// Reads part by part, the parts in extensions of their own, and gathers the names on the way;
/// what concerns several parts is checked last (``checkGraph()``).
struct PipelineReader {
    let log: MistakeLog
    var owners = NameTable(noun: "owner")
    var topics = NameTable(noun: "topic")
    var subscriptions = NameTable(noun: "subscription")
    var stages = NameTable(noun: "stage")
    var stores = NameTable(noun: "store")
    var services = NameTable(noun: "service")
    /// Where each stage says what it reads, writes and publishes to.
    var flows: [StageFlow] = []
    /// Which service calls which.
    var calls: [(caller: String, callee: LocatedName)] = []

    /// The edges of one stage, with their places.
    struct StageFlow {
        var stage: PipelineDocument.Stage
        var subscription: LocatedName?
        var topic: LocatedName?
        var store: LocatedName?
        var commitInterval: DocumentPlace?
        var place: DocumentPlace
    }

    mutating func read(_ root: NodeReader) -> PipelineDocument {
        let (name, spec) = root.weirDocument(kind: "Pipeline", spec: PipelineKeys.spec)
        var document = PipelineDocument(name: name)
        guard let spec else { return document }
        document.owners = spec["owners"]?.items().compactMap { readOwner($0) } ?? []
        document.topics = spec["topics"]?.items().compactMap { readTopic($0) } ?? []
        document.subscriptions =
            spec["subscriptions"]?.items().compactMap { readSubscription($0) } ?? []
        document.stages = readStages(spec["stages"])
        document.stores = spec["stores"]?.items().compactMap { readStore($0) } ?? []
        document.services = spec["services"]?.items().compactMap { readService($0) } ?? []
        if let load = spec["load"].flatMap({ readLoad($0) }) {
            document.load = load
        }
        if let traffic = spec["traffic"].flatMap({ readTraffic($0) }) {
            document.traffic = traffic
        }
        if let input = spec["input"] { readInput(input, into: &document) }
        document.validation = spec["validation"].map { readValidation($0) } ?? .init()
        document.validation.events = readEvents(spec["events"], document.validation)
        document.objectives =
            spec["objectives"]?.items().compactMap { $0.text(expected: "a path") } ?? []
        checkGraph(of: document)
        return document
    }

    private mutating func readOwner(_ reader: NodeReader) -> PipelineDocument.Owner? {
        guard let fields = reader.fields(PipelineKeys.owner) else { return nil }
        let name = declare(fields["name"], in: \.owners)
        return PipelineDocument.Owner(
            name: name,
            contact: fields["contact"]?.text(expected: "an address")
        )
    }

    private mutating func readStore(_ reader: NodeReader) -> PipelineDocument.Store? {
        guard let fields = reader.fields(PipelineKeys.store) else { return nil }
        let name = declare(fields["name"], in: \.stores)
        let role = fields["role"]?.choice(of: PipelineDocument.Store.Role.self) ?? .raw
        var store = PipelineDocument.Store(
            name: name,
            role: role,
            url: fields["url"].flatMap { readStoreURL($0) }
                ?? "sqlite:.weir/\(role.rawValue).sqlite",
            owner: use(fields["owner"], of: \.owners)?.name
        )
        store.serviceTime = fields["serviceTime"].flatMap { readServiceTime($0) }
        if let indexes = fields["indexes"] {
            if role != .raw {
                indexes.mistake("indexes are for raw stores; a warehouse has its own")
            }
            store.indexes = indexes.items().compactMap {
                $0.choice(of: PipelineDocument.BusinessKey.self)
            }
        }
        if let retention = fields["logRetention"] {
            if role != .raw { retention.mistake("logs are kept in raw stores") }
            store.logRetention = retention.duration(in: Self.retention) ?? store.logRetention
        }
        return store
    }

    /// Only the scheme is checked and shown: what follows may hold a password.
    private func readStoreURL(_ reader: NodeReader) -> String? {
        let schemes = ["sqlite", "memory", "mongodb", "mongodb+srv", "postgresql"]
        let expected = "sqlite:<path>, memory:, mongodb://… or postgresql://…"
        guard let url = reader.text(expected: expected) else { return nil }
        // A connection string of libpq, which has no scheme: its adapter judges it.
        if let equals = url.firstIndex(of: "="), !url[..<equals].contains(":") { return url }
        guard let colon = url.firstIndex(of: ":") else {
            reader.mistake("the store's url has no scheme; expected \(expected)")
            return nil
        }
        let scheme = String(url[..<colon])
        guard schemes.contains(scheme) else {
            reader.mistake(
                "there is no store for '\(shortened(scheme)):'; "
                    + suggestion(for: scheme, from: schemes)
            )
            return nil
        }
        let path = url.dropFirst("sqlite:".count)
        guard scheme != "sqlite" || !(path.isEmpty || path == ":memory:") else {
            reader.mistake("the store's url names no file; expected sqlite:<path>")
            return nil
        }
        guard scheme != "sqlite" || !path.hasPrefix("file:") else {
            reader.mistake(
                "'file:' in the store's url is not part of a path, and may name no file at "
                    + "all; expected sqlite:<path>, such as sqlite:.weir/raw.sqlite"
            )
            return nil
        }
        return url
    }

    private mutating func readService(_ reader: NodeReader) -> PipelineDocument.Service? {
        guard let fields = reader.fields(PipelineKeys.service) else { return nil }
        let name = declare(fields["name"], in: \.services)
        let callees = readCalls(fields["calls"])
        calls += callees.map { (name, $0) }
        return PipelineDocument.Service(
            name: name,
            owner: use(fields["owner"], of: \.owners)?.name,
            calls: callees.map(\.name)
        )
    }

    mutating func readCalls(_ reader: NodeReader?) -> [LocatedName] {
        var callees: [LocatedName] = []
        var seen: Set<String> = []
        for item in reader?.items() ?? [] {
            guard let callee = use(item, of: \.services) else { continue }
            if seen.insert(callee.name).inserted {
                callees.append(callee)
            } else {
                item.mistake("'\(callee.name)' is listed twice; expected each service once")
            }
        }
        return callees
    }

    private func readValidation(_ reader: NodeReader) -> PipelineDocument.Validation {
        var validation = PipelineDocument.Validation()
        guard let fields = reader.fields(PipelineKeys.validation) else { return validation }
        let instant = "an instant of RFC 3339 such as 1980-01-01T00:00:00Z"
        let earliest = fields["earliest"]?.value(expected: instant) { Timestamp(rfc3339: $0) }
        validation.earliest = earliest ?? validation.earliest
        let limit = fields["aheadLimit"]?.duration(in: .zero...DurationText.longest)
        validation.aheadLimit = limit ?? validation.aheadLimit
        let choice = fields["zeroQuantity"]?.choice(of: LogOptions.ZeroQuantity.self)
        validation.zeroQuantity = choice ?? validation.zeroQuantity
        let unknown = EventDeclarations.Unknown.self
        if let events = fields["unknownEvents"]?.choice(of: unknown) {
            validation.events.unknownEvents = events
        }
        if let parameters = fields["unknownParameters"]?.choice(of: unknown) {
            validation.events.unknownParameters = parameters
        }
        return validation
    }

    /// The name that `reader` gives something, entered into `table`; empty where it gives none.
    mutating func declare(
        _ reader: NodeReader?,
        in table: WritableKeyPath<PipelineReader, NameTable>
    ) -> String {
        guard let reader, let name = reader.name() else { return "" }
        self[keyPath: table].declare(
            LocatedName(name: name, place: reader.node.place),
            log: log
        )
        return name
    }

    /// The name of something else that `reader` refers to, noted in `table`.
    mutating func use(
        _ reader: NodeReader?,
        of table: WritableKeyPath<PipelineReader, NameTable>
    ) -> LocatedName? {
        guard let reader, let name = reader.name() else { return nil }
        let use = LocatedName(name: name, place: reader.node.place)
        self[keyPath: table].use(use)
        return use
    }
}

extension PipelineReader {
    mutating func readTopic(_ reader: NodeReader) -> PipelineDocument.Topic? {
        guard let fields = reader.fields(PipelineKeys.topic) else { return nil }
        let name = declare(fields["name"], in: \.topics)
        return PipelineDocument.Topic(
            name: name,
            owner: use(fields["owner"], of: \.owners)?.name,
            messageRetention: fields["messageRetentionDuration"]?.duration(in: Self.retention)
        )
    }

    mutating func readSubscription(_ reader: NodeReader) -> PipelineDocument.Subscription? {
        guard let fields = reader.fields(PipelineKeys.subscription) else { return nil }
        let name = declare(fields["name"], in: \.subscriptions)
        let topic = use(fields["topic"], of: \.topics)
        var result = PipelineDocument.Subscription(name: name, topic: topic?.name ?? "")
        result.owner = use(fields["owner"], of: \.owners)?.name
        let deadline = fields["ackDeadlineSeconds"]?.integer(in: 10...600)
        result.policy.ackDeadline = deadline.map { .seconds($0) } ?? result.policy.ackDeadline
        result.policy.isOrdered = fields["enableMessageOrdering"]?.flag() ?? false
        result.filter = fields["filter"].flatMap { readFilter($0) }
        let retention = fields["messageRetentionDuration"]?.duration(in: Self.retention)
        result.policy.retention = retention ?? result.policy.retention
        result.policy.retainsAcked = fields["retainAckedMessages"]?.flag() ?? false
        if let policy = fields["retryPolicy"] {
            readRetryPolicy(policy, into: &result)
        }
        let letters = fields["deadLetterPolicy"]?.fields(PipelineKeys.deadLetterPolicy)
        let attempts = letters?["maxDeliveryAttempts"]?.integer(in: 1...100)
        result.policy.maximumAttempts = attempts ?? result.policy.maximumAttempts
        if let control = fields["flowControl"]?.fields(PipelineKeys.flowControl) {
            readFlowControl(control, into: &result)
        }
        return result
    }

    /// As short as a test needs it, and as long as anyone replays.
    private static var retention: ClosedRange<Duration> { .seconds(1)...(.seconds(366 * 86_400)) }

    private func readRetryPolicy(
        _ reader: NodeReader,
        into result: inout PipelineDocument.Subscription
    ) {
        guard let policy = reader.fields(PipelineKeys.retryPolicy) else { return }
        let range = Duration.zero...(.seconds(600))
        let least = policy["minimumBackoff"]?.duration(in: range)
        result.policy.minimumBackoff = least ?? result.policy.minimumBackoff
        let most = policy["maximumBackoff"]?.duration(in: range)
        result.policy.maximumBackoff = most ?? result.policy.maximumBackoff
        guard result.policy.minimumBackoff > result.policy.maximumBackoff else { return }
        let minimum = DurationText.write(result.policy.minimumBackoff)
        let maximum = DurationText.write(result.policy.maximumBackoff)
        (policy["minimumBackoff"] ?? reader).mistake(
            "the minimum backoff, \(minimum), is longer than the maximum, \(maximum); expected "
                + "it to be at most that"
        )
    }

    private func readFlowControl(
        _ control: FieldReader,
        into result: inout PipelineDocument.Subscription
    ) {
        let messages = control["maxOutstandingMessages"]?.integer(in: 1...1_000_000_000)
        result.policy.maximumMessages = messages ?? result.policy.maximumMessages
        let bytes = control["maxOutstandingBytes"]?.bytes(in: 1024...(1 << 40))
        result.policy.maximumBytes = bytes ?? result.policy.maximumBytes
        let whenFull = control["whenFull"]?.choice(of: SubscriptionPolicy.WhenFull.self)
        result.policy.whenFull = whenFull ?? result.policy.whenFull
    }

    private func readFilter(_ reader: NodeReader) -> AttributeFilter? {
        if case .scalar(let text, false) = reader.node.content, AttributeFilter.isEmpty(text) {
            return nil
        }
        let expected = "a filter such as attributes.type = \"purchase\""
        guard let text = reader.text(expected: expected) else { return nil }
        do {
            return try AttributeFilter(parsing: text, attributes: Batch.attributeNames)
        } catch {
            if var place = reader.node.textPlace {
                place.column += error.column - 1
                log.add("in 'filter': \(error.message)", at: place)
            } else {
                reader.mistake("in 'filter', at its character \(error.column): \(error.message)")
            }
            return nil
        }
    }
}
