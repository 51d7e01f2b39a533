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
        case .readOnly, .wrongFormat, .corrupted, .refused: false
        }
    }

    /// The class it is counted under.
    package var label: String { "store-\(code.rawValue)" }

    package var description: String { message }
}
