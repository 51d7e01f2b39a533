internal import Digests
package import Timekeeping

/// An event that describes a dataset; a chain has few of these.
package struct KeyEvent: Hashable, Sendable {
    /// What it is about, by the names that Open Data Fabric gives its metadata events.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        /// The beginning of every chain.
        case seed = "Seed"
        /// Data is pushed into a root.
        case addPushSource = "AddPushSource"
        /// How a derivative is made from what is upstream.
        case setTransform = "SetTransform"
        /// What the rows look like.
        case setDataSchema = "SetDataSchema"
    }

    package var kind: Kind
    /// Its content, as a text with the same meaning everywhere.
    package var payload: String

    package init(_ kind: Kind, payload: String) {
        self.kind = kind
        self.payload = payload
    }
}

/// An event that records new data: most of a chain.
package struct DataEvent: Hashable, Sendable {
    /// How it has come.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Into a root.
        case addData = "AddData"
        /// Into a derivative.
        case executeTransform = "ExecuteTransform"
    }

    package var kind: Kind
    /// The least and the greatest position in the topic of what came; nil if none is known.
    package var positions: ClosedRange<Int64>?
    /// How many new events it has.
    package var records: Int64
    /// The hash of what came, in a form that can be made again from it.
    package var content: BlockHash
    /// The latest event time seen so far; nil if no event was.
    package var watermark: Timestamp?

    package init(
        _ kind: Kind,
        positions: ClosedRange<Int64>?,
        records: Int64,
        content: BlockHash,
        watermark: Timestamp?
    ) {
        self.kind = kind
        self.positions = positions
        self.records = records
        self.content = content
        self.watermark = watermark
    }
}

/// Data that is to have a block in the chain of a dataset.
package struct DataBlockDraft: Hashable, Sendable {
    package var dataset: DatasetID
    package var event: DataEvent
    package var time: Timestamp

    package init(_ dataset: DatasetID, _ event: DataEvent, at time: Timestamp) {
        self.dataset = dataset
        self.event = event
        self.time = time
    }
}

/// What a block of a chain records.
package enum MetadataEvent: Hashable, Sendable {
    case key(KeyEvent)
    case data(DataEvent)

    /// The name of its kind.
    package var name: String {
        switch self {
        case .key(let event): event.kind.rawValue
        case .data(let event): event.kind.rawValue
        }
    }

    /// The watermark it carries, where it is about data.
    package var watermark: Timestamp? {
        if case .data(let event) = self { event.watermark } else { nil }
    }
}

/// A link of a dataset's chain.
package struct MetadataBlock: Hashable, Sendable {
    /// Its place in the chain, from 0.
    package var sequence: Int64
    /// When it was written.
    package var time: Timestamp
    /// The hash of the block before; nil in the first one.
    package var previous: BlockHash?
    package var event: MetadataEvent
    /// The hash it is stored with; compare ``computedHash(in:)``.
    package var hash: BlockHash

    /// A block as a catalogue has stored it.
    package init(
        sequence: Int64,
        time: Timestamp,
        previous: BlockHash?,
        event: MetadataEvent,
        hash: BlockHash
    ) {
        self.sequence = sequence
        self.time = time
        self.previous = previous
        self.event = event
        self.hash = hash
    }

    /// A new block after one whose hash is `previous`.
    init(
        sequence: Int64,
        of dataset: DatasetID,
        time: Timestamp,
        previous: BlockHash?,
        event: MetadataEvent
    ) {
        self.sequence = sequence
        self.time = time
        self.previous = previous
        self.event = event
        hash = MetadataBlock.hash(dataset, sequence, time, previous, event)
    }

    /// The first block of a chain.
    package init(first event: MetadataEvent, of dataset: DatasetID, at time: Timestamp) {
        self.init(sequence: 0, of: dataset, time: time, previous: nil, event: event)
    }

    /// The hash of its content.
    package func computedHash(in dataset: DatasetID) -> BlockHash {
        MetadataBlock.hash(dataset, sequence, time, previous, event)
    }

    private static func hash(
        _ dataset: DatasetID,
        _ sequence: Int64,
        _ time: Timestamp,
        _ previous: BlockHash?,
        _ event: MetadataEvent
    ) -> BlockHash {
        var content = CanonicalBytes()
        content.append(dataset.text)
        content.append(sequence)
        content.append(time.nanoseconds)
        content.append(previous)
        content.append(event.name)
        switch event {
        case .key(let event):
            content.append(event.payload)
        case .data(let event):
            content.append(event.positions?.lowerBound)
            content.append(event.positions?.upperBound)
            content.append(event.records)
            content.append(event.content)
            content.append(event.watermark?.nanoseconds)
        }
        return BlockHash(of: content)
    }
}

/// A SHA-256 (FIPS 180-4), as a catalogue keeps it: 32 bytes.
package struct BlockHash: Hashable, Sendable, CustomStringConvertible {
    /// Its bytes, first to last.
    package let bytes: [UInt8]

    /// The hash that these 32 bytes are; nil if they are more or fewer.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        self.bytes = bytes
    }

    /// The hash of `content`.
    package init(of content: CanonicalBytes) {
        bytes = SHA256Digest(of: content.bytes).bytes
    }

    /// 64 lower-case hexadecimal digits.
    package var description: String { bytes.hexadecimal }
}

/// Values in the canonical form that is hashed.
///
/// Numbers have eight bytes, the big end first; a text is its UTF-8 after the count of its
/// bytes; what may be missing has a byte before it, 1 where it is there. So no two lists of
/// values of the same kinds have the same bytes.
package struct CanonicalBytes: Sendable {
    /// Everything that was appended.
    package private(set) var bytes: [UInt8] = []

    /// Nothing yet.
    package init() {}

    package mutating func append(_ value: Int64) {
        append(UInt64(bitPattern: value))
    }

    package mutating func append(_ value: UInt64) {
        for shift in stride(from: 56, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
        }
    }

    package mutating func append(_ text: String) {
        append(Int64(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    package mutating func append(_ hash: BlockHash?) {
        bytes.append(hash == nil ? 0 : 1)
        bytes.append(contentsOf: hash?.bytes ?? [])
    }

    package mutating func append(_ value: Int64?) {
        bytes.append(value == nil ? 0 : 1)
        if let value { append(value) }
    }
}

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
