internal import Broker
internal import Commerce
internal import Datasets
package import Storage
internal import Synchronization
internal import Timekeeping

/// What ingest has stored since a block last recorded it.
///
/// Several workers may write to it. Noting a batch is a pass over its identities and times, far
/// less than encoding it.
package final class IngestLedger: Sendable {
    /// What came between two blocks.
    struct Page: Sendable {
        var positions: ClosedRange<Int64>?
        /// How many events the store did not have before.
        var records: Int64 = 0
        /// The sum of the identities of all events that are acknowledged, in 128 bits: the same
        /// in whatever order they come, and other where one is missing or there twice.
        var identities: UInt128 = 0
        var watermark: Timestamp?

        var isEmpty: Bool { positions == nil }

        /// What came is recorded with.
        var event: DataEvent {
            var content = CanonicalBytes()
            content.append(positions?.lowerBound)
            content.append(positions?.upperBound)
            content.append(records)
            content.append(UInt64(truncatingIfNeeded: identities >> 64))
            content.append(UInt64(truncatingIfNeeded: identities))
            return DataEvent(
                .addData,
                positions: positions,
                records: records,
                content: BlockHash(of: content),
                watermark: watermark
            )
        }

        mutating func add(_ other: Page) {
            positions = [positions, other.positions].compactMap(\.self).reduce(nil) { all, next in
                all?.union(next) ?? next
            }
            records += other.records
            identities &+= other.identities
            watermark = [watermark, other.watermark].compactMap(\.self).max()
        }
    }

    private let page = Mutex(Page())

    /// A ledger without an entry.
    package init() {}

    /// Notes that a store has taken `writes`.
    package func note(_ writes: [RawWrite], _ outcome: RawOutcome) {
        var noted = Page()
        noted.records = Int64(outcome.stored)
        for write in writes {
            guard let places = write.selection.bounds else { continue }
            let publication = write.publication
            let range =
                publication.position(
                    at: places.lowerBound
                )...publication.position(
                    at: places.upperBound
                )
            noted.positions = noted.positions?.union(range) ?? range
            let batch = publication.batch
            var source = batch.events[places.lowerBound].source
            var hash = batch.symbols.stableHash(of: source)
            var latest = Timestamp.distantPast
            write.selection.forEach { place in
                let event = batch.events[place]
                if event.source != source {
                    source = event.source
                    hash = batch.symbols.stableHash(of: source)
                }
                // Quick to make, for it is only summed up: nothing is known again by it.
                let (high, low) = (event.id.high ^ hash, SplitMix64.mix(event.id.low ^ hash))
                noted.identities &+= UInt128(high) << 64 | UInt128(low)
                latest = max(latest, event.time)
            }
            noted.watermark = max(noted.watermark ?? latest, latest)
        }
        page.withLock { $0.add(noted) }
    }

    /// Everything since the last call.
    func take() -> Page {
        page.withLock { page in
            defer { page = Page() }
            return page
        }
    }
}
