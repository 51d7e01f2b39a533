internal import Broker
internal import Commerce

/// Who an event is, in the texts it is stored by.
struct IdentityText {
    var source: String
    var id: String

    init(_ batch: Batch, _ place: Int) {
        source = batch.symbols.text(of: batch.events[place].source, in: .text)
        id = batch.idText(of: place)
    }
}

extension Batch {
    /// The bytes an event was read from or, where the shopper model made it, its CloudEvents
    /// JSON.
    func document(of place: Int) -> [UInt8] {
        if let originals {
            return Array(originals.bytes[originals.ranges[place]])
        }
        var bytes: [UInt8] = []
        CloudEventEncoder().append(place, of: self, to: &bytes)
        return bytes
    }
}
