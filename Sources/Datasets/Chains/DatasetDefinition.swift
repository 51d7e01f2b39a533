package import Timekeeping

/// The definition of a dataset: its entry, its upstream datasets and its key events.
package struct DatasetDefinition: Hashable, Sendable {
    package var id: DatasetID
    package var name: String
    package var kind: DatasetKind
    /// The owning team; empty if none.
    package var owner: String
    /// What it is made from; none for a root.
    package var upstream: [DatasetID]
    /// How data comes into it: ``KeyEvent/Kind/addPushSource`` or ``KeyEvent/Kind/setTransform``.
    package var source: KeyEvent
    /// What its rows look like.
    package var schema: String

    package init(
        name: String,
        kind: DatasetKind,
        owner: String,
        upstream: [DatasetID] = [],
        source: KeyEvent,
        schema: String
    ) {
        id = DatasetID(kind, name)
        self.name = name
        self.kind = kind
        self.owner = owner
        self.upstream = upstream
        self.source = source
        self.schema = schema
    }

    /// The blocks that bring a chain in line with the definition.
    ///
    /// - Parameters:
    ///   - tip: The last block there is; nil for a chain that has none.
    ///   - known: The latest payload of each kind of key event in the chain.
    ///   - now: When they are written.
    /// - Returns: A complete beginning if there is no block, else only what has changed.
    package func blocks(
        after tip: ChainTip?,
        known: [KeyEvent.Kind: String],
        at now: Timestamp
    ) -> [MetadataBlock] {
        var blocks: [MetadataBlock] = []
        var tip = tip
        if tip == nil {
            let seed = KeyEvent(.seed, payload: kind.rawValue)
            blocks.append(MetadataBlock(first: .key(seed), of: id, at: now))
            tip = blocks.last.map { ChainTip($0, watermark: nil) }
        }
        for event in [source, KeyEvent(.setDataSchema, payload: schema)]
        where known[event.kind] != event.payload {
            guard let block = tip?.next(.key(event), of: id, at: now) else { continue }
            blocks.append(block)
            tip = ChainTip(block, watermark: tip?.watermark)
        }
        return blocks
    }
}

/// What a catalogue calls a dataset: its kind and its name, such as `root/events`.
package struct DatasetID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let text: String

    /// The id that a catalogue has stored as `text`.
    package init(_ text: String) {
        self.text = text
    }

    /// The id of the dataset of this kind and name.
    package init(_ kind: DatasetKind, _ name: String) {
        text = "\(kind.rawValue)/\(name)"
    }

    package var description: String { text }

    package static func < (left: DatasetID, right: DatasetID) -> Bool { left.text < right.text }
}

/// Where the data of a dataset comes from.
package enum DatasetKind: String, Hashable, Sendable, CaseIterable {
    /// From outside: the raw events of a topic.
    case root
    /// From other datasets: what analytics counts.
    case derivative
}
