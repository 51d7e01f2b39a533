package import Broker
package import Commerce
internal import DequeModule
internal import Timekeeping

/// Which events were seen, by their CloudEvents identity `(source, id)`; a pure value.
///
/// Ids that ascend within their source, as UUIDv7 do, cost one comparison each: an id above the
/// highest seen is new without a look-up, and one that follows its predecessor number by number
/// lengthens a span. The others go through a hash set, and so do those of all sources beyond the
/// first few thousand. The ledger remembers the last `horizon` ascending ids of each of the first
/// sources and the last `horizon` others, so its memory is bounded; it is exact within that
/// distance. A UUID and a text are never the same id, whatever the text's digest is.
package struct Deduplicator: Sendable {
    /// Whose ids ascend together.
    fileprivate struct Series: Hashable {
        var source: Symbol
        var hasUUIDs: Bool
    }

    private struct Identity: Hashable {
        var series: Series
        var id: EventID
    }

    /// Ids whose numbers follow one another.
    fileprivate struct Span {
        var high: UInt64
        var lows: ClosedRange<UInt64>

        var last: EventID { EventID(high: high, low: lows.upperBound) }

        /// Lengthens the span by `id` if that comes next.
        @inline(__always)
        mutating func extend(to id: EventID) -> Bool {
            guard id.high == high, id.low &- 1 == lows.upperBound else { return false }
            lows = lows.lowerBound...id.low
            return true
        }
    }

    fileprivate struct Run {
        let series: Series
        /// Ascending, the last one highest.
        var spans: Deque<Span> = []
        var count = 0

        /// Adds a span above all others, which may go on where the last one ends.
        mutating func append(_ span: Span, count added: Int) {
            count += added
            if let last = spans.last, last.high == span.high,
                last.lows.upperBound &+ 1 == span.lows.lowerBound
            {
                spans[spans.count - 1].lows = last.lows.lowerBound...span.lows.upperBound
            } else {
                spans.append(span)
            }
        }

        /// Forgets all but the last `horizon` ids.
        mutating func trim(to horizon: Int) {
            var excess = count - horizon
            while excess > 0, let first = spans.first {
                let length = first.lows.upperBound - first.lows.lowerBound + 1
                if length <= excess {
                    spans.removeFirst()
                    excess -= Int(length)
                    count -= Int(length)
                } else {
                    spans[0].lows =
                        first.lows.lowerBound + UInt64(excess)...first.lows.upperBound
                    count -= excess
                    excess = 0
                }
            }
        }
    }

    /// More sources than these have no run of their own.
    private static let mostRuns = 4096

    private let horizon: Int
    private var runs: [Run] = []
    private var runPlaces: [Series: Int] = [:]
    /// The run that was looked for last: the next event is of the same one as a rule.
    private var latestRun = 0
    private var stragglers: Set<Identity> = []
    private var stragglerOrder: Deque<Identity> = []

    /// An empty ledger that remembers `horizon` ids.
    package init(horizon: Int) {
        self.horizon = horizon
    }

    /// The selected events of `batch` that were not seen before, which now are.
    package mutating func admit(_ batch: Batch, _ selection: Selection) -> Selection {
        var ascending = 0
        if case .range(let range) = selection {
            ascending = admitAscending(batch.events, range)
            if ascending >= range.upperBound { return selection }
        }
        return selection.partitioned { place in
            place < ascending || admit(batch.events[place])
        }.included
    }

    private mutating func admit(_ event: Event) -> Bool {
        let series = Series(source: event.source, hasUUIDs: event.hasUUID)
        if let run = runIndex(of: series) {
            guard let last = runs[run].spans.last?.last, event.id <= last else {
                let lows = event.id.low...event.id.low
                runs[run].append(Span(high: event.id.high, lows: lows), count: 1)
                runs[run].trim(to: horizon)
                return true
            }
            if contains(event.id, in: runs[run].spans) { return false }
        }
        let identity = Identity(series: series, id: event.id)
        guard stragglers.insert(identity).inserted else { return false }
        stragglerOrder.append(identity)
        if stragglerOrder.count > horizon {
            stragglers.remove(stragglerOrder.removeFirst())
        }
        return true
    }

    /// Admits the beginning of `range` that is of one source and ascends above what was seen, and
    /// gives the first place after it.
    private mutating func admitAscending(_ events: [Event], _ range: Range<Int>) -> Int {
        guard let first = range.first else { return range.upperBound }
        let series = Series(source: events[first].source, hasUUIDs: events[first].hasUUID)
        guard let index = runIndex(of: series) else { return first }
        let end = events.withUnsafeBufferPointer { events in
            runs[index].admit(events, range)
        }
        runs[index].trim(to: horizon)
        return end
    }

    /// The run of `series`; nil if there are too many others.
    private mutating func runIndex(of series: Series) -> Int? {
        if latestRun < runs.count, runs[latestRun].series == series { return latestRun }
        guard let known = runPlaces[series] else {
            guard runs.count < Deduplicator.mostRuns else { return nil }
            latestRun = runs.count
            runPlaces[series] = latestRun
            runs.append(Run(series: series))
            return latestRun
        }
        latestRun = known
        return known
    }

    private func contains(_ id: EventID, in spans: Deque<Span>) -> Bool {
        // The first span that ends at the id or after it.
        let place = spans.partitioningIndex { $0.last >= id }
        guard place < spans.count else { return false }
        return spans[place].high == id.high && spans[place].lows.contains(id.low)
    }
}

extension Deduplicator.Run {
    /// Adds those at the beginning of `range` that are of the run's series and ascend above what
    /// was seen; gives the first place after them.
    fileprivate mutating func admit(
        _ events: UnsafeBufferPointer<Event>,
        _ range: Range<Int>
    ) -> Int {
        let first = range.lowerBound
        var last = events[first].id
        if let highest = spans.last?.last, last <= highest { return first }
        var span = Deduplicator.Span(high: last.high, lows: last.low...last.low)
        var began = first
        for place in first + 1..<range.upperBound {
            let id = events[place].id
            guard events[place].source == series.source,
                events[place].hasUUID == series.hasUUIDs, last < id
            else {
                append(span, count: place - began)
                return place
            }
            last = id
            if !span.extend(to: id) {
                append(span, count: place - began)
                span = Deduplicator.Span(high: id.high, lows: id.low...id.low)
                began = place
            }
        }
        append(span, count: range.upperBound - began)
        return range.upperBound
    }
}
