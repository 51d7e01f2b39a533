package import Datasets

/// A store that did not do what it was asked.
package struct StoreError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of error, for callers.
    package enum Code: String, Hashable, Sendable, CaseIterable {
        /// The server, or the file, cannot be reached now; it may come back.
        case unavailable
        /// Somebody else holds it; trying again soon is right.
        case busy
        /// The disk, or the store's own limit, is full.
        case full
        /// The store may only be read.
        case readOnly = "read-only"
        /// What is there is no store of ours.
        case wrongFormat = "wrong-format"
        /// The store contradicts itself.
        case corrupted
        /// The store refused the statement: a fault of this program.
        case refused
        /// No store has the URL that it was to be opened by.
        case wrongURL = "wrong-url"
    }

    package var code: Code
    /// A sentence that names the store, without secrets, and the remedy.
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Whether the same call may succeed later without anyone changing the program.
    package var isTransient: Bool {
        switch code {
        case .unavailable, .busy, .full: true
        case .readOnly, .wrongFormat, .corrupted, .refused, .wrongURL: false
        }
    }

    /// The class it is counted under.
    package var label: String { "store-\(code.rawValue)" }

    package var description: String { message }
}

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
