public import Timekeeping

/// Messages that a topic carries together: an immutable run that subscriptions share by
/// reference and never copy.
///
/// What is inside a message is its own affair. The broker asks how many there are, what they
/// take of a flow-control budget, which attributes a filter may look at, and what keeps them in
/// order. Each message is named by its place in the batch, from 0.
@usableFromInline
package protocol MessageBatch: AnyObject, Sendable {
    var count: Int { get }

    /// What the batch takes in memory.
    var byteCount: Int { get }

    /// The value of the attribute called `name` of the message at `place`, or nil if it has
    /// none.
    func attribute(_ name: String, of place: Int) -> String?

    /// What the message at `place` is kept in order by, or nil if it may overtake others.
    func orderingKey(of place: Int) -> OrderingKey?

    /// When the first of the selected messages should have been sent; nil where none is selected.
    func firstDue(in selection: Selection) -> Timestamp?

    /// How many of the selected messages should have been sent before `instant`.
    func countDue(before instant: Timestamp, in selection: Selection) -> Int
}

extension MessageBatch {
    /// What one message takes of the flow-control budget: its share of ``byteCount``.
    @inlinable package var bytesPerMessage: Int { byteCount / Swift.max(1, count) }
}

/// The key that messages are kept in order by, as a hash of its text.
///
/// Should two texts have one hash in common, their messages wait for each other, and nothing
/// else.
@usableFromInline
package struct OrderingKey: Hashable, Sendable {
    private var hash: UInt64
    private var space: UInt8

    /// - Parameters:
    ///   - hash: Of the text; the same in every batch.
    ///   - space: Keeps keys of different kinds apart.
    package init(hash: UInt64, space: UInt8 = 0) {
        self.hash = hash
        self.space = space
    }
}
