package import Commerce
internal import Timekeeping

/// Purchases, and what they are worth by their own amounts.
package struct OrderTally: Hashable, Sendable {
    /// How many messages of a purchase there were.
    package private(set) var count: Int64 = 0
    /// In minor units; those that name no currency are under ``Currency/none``.
    package private(set) var worth: [Currency: Int64] = [:]

    package init() {}

    /// Adds the event at `place` of `batch` where it is a purchase; an amount below zero, which a
    /// producer got wrong, counts as it was meant.
    package mutating func add(_ batch: Batch, _ place: Int) {
        let event = batch.events[place]
        guard event.name == .purchase else { return }
        count += 1
        let amount = Int64(clamping: event.value.magnitude)
        worth[event.currency] = (worth[event.currency] ?? 0).addingSaturated(amount)
    }
}
