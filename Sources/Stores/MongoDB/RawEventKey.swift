/// A business key that raw events can be looked up by.
package enum RawEventKey: String, Hashable, Sendable, CaseIterable {
    /// `transaction_id`.
    case order
    /// `user_id`.
    case user
    /// `session_id`.
    case session
    /// `items.item_id`.
    case product
}
