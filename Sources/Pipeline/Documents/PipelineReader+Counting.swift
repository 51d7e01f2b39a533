internal import Documents
internal import Stages

extension PipelineReader {
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
