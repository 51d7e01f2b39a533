internal import Broker
internal import Commerce
package import Datasets
package import Stages
package import Storage
internal import Timekeeping

/// Who reads a subscription, and so takes its letters when they are replayed.
package struct ReplayStage: Sendable {
    package enum Kind: Sendable {
        /// Stores them here; a catalogue calls that by the id, where it has it.
        case ingest(any RawStore, DatasetID?)
        /// Counts them so; a catalogue calls the aggregates by the id, where it has them.
        case analytics(AnalyticsOptions, DatasetID?)
    }

    package var subscription: String
    package var kind: Kind
    /// Whether the subscription keeps the order of each key.
    package var isOrdered: Bool

    package init(subscription: String, kind: Kind, isOrdered: Bool) {
        self.subscription = subscription
        self.kind = kind
        self.isOrdered = isOrdered
    }
}

extension KeptLetter {
    /// The message, as its subscription would deliver it once more, with texts in `symbols`.
    ///
    /// Nil where its bytes are no CloudEvents JSON: only the reader of its log can make an event
    /// of those.
    ///
    /// An event of the shopper model is known again by its number in a stream, any other by its
    /// identity: `streams` are those that the subscription has counted.
    func delivery(
        _ symbols: SymbolTable,
        streams: [StreamProgress],
        at now: Timestamp
    ) throws(RejectionReason) -> Delivery<Batch>? {
        guard document.first(where: { $0 > 0x20 }) == UInt8(ascii: "{") else { return nil }
        let (event, items) = try CloudEventDecoder(symbols: symbols, events: .accepted)
            .decode(document[...])
        let isStream = streams.contains { $0.stream.utf8.elementsEqual(name.source.utf8) }
        return Delivery(
            again: .init(event: event, items: items, document: document),
            symbols,
            isStream: isStream,
            at: name.position,
            attempt: Int(clamping: attempts) + 1,
            now
        )
    }
}

extension WholeEvent {
    /// The event, as its subscription would deliver it once more, with texts in `symbols`; nil
    /// where it cannot be read.
    ///
    /// It is known by its number where `isStream` says that a stream has numbered it, else by its
    /// identity.
    func delivery(
        _ symbols: SymbolTable,
        isStream: Bool,
        at now: Timestamp
    ) -> Delivery<Batch>? {
        content.map { content in
            Delivery(
                again: content,
                symbols,
                isStream: isStream,
                at: position,
                attempt: 1,
                now
            )
        }
    }
}

extension Delivery<Batch> {
    /// The one event of `content`, given to a stage once more.
    fileprivate init(
        again content: WholeEvent.Content,
        _ symbols: SymbolTable,
        isStream: Bool,
        at position: Int64,
        attempt: Int,
        _ now: Timestamp
    ) {
        var event = content.event
        event.firstItem = 0
        event.itemCount = UInt16(content.items.count)
        let originals = content.document.map { document in
            var originals = Originals()
            originals.bytes = document
            originals.ranges = [document.indices]
            return originals
        }
        let batch = Batch(
            events: [event],
            items: content.items,
            origin: Origin(
                stream: event.source,
                firstOffset: event.sequence,
                isReplayed: !isStream
            ),
            symbols: symbols,
            originals: originals
        )
        self.init(
            again: Publication(batch: batch, firstPosition: position, publishTime: now),
            attempt: attempt,
            deadline: now
        )
    }
}

extension ReplayedLetter {
    /// What `settlement` makes of the one message of a delivery: `outcome`, where it has not
    /// failed.
    init(
        _ name: LetterName,
        _ outcome: @autoclosure () -> Outcome,
        _ settlement: Settlement,
        of replay: LetterReplay,
        at now: Timestamp
    ) {
        let failure: FailureReason? =
            switch settlement {
            case .ack: nil
            case .nack(let reason): reason
            case .ackExcept(let failures): failures.first?.reason
            }
        self.init(
            name: name,
            outcome: failure == nil ? outcome() : .failed,
            reason: failure,
            time: now,
            replay: replay
        )
    }
}
