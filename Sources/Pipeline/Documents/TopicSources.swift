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
