/// How a log is read, whatever its format.
package struct LogOptions: Hashable, Sendable {
    /// What becomes of a line of an event with no pieces.
    package enum ZeroQuantity: String, Hashable, Sendable, CaseIterable {
        /// The line is left out and counted, and the event goes on without it.
        case dropItem = "drop-item"
        /// The event is refused as it is.
        case refuse
    }

    package var zeroQuantity = ZeroQuantity.dropItem
    /// Whether the last row counts although no line end stands behind it.
    package var lastRowIsWhole = false

    package init() {}

    /// Appends `event` with those of `items` that it is to have.
    ///
    /// An event none of whose items has a piece keeps them, and is refused for it.
    func append(_ event: Event, _ items: [Item], to builder: inout BatchBuilder) {
        guard zeroQuantity == .dropItem, items.contains(where: { $0.quantity == 0 }),
            items.contains(where: { $0.quantity != 0 })
        else {
            builder.append(event, items: items)
            return
        }
        let kept = items.filter { $0.quantity != 0 }
        builder.droppedItems += items.count - kept.count
        builder.append(event, items: kept)
    }
}
