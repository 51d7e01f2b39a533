package import Broker
package import Commerce
internal import Synchronization
package import Timekeeping

/// A stage that is a program of its own: it takes the messages of a subscription one by one, says
/// what became of each by the id it was handed out under, and publishes what it makes of them.
///
/// - Guarantees: a message is settled by the program alone, or comes again after its deadline; what
///   it publishes before it acknowledges is in the topic before that message counts as settled.
/// - Non-guarantees: once. A program that ends between publishing and acknowledging is given the
///   message again, so what it publishes should have an identity that follows from the message.
package final class ExternalStage: Sendable {
    /// A message as it is handed out.
    package struct Message: Sendable {
        /// What it is settled by; another one each time it is handed out.
        package var ackID: String
        /// Its event, a CloudEvent in JSON.
        package var data: [UInt8]
        /// What filters look at, and `traceparent`.
        package var attributes: [(name: String, value: String)]
        /// The id of its event.
        package var id: String
        package var published: Timestamp
        /// What it is kept in order by; nil where the subscription is not ordered.
        package var orderingKey: String?
        /// From 1.
        package var attempt: Int
    }

    /// Why nothing of what was to be published is in the topic.
    package enum Refusal: Error, Sendable {
        /// It publishes to no topic, by the pipeline file.
        case noTopic
        /// The message at this place, from 0, is no event that the pipeline takes.
        case wrong(Int, String)
        /// A subscription had no room for too long.
        case full
        /// It has settled everything, or is about to end.
        case closed
    }

    /// What is handed out.
    private struct Lease {
        var delivery: Delivery<Batch>
        var since: Timestamp
        var deadline: Timestamp
    }

    private struct State {
        var leases: [UInt64: Lease] = [:]
        /// How many leases there may be before those are looked for that are over.
        var leaseLimit = 1024
        var symbols: SymbolTable
        var lastOffset: Int64 = 0
        var isOpen = true
        /// How many publications are under way.
        var publishing = 0
    }

    /// Its name in the pipeline.
    package let name: String
    /// The subscription that it reads.
    package let subscriptionName: String
    /// The topic that it publishes to; nil for none.
    package let topicName: String?
    private let subscription: any Subscription<Batch>
    private let topic: (any Topic<Batch>)?
    private let stream: String
    /// Keeps the ids of one run from settling anything in another.
    private let run: String
    private let declarations: EventDeclarations
    private let patience: Duration
    private let meter: StageMeter
    private let timeline: any Timeline
    private let state: Mutex<State>
    private let published = Signal()

    /// A stage in a run that began at `began`, whose events are called `stream` together.
    ///
    /// A publication waits for room for as long as `patience`.
    package init(
        subscription: any Subscription<Batch>,
        topic: (any Topic<Batch>)?,
        stream: String,
        began: Timestamp,
        symbols: SymbolTable,
        events: EventDeclarations,
        patience: Duration = .seconds(5),
        meter: StageMeter,
        timeline: any Timeline
    ) {
        name = meter.name
        subscriptionName = subscription.name
        topicName = topic?.name
        self.subscription = subscription
        self.topic = topic
        self.stream = stream
        run = String(began.nanoseconds, radix: 36)
        declarations = events
        self.patience = patience
        self.meter = meter
        self.timeline = timeline
        state = Mutex(State(symbols: symbols))
    }

    /// Waits until the subscription's topic is closed, every message is settled, and what the
    /// program was publishing is published; the topic it publishes to stays open.
    package func run() async throws {
        // Asks for no message, and so for the end alone.
        while try await subscription.receive(atMost: 0, until: nil) != nil {}
        state.withLock { $0.isOpen = false }
        while true {
            let version = published.version
            if state.withLock({ $0.publishing == 0 }) { return }
            try await published.wait(since: version)
        }
    }

    // MARK: - Taking

    /// At most `limit` messages; waits where there is none yet, at most until `deadline`.
    package func pull(
        atMost limit: Int,
        until deadline: Timestamp
    ) async throws(CancellationError) -> [Message] {
        var messages: [Message] = []
        // One by one, since each is settled alone.
        while messages.count < limit {
            let patience = messages.isEmpty ? deadline : timeline.now
            guard let deliveries = try await subscription.receive(atMost: 1, until: patience) else {
                if messages.isEmpty { try await timeline.sleep(until: deadline) }
                return messages
            }
            let now = timeline.now
            if deliveries.isEmpty {
                guard messages.isEmpty, now < deadline else { return messages }
                // All is in the hands of others, who may give something back.
                try await timeline.sleep(until: min(deadline, now + .milliseconds(50)))
            }
            for delivery in deliveries { messages += handOut(delivery, at: now) }
        }
        return messages
    }

    private func handOut(_ delivery: Delivery<Batch>, at now: Timestamp) -> [Message] {
        state.withLock { state in
            let lease = Lease(delivery: delivery, since: now, deadline: delivery.deadline)
            state.leases[delivery.id.number] = lease
            if state.leases.count > state.leaseLimit {
                state.leases = state.leases.filter { $0.value.deadline > now }
                state.leaseLimit = max(1024, 2 * state.leases.count)
            }
            meter.workBegins(of: 0, at: now, with: [delivery])
        }
        meter.update { $0.received += Int64(delivery.count) }
        var messages: [Message] = []
        delivery.selection.forEach { place in
            messages.append(message(place, of: delivery))
        }
        return messages
    }

    private func message(_ place: Int, of delivery: Delivery<Batch>) -> Message {
        let batch = delivery.batch
        var data: [UInt8]
        var parent: String?
        if let original = batch.originalJSON(of: place) {
            data = Array(original)
            parent = ForeignAttributes(json: original).traceparent
        } else {
            data = []
            CloudEventEncoder().append(place, of: batch, to: &data)
        }
        if parent == nil {
            var bytes: [UInt8] = []
            TraceContext(of: batch.events[place], symbols: batch.symbols)
                .appendTraceparent(to: &bytes)
            parent = String(decoding: bytes, as: UTF8.self)
        }
        let attributes = Batch.attributeNames.compactMap { name in
            batch.attribute(name, of: place).map { (name, $0) }
        }
        return Message(
            ackID: "\(subscriptionName):\(run):\(delivery.id.number)",
            data: data,
            attributes: attributes + [("traceparent", parent ?? "")],
            id: batch.idText(of: place),
            published: delivery.publication.publishTime,
            orderingKey: subscription.policy.isOrdered
                ? batch.attribute("subject", of: place) : nil,
            attempt: delivery.attempt
        )
    }

    // MARK: - Settling

    /// Which of `ackIDs` were never handed out by any run.
    package func strange(among ackIDs: [String]) -> [String] {
        ackIDs.filter { ackID in
            let parts = ackID.split(separator: ":", omittingEmptySubsequences: false)
            return parts.count != 3 || parts[0] != subscriptionName || UInt64(parts[2]) == nil
        }
    }

    /// The messages were processed; of one whose deadline has passed nothing changes.
    package func acknowledge(_ ackIDs: [String]) {
        settle(ackIDs, .ack)
    }

    /// The deadlines of the messages pass after `duration`, counted from now; after none they come
    /// again.
    package func setDeadline(of ackIDs: [String], after duration: Duration) {
        guard duration > .zero else {
            return settle(ackIDs, .nack(ExternalStage.givenBack))
        }
        let deadline = timeline.now + duration
        for number in ackIDs.compactMap(number) {
            let delivery = state.withLock { state in
                state.leases[number]?.deadline = deadline
                return state.leases[number]?.delivery
            }
            if let delivery { subscription.extendDeadline(of: delivery, by: duration) }
        }
    }

    private static let givenBack = FailureReason(
        label: "given-back",
        detail: "the service gave it back; its log says why"
    )

    private func number(of ackID: String) -> UInt64? {
        let parts = ackID.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == subscriptionName, parts[1] == run else { return nil }
        return UInt64(parts[2])
    }

    private func settle(_ ackIDs: [String], _ settlement: Settlement) {
        for number in ackIDs.compactMap(number) {
            let lease = state.withLock { state in
                let lease = state.leases.removeValue(forKey: number)
                if let lease {
                    meter.settled(lease.delivery, worker: 0)
                    if state.leases.isEmpty { meter.workEnds(of: 0, at: timeline.now) }
                }
                return lease
            }
            guard let lease, subscription.settle(lease.delivery, settlement) else { continue }
            let (delivery, now) = (lease.delivery, timeline.now)
            if case .ack = settlement {
                meter.recordLatency(delivery.batch, delivery.selection, at: now)
            }
            meter.update { counts in
                counts.recordJob(now - lease.since)
                switch settlement {
                case .ack: counts.processed += Int64(delivery.count)
                case .nack(let reason):
                    counts.failures[reason.label, default: 0] += Int64(delivery.count)
                case .ackExcept: break
                }
            }
        }
    }

    // MARK: - Publishing

    /// Publishes events, each a CloudEvent in JSON; all of them or none.
    ///
    /// One that names no trace is of `traceparent`, if that is given beside it.
    ///
    /// - Returns: Their ids.
    package func publish(
        _ messages: [(data: [UInt8], traceparent: String?)]
    ) async throws(Refusal) -> [String] {
        guard let topic else { throw .noTopic }
        let isOpen = state.withLock { state in
            if state.isOpen { state.publishing += 1 }
            return state.isOpen
        }
        guard isOpen else { throw .closed }
        defer {
            state.withLock { $0.publishing -= 1 }
            published.raise()
        }
        let now = timeline.now
        let symbols = state.withLock { state in
            if state.symbols.isFull { state.symbols = state.symbols.successor() }
            return state.symbols
        }
        var events = CollectedEvents(symbols: symbols, declarations, received: now)
        for (place, message) in messages.enumerated() {
            do throws(RejectionReason) {
                // On one line, as it is stored.
                var tree = try JSONTree(body: message.data)
                if let parent = message.traceparent, tree["traceparent"] == nil, tree.isObject {
                    _ = tree.set(["traceparent"], JSONTree(text: parent))
                }
                let line = Array(tree.json.utf8)
                let (event, items) = try events.decode(line[...])
                events.append(event, items, line: line)
            } catch {
                let field = error.field.map { "\($0): " } ?? ""
                throw .wrong(place, field + error.message)
            }
        }
        let first = state.withLock { state in
            defer { state.lastOffset += Int64(events.count) }
            return state.lastOffset + 1
        }
        let batch = CollectedEvents.batch(of: [events], stream: stream, firstOffset: first)
        guard await topic.publish(batch, by: now + patience, timeline) else { throw .full }
        return (0..<batch.count).map(batch.idText)
    }
}
