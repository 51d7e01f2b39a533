import Broker
import Commerce
import Datasets
import Logging
import Stages
import Storage
import TestSupport
import Testing
import Timekeeping

/// A catalogue of one dataset that remembers what it was given, and fails as it is told.
private final class NotedCatalogue: DatasetCatalogue {
    let drafts = Locked<[DataBlockDraft]>([])
    let fails = Locked(false)

    func register(_ definitions: [DatasetDefinition], at now: Timestamp) {}

    func append(_ draft: DataBlockDraft) throws {
        if fails.value { throw StoreError(.unavailable, "the catalogue is away") }
        drafts.change { $0.append(draft) }
    }

    func datasets() -> [DatasetRecord] {
        let events = drafts.value.map(\.event)
        return [
            DatasetRecord(
                id: CatalogueStageTests.id,
                name: "events",
                kind: .root,
                owner: "",
                created: Shop.epoch,
                statistics: DatasetRecord.Statistics(
                    blocks: Int64(events.count),
                    records: events.map(\.records).reduce(0, +),
                    lastPosition: events.compactMap(\.positions?.upperBound).max(),
                    watermark: nil,
                    updated: Shop.epoch
                )
            )
        ]
    }

    func blocks(of dataset: DatasetID, from sequence: Int64, atMost limit: Int) -> [MetadataBlock] {
        []
    }
}

/// How the blocks of raw events come about.
struct CatalogueStageTests {
    static let id = DatasetID(.root, "events")

    private let shop = Shop()
    private let timeline = VirtualTimeline()
    private let catalogue = NotedCatalogue()
    private let ledger = IngestLedger()
    private let store: TroubledRawStore

    init() {
        store = TroubledRawStore(timeline: timeline)
    }

    private var stage: CatalogueStage {
        CatalogueStage(
            dataset: Self.id,
            ledger: ledger,
            store: store,
            catalogue: catalogue,
            interval: .seconds(10),
            timeline: timeline,
            logger: Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    private func write(_ count: Int, from first: Int) -> RawWrite {
        RawWrite(
            publication: Publication(
                batch: shop.views(count, from: first),
                firstPosition: Int64(first),
                publishTime: Shop.epoch
            ),
            selection: .range(0..<count)
        )
    }

    /// Stores `writes` as ingest does.
    private func ingest(_ writes: [RawWrite], notes: Bool = true) async throws {
        let outcome = try await store.store(writes)
        if notes { ledger.note(writes, outcome) }
    }

    @Test func `the block of some batches is the same in whatever order they came`() async throws {
        let writes = [write(10, from: 1), write(5, from: 11), write(7, from: 16)]
        try await ingest(writes)
        await stage.reconcile()
        let first = try #require(catalogue.drafts.value.first)
        #expect(first.event.positions == 1...22)
        #expect(first.event.records == 22)
        #expect(first.event.watermark == Shop.epoch)

        let other = CatalogueStageTests()
        for write in writes.reversed() {
            // Of another symbol table, as another run has it.
            let again = other.write(
                write.publication.batch.count,
                from: Int(write.publication.firstPosition)
            )
            try await other.ingest([again])
        }
        await other.stage.reconcile()
        #expect(other.catalogue.drafts.value.map(\.event) == [first.event])

        let less = CatalogueStageTests()
        try await less.ingest([less.write(10, from: 1), less.write(12, from: 12)])
        await less.stage.reconcile()
        #expect(less.catalogue.drafts.value.map(\.event.content) != [first.event.content])
    }

    @Test func `what nobody noted gets a block of its own, once`() async throws {
        try await ingest([write(10, from: 1)])
        try await ingest([write(5, from: 11)], notes: false)
        await stage.reconcile()
        await stage.reconcile()
        let events = catalogue.drafts.value.map(\.event)
        #expect(events.map(\.records) == [10, 5])
        #expect(events.map(\.positions) == [1...10, 11...15])
    }

    @Test func `what a catalogue did not take is recorded when it is back`() async throws {
        try await ingest([write(10, from: 1)])
        catalogue.fails.change { $0 = true }
        await stage.reconcile()
        #expect(catalogue.drafts.value.isEmpty)
        catalogue.fails.change { $0 = false }
        try await ingest([write(5, from: 11)])
        await stage.reconcile()
        #expect(catalogue.drafts.value.map(\.event.records).reduce(0, +) == 15)
    }

    @Test func `events that were there already are no new records`() async throws {
        try await ingest([write(10, from: 1)])
        try await ingest([write(10, from: 1), write(2, from: 11)])
        await stage.reconcile()
        #expect(catalogue.drafts.value.map(\.event.records) == [12])
    }
}
