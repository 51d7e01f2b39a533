package import Broker
package import Commerce
package import Timekeeping

/// Passes the messages of a subscription on to a further topic.
package struct RelayStage: Sendable {
    private let subscription: any Subscription<Batch>
    private let topic: any Topic<Batch>
    private let timeline: any Timeline
    private let meter: StageMeter

    package init(
        subscription: any Subscription<Batch>,
        topic: any Topic<Batch>,
        timeline: any Timeline,
        meter: StageMeter
    ) {
        self.subscription = subscription
        self.topic = topic
        self.timeline = timeline
        self.meter = meter
    }

    /// Runs until the subscription's topic is closed and every message is settled; the topic it
    /// publishes to stays open.
    ///
    /// A message is acknowledged once it is published, so one may be published twice, never not
    /// at all; its identity stays the same.
    package func run() async throws {
        while let deliveries = try await subscription.receive(atMost: 4096, until: nil) {
            for delivery in deliveries {
                let began = timeline.now
                try await topic.publish(delivery.batch.selecting(delivery.selection))
                let now = timeline.now
                if subscription.settle(delivery, .ack) {
                    meter.recordLatency(delivery.batch, delivery.selection, at: now)
                }
                meter.update { counts in
                    counts.received += Int64(delivery.count)
                    counts.processed += Int64(delivery.count)
                    counts.recordJob(now - began)
                }
            }
            await Task.yield()
        }
    }
}

extension Batch {
    /// The batch itself where everything is selected, else a batch of the selected events.
    func selecting(_ selection: Selection) -> Batch {
        if selection.count == count { return self }
        var events: [Event] = []
        var items: [Item] = []
        var offsets: [Int64] = []
        var originals = self.originals == nil ? nil : Originals()
        var sendTimes: [Timestamp] = []
        var flaws: [Int: FailureReason] = [:]
        selection.forEach { place in
            flaws[events.count] = self.flaws[place]
            if !self.sendTimes.isEmpty { sendTimes.append(self.sendTimes[place]) }
            var event = self.events[place]
            let lines = self.items[event.itemRange]
            event.firstItem = UInt32(items.count)
            items.append(contentsOf: lines)
            events.append(event)
            offsets.append(origin.offset(at: place))
            if let kept = self.originals {
                let start = originals?.bytes.count ?? 0
                originals?.bytes.append(contentsOf: kept.bytes[kept.ranges[place]])
                originals?.ranges.append(start..<start + kept.ranges[place].count)
            }
        }
        return Batch(
            events: events,
            items: items,
            origin: Origin(
                stream: origin.stream,
                firstOffset: 0,
                offsets: offsets,
                isReplayed: origin.isReplayed
            ),
            symbols: symbols,
            originals: originals,
            schedule: schedule,
            sendTimes: sendTimes,
            flaws: flaws
        )
    }
}
