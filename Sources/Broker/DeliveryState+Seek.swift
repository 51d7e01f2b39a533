internal import DequeModule
internal import HeapModule
package import Timekeeping

/// The ack state of a subscription at one moment, to go back to.
package struct DeliverySnapshot: Hashable, Sendable {
    /// Positions that were not acked, ascending.
    var unsettled: [Range<Int64>]
    /// The position that was to be published next; it and all later ones count as not acked.
    var nextPosition: Int64

    /// How many messages that were published were not acked.
    package var unsettledCount: Int64 {
        unsettled.reduce(0) { $0 + Int64($1.count) }
    }

    func isUnsettled(_ position: Int64) -> Bool {
        position >= nextPosition || unsettled.contains { $0.contains(position) }
    }
}

/// Where a seek goes.
package enum SeekTarget: Hashable, Sendable {
    /// What was published before becomes acked; what was published from then on, not acked.
    case time(Timestamp)
    case snapshot(DeliverySnapshot)

    func isUnsettled(position: Int64, publishTime: Timestamp) -> Bool {
        switch self {
        case .time(let time): publishTime >= time
        case .snapshot(let snapshot): snapshot.isUnsettled(position)
        }
    }
}

extension DeliveryState {
    /// What became of each message of a publication, where acked messages are retained.
    struct Record: Sendable {
        enum State: UInt8, Sendable {
            case unsettled
            case acked
            /// A seek took it for acked.
            case skipped
            case deadLettered
            case expired
            /// Filtered or shed: this subscription never had it.
            case notAdmitted
        }

        let publication: Publication<Batch>
        var states: [State]

        init(publication: Publication<Batch>, admitted: Selection) {
            self.publication = publication
            states = Array(repeating: .notAdmitted, count: publication.batch.count)
            admitted.forEach { states[$0] = .unsettled }
        }
    }

    /// Every parcel that is not settled, in no particular order.
    var unsettledParcels: [Parcel] {
        // order-free: counted, or sorted by position, by those who ask. Most of the time there are
        // none, or few, and key paths of a generic type are made anew each time.
        guard counts.unsettled > 0 else { return [] }
        var parcels = Array(backlog)
        parcels += ready
        parcels += ordering.heldParcels
        parcels += outstanding.values.lazy.map { $0.parcel }
        parcels += waiting.unordered.lazy.map { $0.value }
        return parcels
    }

    /// The lowest position of a message that is not settled; nil where all are.
    package var firstUnsettled: Int64? {
        unsettledParcels.lazy.compactMap { parcel in
            parcel.selection.first.map { parcel.publication.position(at: $0) }
        }.min()
    }

    /// The ack state now; `nextPosition` is the one the topic will give next.
    package func snapshot(nextPosition: Int64) -> DeliverySnapshot {
        var positions: [Int64] = []
        for parcel in unsettledParcels {
            parcel.selection.forEach { positions.append(parcel.publication.position(at: $0)) }
        }
        positions.sort()
        var ranges: [Range<Int64>] = []
        for position in positions {
            if let last = ranges.last, last.upperBound == position {
                ranges[ranges.count - 1] = last.lowerBound..<position + 1
            } else {
                ranges.append(position..<position + 1)
            }
        }
        return DeliverySnapshot(unsettled: ranges, nextPosition: nextPosition)
    }

    /// Notes the state of messages in the record of their publication.
    mutating func note(
        _ state: Record.State,
        of selection: Selection,
        in publication: Publication<Batch>
    ) {
        // Records lie in the order of their positions.
        let first = publication.firstPosition
        let place = records.partitioningIndex { $0.publication.firstPosition >= first }
        guard place < records.count, records[place].publication.firstPosition == first else {
            return
        }
        selection.forEach { records[place].states[$0] = state }
    }

    /// Changes the ack state of every message the subscription still has.
    ///
    /// Deliveries that are out are taken back: settling them later changes nothing. Dead letters,
    /// expired and shed messages stay what they are.
    mutating func seek(_ target: SeekTarget, at now: Timestamp, _ actions: inout [Action]) {
        var recordsNow = policy.retainsAcked ? Array(records) : recordsOfUnsettled()
        backlog = []
        ready = []
        outstanding = [:]
        deadlines = Heap()
        waiting = Heap()
        ordering = OrderingState<Batch>()
        counts.outstanding = 0
        counts.waiting = 0
        counts.backlog = 0
        unsettledBytes = 0
        for index in recordsNow.indices {
            let publication = recordsNow[index].publication
            var unsettled: [Int32] = []
            var skipped: [Int32] = []
            var broughtBack: [Int32] = []
            for (place, state) in recordsNow[index].states.enumerated() {
                guard [.unsettled, .acked, .skipped].contains(state) else { continue }
                let again = target.isUnsettled(
                    position: publication.position(at: place),
                    publishTime: publication.publishTime
                )
                switch (state, again) {
                case (.acked, true), (.skipped, true):
                    counts.acked -= 1
                    if state == .skipped { counts.unskipped += 1 }
                    counts.replayed += 1
                    broughtBack.append(Int32(place))
                case (.unsettled, false):
                    counts.acked += 1
                    counts.skipped += 1
                    skipped.append(Int32(place))
                    recordsNow[index].states[place] = .skipped
                default: break
                }
                if again {
                    recordsNow[index].states[place] = .unsettled
                    unsettled.append(Int32(place))
                }
            }
            let first = publication.firstPosition
            if !skipped.isEmpty {
                exceptions.add(.init(.skipped, first, .places(skipped), at: now))
                drop(.places(skipped), of: publication, as: .skipped, at: now, &actions)
            }
            if !broughtBack.isEmpty {
                exceptions.add(.init(.broughtBack, first, .places(broughtBack), at: now))
            }
            guard !unsettled.isEmpty else { continue }
            counts.backlog += Int64(unsettled.count)
            unsettledBytes += unsettled.count * publication.batch.bytesPerMessage
            backlog.append(Parcel(publication: publication, selection: .places(unsettled)))
        }
        if policy.retainsAcked {
            records = Deque(recordsNow)
        }
    }

    /// Records of what is unsettled, in the order of publication.
    private func recordsOfUnsettled() -> [Record] {
        var byPosition: [Int64: Record] = [:]
        for parcel in unsettledParcels {
            let position = parcel.publication.firstPosition
            var record =
                byPosition[position]
                ?? Record(publication: parcel.publication, admitted: .range(0..<0))
            parcel.selection.forEach { record.states[$0] = .unsettled }
            byPosition[position] = record
        }
        return byPosition.values.sorted {
            $0.publication.firstPosition < $1.publication.firstPosition
        }
    }

    /// Whether the queues hold what the counts say; asserted in debug builds.
    ///
    /// Long queues are not recounted, so that debug runs stay usable.
    var queuesAgreeWithCounts: Bool {
        guard backlog.count + ready.count + outstanding.count + waiting.count <= 64 else {
            return true
        }
        let queued = (Array(backlog) + Array(ready) + ordering.heldParcels)
            .reduce(0) { $0 + $1.count }
        return counts.backlog == Int64(queued)
            && counts.outstanding == outstanding.values.reduce(0) { $0 + Int64($1.parcel.count) }
            && counts.waiting == waiting.unordered.reduce(0) { $0 + Int64($1.value.count) }
            && unsettledBytes
                == unsettledParcels.reduce(0) {
                    $0 + $1.count * $1.publication.batch.bytesPerMessage
                }
    }
}
