public import Timekeeping

/// A batch as its topic carries it: with the place and the time it was given there.
@usableFromInline
package struct Publication<Batch: MessageBatch>: Sendable {
    @usableFromInline package let batch: Batch
    /// The topic's position of the batch's first message, from 1; the others follow it.
    @usableFromInline package let firstPosition: Int64
    @usableFromInline package let publishTime: Timestamp

    package init(batch: Batch, firstPosition: Int64, publishTime: Timestamp) {
        self.batch = batch
        self.firstPosition = firstPosition
        self.publishTime = publishTime
    }

    /// The topic's position of the message at `index`.
    @inlinable
    package func position(at index: Int) -> Int64 {
        firstPosition + Int64(index)
    }
}

/// Some of the messages of one batch, by their places in it, in ascending order.
@usableFromInline
package enum Selection: Hashable, Sendable {
    case range(Range<Int>)
    case places([Int32])

    /// How many messages are selected.
    @inlinable package var count: Int {
        switch self {
        case .range(let range): range.count
        case .places(let places): places.count
        }
    }

    /// Whether nothing is selected.
    @inlinable package var isEmpty: Bool { count == 0 }

    /// The lowest place; nil where nothing is selected.
    package var first: Int? {
        switch self {
        case .range(let range): range.first
        case .places(let places): places.first.map(Int.init)
        }
    }

    /// Whether `place` is selected.
    package func contains(_ place: Int) -> Bool {
        switch self {
        case .range(let range): range.contains(place)
        case .places(let places):
            places.partitioningIndex { $0 >= place } < places.count
                && places[places.partitioningIndex { $0 >= place }] == place
        }
    }

    /// Calls `body` with each place, in ascending order.
    @inlinable
    package func forEach<Failure: Error>(
        _ body: (Int) throws(Failure) -> Void
    ) throws(Failure) {
        switch self {
        case .range(let range):
            for place in range { try body(place) }
        case .places(let places):
            for place in places { try body(Int(place)) }
        }
    }

    /// The first `count` messages, and the others.
    package func split(at count: Int) -> (head: Selection, tail: Selection) {
        switch self {
        case .range(let range):
            let middle = min(range.upperBound, range.lowerBound + count)
            return (.range(range.lowerBound..<middle), .range(middle..<range.upperBound))
        case .places(let places):
            return (.places(Array(places.prefix(count))), .places(Array(places.dropFirst(count))))
        }
    }

    /// The selected messages that `isIncluded`, and the others.
    package func partitioned(
        by isIncluded: (Int) -> Bool
    ) -> (included: Selection, others: Selection) {
        var included: [Int32] = []
        var others: [Int32] = []
        forEach { place in
            if isIncluded(place) {
                included.append(Int32(place))
            } else {
                others.append(Int32(place))
            }
        }
        if others.isEmpty { return (self, .range(0..<0)) }
        if included.isEmpty { return (.range(0..<0), self) }
        return (.places(included), .places(others))
    }
}
