package import Broker
package import Commerce

/// Who the events of a delivery of a log are: what decides whether each of them counts.
///
/// Events of the shopper model are known by their offset, and their orders are distinct; nothing
/// is looked up for them.
package struct LogRecognition: Sendable {
    struct Entry: Sendable {
        var event: CountedEvent
        /// The order it opens.
        var order: IdentityDigest?
    }

    /// By the places in the batch; nil for what is not delivered.
    private var entries: [Entry?] = []

    /// Recognises the events of `delivery`; nobody where it is of no log.
    package init(_ delivery: Delivery<Batch>) {
        let batch = delivery.batch
        guard batch.origin.isReplayed else { return }
        entries = Array(repeating: nil, count: batch.count)
        delivery.selection.forEach { place in
            entries[place] = Entry(
                event: CountedEvent(
                    batch.identity(of: place),
                    content: batch.contentDigest(of: place)
                ),
                order: batch.openedOrder(by: place)
            )
        }
    }

    /// Who the event at `place` is; nil where it is of no log.
    subscript(place: Int) -> Entry? {
        place < entries.count ? entries[place] : nil
    }

    /// What has to be looked up before the deliveries are taken in.
    package static func question(_ deliveries: [LogRecognition]) -> CountedQuestion {
        var question = CountedQuestion()
        for case let entry? in deliveries.lazy.flatMap(\.entries) {
            question.events.append(entry.event.identity)
            if let order = entry.order {
                question.orders.append(order)
            }
        }
        return question
    }
}
