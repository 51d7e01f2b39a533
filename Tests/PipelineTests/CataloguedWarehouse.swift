import Broker
import Datasets
import Storage
import Timekeeping

/// A warehouse in memory that has a catalogue, so that commits have blocks.
struct CataloguedWarehouse: ForwardingWarehouse {
    private struct Forgetful: DatasetCatalogue {
        func register(_ definitions: [DatasetDefinition], at now: Timestamp) {}
        func append(_ draft: DataBlockDraft) {}
        func datasets() -> [DatasetRecord] { [] }
        func blocks(
            of dataset: DatasetID,
            from sequence: Int64,
            atMost limit: Int
        ) -> [MetadataBlock] { [] }
    }

    let warehouse: any Warehouse = MemoryWarehouse()

    var catalogue: (any DatasetCatalogue)? { Forgetful() }
}
