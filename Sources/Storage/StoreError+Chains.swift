package import Datasets

extension StoreError {
    /// A chain whose head is not its last block, to which nothing can be added.
    ///
    /// - Parameters:
    ///   - dataset: Whose chain it is.
    ///   - head: Where the head points; nil if there is none.
    ///   - last: The last block; below 0 where there is none.
    ///   - store: How the store is called in errors.
    package init(chainOf dataset: DatasetID, head: Int64?, last: Int64, in store: String) {
        let points = head.map { "points to block \($0)" } ?? "is missing"
        let ends = last < 0 ? "it has no block" : "its last block is \(last)"
        let end = head == last ? "its statistics are missing" : ends
        self.init(
            .corrupted,
            "\(store): the head of dataset \(dataset) \(points) and \(end); "
                + "'weir invariants check' tells all that is damaged. Restore it, or delete "
                + "the row of \(dataset) in dataset_entries, with which its blocks go, and the "
                + "next run begins a new chain"
        )
    }

    /// Data for a dataset of which the catalogue knows nothing.
    package init(noChainOf dataset: DatasetID, in store: String) {
        self.init(
            .corrupted,
            "\(store): the catalogue has lost dataset \(dataset); start the run again, which "
                + "begins a new chain, and see who deleted it"
        )
    }
}
