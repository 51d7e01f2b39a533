internal import Datasets
internal import Timekeeping

/// What a stream of the shopper model is called: whose it is, when it began, and a digest of all
/// that made it.
///
/// Its events are known by their place in the stream, so two streams that differ in anything, a
/// rate, a seed, the share of a refund, must have two names; and what was made alike has the same
/// name, whatever it was asked for.
struct StreamName {
    let text: String

    /// The name of the stream of `producer`, of the pipeline called `pipeline`, that began at
    /// `start` and that `parts` have made.
    init(pipeline: String, producer: String, start: Timestamp, madeOf parts: [Any]) {
        var content = CanonicalBytes()
        for part in parts { content.append(everythingIn: part) }
        let digest = BlockHash(of: content).description.prefix(16)
        text = "/\(pipeline)/\(producer)/\(start)/\(digest)"
    }
}

extension CanonicalBytes {
    /// Appends `value` and whatever it is made of, so that a field which a type gets one day is
    /// not forgotten.
    mutating func append(everythingIn value: Any) {
        let mirror = Mirror(reflecting: value)
        switch mirror.displayStyle {
        case .dictionary, .set:
            // In the order of their bytes, whatever order they are in.
            let parts = mirror.children.map { child in
                var part = CanonicalBytes()
                part.append(everythingIn: child.value)
                return part.bytes
            }
            append(Int64(parts.count))
            for part in parts.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
                append(String(decoding: part, as: Unicode.ASCII.self))
            }
        case nil:
            append("\(value)")
        default:
            let children = Array(mirror.children)
            // The case of an enumeration that carries nothing.
            if children.isEmpty { append("\(value)") }
            append(Int64(children.count))
            for child in children {
                append(child.label ?? "")
                append(everythingIn: child.value)
            }
        }
    }
}
