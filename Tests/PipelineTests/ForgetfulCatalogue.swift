import Datasets
import Timekeeping

/// A catalogue that keeps nothing, so that commits have blocks.
struct ForgetfulCatalogue: DatasetCatalogue {
    func register(_ definitions: [DatasetDefinition], at now: Timestamp) {}
    func append(_ draft: DataBlockDraft) {}
    func datasets() -> [DatasetRecord] { [] }
    func blocks(
        of dataset: DatasetID,
        from sequence: Int64,
        atMost limit: Int
    ) -> [MetadataBlock] { [] }
}
