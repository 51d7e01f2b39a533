internal import Broker
internal import Documents
internal import Stages
internal import Timekeeping

extension PipelineReader {
    /// Looks at what concerns several parts: names, roles, and that nothing goes in a circle.
    func checkGraph(of document: PipelineDocument) {
        for table in [owners, topics, subscriptions, stores, services] {
            table.checkUses(log: log)
        }
        checkReaders()
        checkCollectors()
        checkStores(document)
        checkCounting(of: document)
        checkCommitIntervals(document)
        checkTopicCycles(document)
        checkCallCycles()
        warnOfUnused(document)
    }

    /// Two stages on one subscription would each see a part of the messages.
    private func checkReaders() {
        var readers: [String: String] = [:]
        for flow in flows {
            guard let subscription = flow.subscription else { continue }
            if let other = readers[subscription.name] {
                log.add(
                    "the stage '\(other)' already reads the subscription "
                        + "'\(subscription.name)'; expected a subscription for each stage",
                    at: subscription.place
                )
            } else {
                readers[subscription.name] = flow.stage.name
            }
        }
    }

    /// One address is listened on, and so there is one who answers.
    private func checkCollectors() {
        let collectors = flows.filter { $0.stage.collector != nil }
        for flow in collectors.dropFirst() {
            log.add(
                "the stage '\(collectors[0].stage.name)' is a collector already; expected one "
                    + "collector at most",
                at: flow.place
            )
        }
    }

    private func checkStores(_ document: PipelineDocument) {
        let stores = Dictionary(document.stores.map { ($0.name, $0) }) { first, _ in first }
        for flow in flows {
            guard let name = flow.store, let store = stores[name.name] else { continue }
            let expected: PipelineDocument.Store.Role
            switch flow.stage.kind {
            case .ingest: expected = .raw
            case .analytics: expected = .warehouse
            case .producer, .relay, .collector, .external: continue
            }
            if store.role != expected {
                let other = document.stores.first { $0.role == expected }
                let hint = other.map { ", such as '\($0.name)'" } ?? ""
                log.add(
                    "the store '\(name.name)' has the role \(store.role.rawValue); expected one "
                        + "with the role \(expected.rawValue)\(hint)",
                    at: name.place
                )
            }
        }
    }

    /// Messages are acknowledged when they are committed, which must come before the deadline.
    private func checkCommitIntervals(_ document: PipelineDocument) {
        let subscriptions = Self.byName(document.subscriptions)
        for flow in flows {
            guard case .analytics(let analytics) = flow.stage.kind,
                let place = flow.commitInterval,
                let subscription = subscriptions[analytics.subscription],
                analytics.commitInterval >= subscription.policy.ackDeadline
            else { continue }
            log.add(
                "the commit interval, \(DurationText.write(analytics.commitInterval)), reaches "
                    + "the ack deadline of '\(subscription.name)', "
                    + "\(DurationText.write(subscription.policy.ackDeadline)), so that every "
                    + "message would come again; expected it to be shorter",
                at: place
            )
        }
    }

    private static func byName(
        _ subscriptions: [PipelineDocument.Subscription]
    ) -> [String: PipelineDocument.Subscription] {
        Dictionary(subscriptions.map { ($0.name, $0) }) { first, _ in first }
    }

    private func checkTopicCycles(_ document: PipelineDocument) {
        let subscriptions = Self.byName(document.subscriptions)
        var graph = CycleSearch()
        for flow in flows {
            guard let read = flow.subscription, let target = flow.topic,
                let subscription = subscriptions[read.name]
            else { continue }
            graph.connect(
                subscription.topic,
                to: target.name,
                through: "stage \(flow.stage.name)",
                at: target.place
            )
        }
        for cycle in graph.cycles() {
            log.add(
                "messages go in a circle: topic \(cycle.path.joined(separator: " → ")); expected "
                    + "a topic that does not lead back",
                at: cycle.place
            )
        }
    }

    private func checkCallCycles() {
        var graph = CycleSearch()
        for (caller, callee) in calls {
            graph.connect(caller, to: callee.name, through: nil, at: callee.place)
        }
        for cycle in graph.cycles() {
            log.add(
                "calls go in a circle: service \(cycle.path.joined(separator: " → ")); expected "
                    + "calls that do not lead back",
                at: cycle.place
            )
        }
    }

    private func warnOfUnused(_ document: PipelineDocument) {
        let published = Set(flows.compactMap { $0.topic?.name })
        let subscribed = Set(document.subscriptions.map(\.topic))
        for topic in topics.declared {
            switch (published.contains(topic.name), subscribed.contains(topic.name)) {
            case (true, true): break
            case (false, _):
                log.warn("nothing publishes to the topic '\(topic.name)'", at: topic.place)
            case (true, false):
                log.warn("nothing subscribes to the topic '\(topic.name)'", at: topic.place)
            }
        }
        for table in [subscriptions, stores] {
            let used = Set(table.uses.map(\.name))
            for name in table.declared where !used.contains(name.name) {
                log.warn("no stage uses the \(table.noun) '\(name.name)'", at: name.place)
            }
        }
    }

