internal import Broker
internal import Commerce
internal import Datasets
internal import Storage
internal import Timekeeping

/// Gathers, between two commits, what the block of the next one says of the events it holds.
struct TransformDraft: Sendable {
    private var positions: ClosedRange<Int64>?
    private var records: Int64 = 0

    /// Takes in that the selected events of `publication` are new.
    mutating func add(_ publication: Publication<Batch>, _ selection: Selection) {
        guard let places = selection.bounds else { return }
        records += Int64(selection.count)
        let added =
            publication.position(
                at: places.lowerBound
            )...publication.position(
                at: places.upperBound
            )
        positions = positions?.union(added) ?? added
    }

    /// The block for `commit`; the next one begins at nothing.
    mutating func take(
        _ dataset: DatasetID,
        for commit: WarehouseCommit,
        at now: Timestamp
    ) -> DataBlockDraft {
        let event = DataEvent(
            .executeTransform,
            positions: positions,
            records: records,
            content: commit.contentHash,
            watermark: commit.progress.map(\.watermark).filter { $0 != .distantPast }.max()
        )
        positions = nil
        records = 0
        return DataBlockDraft(dataset, event, at: now)
    }
}

extension Selection {
    /// The first and the last place; nil where nothing is selected.
    var bounds: ClosedRange<Int>? {
        switch self {
        case .range(let range): range.isEmpty ? nil : range.lowerBound...(range.upperBound - 1)
        case .places(let places):
            places.first.flatMap { first in places.last.map { Int(first)...Int($0) } }
        }
    }
}

extension ClosedRange<Int64> {
    /// The least range that holds both.
    func union(_ other: ClosedRange<Int64>) -> ClosedRange<Int64> {
        Swift.min(lowerBound, other.lowerBound)...Swift.max(upperBound, other.upperBound)
    }
}

extension WarehouseCommit {
    private struct TotalKey: Hashable, Comparable {
        var grain: Grain
        var currency: String

        static func < (left: TotalKey, right: TotalKey) -> Bool {
            (left.grain, left.currency) < (right.grain, right.currency)
        }
    }

    /// A hash of what the commit adds, in sum: how far each stream is consumed, the totals by
    /// grain and currency, and how much was late.
    ///
    /// Who counts the same events anew gets the same sums, whatever order they came in. To hash
    /// each window and product would cost as much as to write them.
    var contentHash: BlockHash {
        var content = CanonicalBytes()
        content.append(subscription)
        for progress in progress.sorted(by: { $0.stream < $1.stream }) {
            content.append(progress.stream)
            content.append(progress.watermark.nanoseconds)
            for interval in progress.consumed.intervals {
                content.append(interval.lowerBound)
                content.append(interval.upperBound)
            }
        }
        var totals: [TotalKey: WindowCell] = [:]
        for (key, delta) in cells where !key.category.isPresent {
            totals[
                TotalKey(grain: key.grain, currency: key.currency.code),
                default: WindowCell()
            ] +=
                delta
        }
        for (key, total) in totals.sorted(by: { $0.key < $1.key }) {
            content.append(key.grain.rawValue)
            content.append(key.currency)
            for name in EventName.ga4Cases { content.append(total[name]) }
            for sum in [total.orderParts, total.units, total.revenue, total.refunded] {
                content.append(sum)
            }
        }
        var sales = ProductCell()
        for (_, delta) in products {
            sales.views += delta.views
            sales.orders += delta.orders
            sales.units &+= delta.units
            sales.revenue &+= delta.revenue
        }
        for sum in [sales.views, sales.orders, sales.units, sales.revenue] { content.append(sum) }
        content.append(Int64(late.count))
        for (key, events) in custom where key.grain == .all {
            content.append(symbols.text(of: key.name))
            content.append(events)
        }
        return BlockHash(of: content)
    }
}
