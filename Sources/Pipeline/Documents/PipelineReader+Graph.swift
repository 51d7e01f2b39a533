internal import Broker
internal import Documents
internal import Timekeeping

extension PipelineReader {
    /// Looks at what concerns several parts: names, roles, and that nothing goes in a circle.
    func checkGraph(of document: PipelineDocument) {
        for table in [owners, topics, subscriptions, stores, services] {
            table.checkUses(log: log)
        }
        checkReaders()
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

    private func checkStores(_ document: PipelineDocument) {
        let stores = Dictionary(document.stores.map { ($0.name, $0) }) { first, _ in first }
        for flow in flows {
            guard let name = flow.store, let store = stores[name.name] else { continue }
            let expected: PipelineDocument.Store.Role
            switch flow.stage.kind {
            case .ingest: expected = .raw
            case .analytics: expected = .warehouse
            case .producer, .relay: continue
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
}
