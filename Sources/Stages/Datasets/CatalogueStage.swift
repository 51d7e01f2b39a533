package import Datasets
package import Logging
package import Storage
package import Timekeeping

/// Records in the catalogue what ingest has stored of a topic, a block each interval.
///
/// Raw events and catalogue lie in different databases, which share no transaction. So ingest
/// notes what is stored in an ``IngestLedger``, and blocks follow; whatever a killed process had
/// not recorded yet, or a store had taken whose answer was lost, is the difference between what the
/// store holds and what the chain says, and gets a block when the next run begins, or this one
/// ends.
package struct CatalogueStage: Sendable {
    private let dataset: DatasetID
    private let ledger: IngestLedger
    private let store: any RawStore
    private let catalogue: any DatasetCatalogue
    private let interval: Duration
    private let timeline: any Timeline
    private let logger: Logger

    package init(
        dataset: DatasetID,
        ledger: IngestLedger,
        store: any RawStore,
        catalogue: any DatasetCatalogue,
        interval: Duration,
        timeline: any Timeline,
        logger: Logger
    ) {
        self.dataset = dataset
        self.ledger = ledger
        self.store = store
        self.catalogue = catalogue
        self.interval = interval
        self.timeline = timeline
        self.logger = logger
    }

    /// Records what is new, again and again, until the task is cancelled.
    package func run() async {
        while (try? await timeline.sleep(until: timeline.now + interval)) != nil {
            await record()
        }
    }

    /// Records what is new, and everything of which there is no record; nothing may be stored
    /// meanwhile.
    ///
    /// What cannot be recorded is logged, and waits for the next run.
    package func reconcile() async {
        await record()
        do {
            let held = try await store.count()
            let next = try await store.nextPosition()
            let known = try await catalogue.datasets().first { $0.id == dataset }?.statistics
            let missing = held - (known?.records ?? 0)
            guard missing > 0 else {
                if missing < 0 {
                    logger.warning(
                        "the raw store holds fewer events than its catalogue says",
                        metadata: ["dataset": "\(dataset)", "fewer": "\(-missing)"]
                    )
                }
                return
            }
            var page = IngestLedger.Page()
            let first = (known?.lastPosition ?? 0) + 1
            page.positions = first < next ? first...(next - 1) : nil
            page.records = missing
            try await catalogue.append(DataBlockDraft(dataset, page.event, at: timeline.now))
        } catch {
            tell(error)
        }
    }

    private func record() async {
        let page = ledger.take()
        guard !page.isEmpty else { return }
        do {
            try await catalogue.append(DataBlockDraft(dataset, page.event, at: timeline.now))
        } catch {
            // An answer may have been lost with the block stored, so it is not tried again: the
            // store's own count tells at the end what is missing.
            tell(error)
        }
    }

    private func tell(_ error: any Error) {
        logger.warning(
            "what was stored is not recorded yet",
            metadata: ["dataset": "\(dataset)", "error": "\(error)"]
        )
    }
}