    /// Looks at who counts what where: the aggregates of a warehouse are one, so an event that
    /// two stages count there is counted twice, and a window that one of them keeps holds the
    /// events of that one alone.
    func checkCounting(of document: PipelineDocument) {
        let urls = Dictionary(document.stores.map { ($0.name, $0.url) }) { first, _ in first }
        let sources = TopicSources(document)
        var counted: [(stage: String, plan: PipelineDocument.Stage.Analytics, place: String)] = []
        for flow in flows {
            guard case .analytics(let plan) = flow.stage.kind, let url = urls[plan.store],
                let topic = document.topic(of: plan.subscription)
            else { continue }
            // Each warehouse in memory is one of its own.
            let place = url == "memory:" ? "memory: \(plan.store)" : url
            for other in counted where other.place == place {
                let otherTopic = document.topic(of: other.plan.subscription) ?? ""
                if let shared = sources.common(topic, otherTopic) {
                    let events =
                        topic == otherTopic
                        ? "the events of the topic '\(topic)'"
                        : "events that come from the topic '\(shared)'"
                    log.add(
                        "the stage '\(flow.stage.name)' would count \(events) once more, which "
                            + "'\(other.stage)' counts in the store '\(other.plan.store)' "
                            + "already; expected a warehouse for each of them, or one stage",
                        at: flow.subscription?.place ?? DocumentPlace(line: 1, column: 1)
                    )
                    break
                }
                if let difference = plan.differenceInParts(from: other.plan) {
                    log.add(
                        "the stage '\(flow.stage.name)' keeps other \(difference) than "
                            + "'\(other.stage)' in the same warehouse, whose sums would not agree; "
                            + "expected the same, or a warehouse for each of them",
                        at: flow.store?.place ?? DocumentPlace(line: 1, column: 1)
                    )
                    break
                }
            }
            counted.append((flow.stage.name, plan, place))
        }
        checkRoles(of: document)
    }

    /// A file or a database holds raw events or aggregates.
    private func checkRoles(of document: PipelineDocument) {
        var roles: [String: PipelineDocument.Store] = [:]
        for store in document.stores where store.url != "memory:" {
            guard let other = roles[store.url] else {
                roles[store.url] = store
                continue
            }
            guard other.role != store.role,
                let place = stores.declared.first(where: { $0.name == store.name })?.place
            else { continue }
            log.add(
                "the store '\(store.name)' is to lie where '\(other.name)' lies, and one holds "
                    + "raw events, the other aggregates; expected a place for each of them",
                at: place
            )
        }
    }
}

extension PipelineDocument.Stage.Analytics {
    /// What the two keep differently, in a word; nil where they keep the same.
    func differenceInParts(from other: Self) -> String? {
        if windows != other.windows { return "windows" }
        if distinctCounts != other.distinctCounts { return "distinct counts" }
        if productSales != other.productSales { return "sales by product" }
        return nil
    }
}

/// Finds the circles of a directed graph whose edges stand in a document.
struct CycleSearch {
    /// A thicket has more circles than anyone wants to read; cutting these cuts others.
    static let maximumCycles = 20
    private struct Edge {
        var target: Int
        var label: String?
        var place: DocumentPlace
    }

    private var names: [String] = []
    private var indices: [String: Int] = [:]
    private var edges: [[Edge]] = []

    /// Adds an edge, which `place` names in the document and `label` in a path.
    mutating func connect(
        _ source: String,
        to target: String,
        through label: String?,
        at place: DocumentPlace
    ) {
        let from = index(of: source)
        let edge = Edge(target: index(of: target), label: label, place: place)
        edges[from].append(edge)
    }

    private mutating func index(of name: String) -> Int {
        if let index = indices[name] { return index }
        indices[name] = names.count
        names.append(name)
        edges.append([])
        return names.count - 1
    }

    /// One path for each edge that closes a circle, from its node back to it, in the order in
    /// which edges were added.
    ///
    /// A depth-first search with a stack of its own: a document may hold a long chain.
    func cycles() -> [(path: [String], place: DocumentPlace)] {
        var found: [(path: [String], place: DocumentPlace)] = []
        var isDone = [Bool](repeating: false, count: names.count)
        for root in names.indices where !isDone[root] && found.count < Self.maximumCycles {
            // The nodes from the root to here, and how far each one's edges were followed.
            var trail: [(node: Int, next: Int)] = [(root, 0)]
            var depths: [Int: Int] = [root: 0]
            while let top = trail.last, found.count < Self.maximumCycles {
                guard top.next < edges[top.node].count else {
                    isDone[top.node] = true
                    depths[top.node] = nil
                    trail.removeLast()
                    continue
                }
                let edge = edges[top.node][top.next]
                trail[trail.count - 1].next += 1
                if let depth = depths[edge.target] {
                    found.append((path(of: trail[depth...]), edge.place))
                } else if !isDone[edge.target] {
                    depths[edge.target] = trail.count
                    trail.append((edge.target, 0))
                }
            }
        }
        return found
    }

    private func path(of trail: ArraySlice<(node: Int, next: Int)>) -> [String] {
        var path: [String] = []
        for (node, next) in trail {
            path.append(names[node])
            // The edge that was taken is the one before the next.
            if let label = edges[node][next - 1].label {
                path.append(label)
            }
        }
        if let first = trail.first {
            path.append(names[first.node])
        }
        return path
    }
}

/// Which topics the events of a topic come from, through relays; a pure value.
struct TopicSources {
    private var sources: [String: Set<String>] = [:]

    init(_ document: PipelineDocument) {
        let edges = document.stages.compactMap { stage -> (from: String, to: String)? in
            guard case .relay(let subscription, let target) = stage.kind,
                let topic = document.topic(of: subscription)
            else { return nil }
            return (topic, target)
        }
        // order-free: each name once
        for topic in Set(document.topics.map(\.name)) {
            var found: Set = [topic]
            var grew = true
            while grew {
                grew = false
                for edge in edges where found.contains(edge.to) {
                    if found.insert(edge.from).inserted { grew = true }
                }
            }
            sources[topic] = found
        }
    }

    /// A topic that the events of both come from, the first by name; nil where there is none.
    func common(_ left: String, _ right: String) -> String? {
        guard let left = sources[left], let right = sources[right] else { return nil }
        return left.intersection(right).min()
    }
}
