package import Commerce

/// Who an event is, in the texts it is stored by.
package struct IdentityText: Sendable {
    package var source: String
    package var id: String

    /// Who the event at `place` of `batch` is.
    package init(_ batch: Batch, _ place: Int) {
        source = batch.symbols.text(of: batch.events[place].source, in: .text)
        id = batch.idText(of: place)
    }
}

extension Batch {
    /// The bytes an event was read from or, where the shopper model made it, its CloudEvents
    /// JSON.
    package func document(of place: Int) -> [UInt8] {
        if let originals {
            return Array(originals.bytes[originals.ranges[place]])
        }
        var bytes: [UInt8] = []
        CloudEventEncoder().append(place, of: self, to: &bytes)
        return bytes
    }
}
