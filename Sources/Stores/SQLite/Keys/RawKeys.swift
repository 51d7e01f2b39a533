internal import Broker
internal import Commerce
internal import Storage
internal import Timekeeping

/// A key of events that ``KeyIndex`` has, by the number that it has in the file.
///
/// An order has an index of SQLite's own, and so have ids and positions.
enum IndexedKey: Int, CaseIterable, Sendable {
    case user
    case session
    case product
    case trace

    /// The key that `key` is here; nil where something else finds it.
    init?(_ key: EventKey) {
        switch key {
        case .user: self = .user
        case .session: self = .session
        case .product: self = .product
        case .trace: self = .trace
        case .order, .id, .message: return nil
        }
    }
}

/// What the index keeps of a value: twenty bits of its hash, of which the first eight say in
/// which bucket it lies.
///
/// The hash is the same in every run, and is part of the file's form. Two values may share one:
/// what the index finds is looked at.
struct KeyHash: Hashable, Sendable {
    let bucket: UInt8
    /// The other twelve bits, above the place of the event in its block.
    let high: UInt32

    private init(_ hash: UInt64) {
        bucket = UInt8(truncatingIfNeeded: hash >> 56)
        high = UInt32(truncatingIfNeeded: hash >> 44) << 20
    }

    init(_ symbol: Symbol, _ symbols: SymbolTable) {
        self.init(symbols.stableHash(of: symbol))
    }

    init(trace: (high: UInt64, low: UInt64)) {
        self.init(SplitMix64.mix(trace.high ^ SplitMix64.mix(trace.low)))
    }

    /// What an event that meets `condition` has under the key that this is.
    init?(_ condition: EventCondition) {
        let namespace: Namespace
        switch condition.key {
        case .user: namespace = .user
        case .session: namespace = .session
        case .product: namespace = .product
        case .trace:
            guard let trace = TraceContext.traceID(condition.value) else { return nil }
            self.init(trace: trace)
            return
        case .order, .id, .message: return nil
        }
        let symbols = SymbolTable()
        self.init(symbols.symbol(for: condition.value, in: namespace), symbols)
    }
}

/// The keys of events whose positions lie in one block: 2^20 positions that follow one another.
///
/// An event takes five bytes a key: the bucket, and four of an entry, which are twelve further
/// bits of the hash and twenty of the position.
struct KeyBlock: Sendable {
    static let bucketCount = 256
    private static let positionBits: Int64 = 20
    /// The bits of an entry, or of a position, that say where in its block an event is.
    static let placeMask: UInt32 = 0xf_ffff

    /// The entries of one key, each beside its bucket.
    private struct Column {
        var buckets: [UInt8] = []
        var entries: [UInt32] = []

        mutating func reserve(_ capacity: Int) {
            buckets.reserveCapacity(capacity)
            entries.reserveCapacity(capacity)
        }

        mutating func append(_ hash: KeyHash, at position: Int64) {
            buckets.append(hash.bucket)
            entries.append(
                hash.high | UInt32(truncatingIfNeeded: position) & KeyBlock.placeMask
            )
        }
    }

    /// How many events were added.
    private(set) var events = 0
    // Each for itself: an array of them would be looked into for each event and key.
    private var users = Column()
    private var sessions = Column()
    private var products = Column()
    private var traces = Column()

    /// The block that `position` lies in.
    static func block(of position: Int64) -> Int64 { position >> positionBits }

    /// The position that `entry` of `block` stands for.
    static func position(of entry: UInt32, in block: Int64) -> Int64 {
        block << positionBits | Int64(entry & placeMask)
    }

    /// No events, and room for so many.
    init(capacity: Int = 0) {
        for key in IndexedKey.allCases { withColumn(key) { $0.reserve(capacity) } }
    }

    private func column(_ key: IndexedKey) -> Column {
        switch key {
        case .user: users
        case .session: sessions
        case .product: products
        case .trace: traces
        }
    }

    private mutating func withColumn(_ key: IndexedKey, _ body: (inout Column) -> Void) {
        switch key {
        case .user: body(&users)
        case .session: body(&sessions)
        case .product: body(&products)
        case .trace: body(&traces)
        }
    }

    /// Adds an event that has `keys`.
    mutating func addEvent(_ keys: [(IndexedKey, KeyHash)], at position: Int64) {
        events += 1
        for (key, hash) in keys { withColumn(key) { $0.append(hash, at: position) } }
    }

    /// Adds `event`, which is in `batch` and in the topic at `position`.
    mutating func add(
        _ event: Event,
        of batch: Batch,
        trace: (high: UInt64, low: UInt64),
        at position: Int64
    ) {
        events += 1
        if event.user.isPresent { users.append(KeyHash(event.user, batch.symbols), at: position) }
        if event.session.isPresent {
            sessions.append(KeyHash(event.session, batch.symbols), at: position)
        }
        for index in event.itemRange {
            let product = batch.items[index].product
            if product.isPresent { products.append(KeyHash(product, batch.symbols), at: position) }
        }
        traces.append(KeyHash(trace: trace), at: position)
    }

    /// Adds what `other`, of the same block, has.
    mutating func add(_ other: KeyBlock) {
        events += other.events
        for key in IndexedKey.allCases {
            let more = other.column(key)
            withColumn(key) { column in
                column.buckets += more.buckets
                column.entries += more.entries
            }
        }
    }

    /// The entries of each bucket of `key` that has any, with the little end of each first.
    func buckets(of key: IndexedKey) -> [(bucket: Int, entries: [UInt8])] {
        let column = column(key)
        var counts = Array(repeating: 0, count: KeyBlock.bucketCount)
        for bucket in column.buckets { counts[Int(bucket)] += 1 }
        var next = counts
        var sum = 0
        for bucket in counts.indices {
            next[bucket] = sum
            sum += counts[bucket]
        }
        var ordered: [UInt32] = Array(repeating: 0, count: column.entries.count)
        for place in column.entries.indices {
            let bucket = Int(column.buckets[place])
            ordered[next[bucket]] = column.entries[place]
            next[bucket] += 1
        }
        // Where the next entry would go is where each bucket ends.
        return counts.indices.compactMap { bucket in
            guard counts[bucket] > 0 else { return nil }
            let entries = ordered[(next[bucket] - counts[bucket])..<next[bucket]]
            return (bucket, KeyBlock.bytes(of: entries))
        }
    }

    /// Calls `body` with each entry that may be of `hash` under `key`.
    func forEach(_ key: IndexedKey, _ hash: KeyHash, _ body: (UInt32) -> Void) {
        let column = column(key)
        for place in column.entries.indices
        where column.buckets[place] == hash.bucket
            && KeyBlock.isOf(hash, column.entries[place])
        {
            body(column.entries[place])
        }
    }

    /// Calls `body` with each entry that may be of `hash` among those of its bucket, as
    /// ``buckets(of:)`` gives them; false where those are no entries.
    static func forEach(_ hash: KeyHash, in bytes: [UInt8], _ body: (UInt32) -> Void) -> Bool {
        guard let entries = entries(of: bytes[...]) else { return false }
        for entry in entries where isOf(hash, entry) { body(entry) }
        return true
    }

    private static func isOf(_ hash: KeyHash, _ entry: UInt32) -> Bool {
        entry & ~placeMask == hash.high
    }

    // MARK: - As a row has it

    /// All of it as bytes: for each key how many there are, in four bytes, then their buckets, and
    /// then their entries.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(
            IndexedKey.allCases.reduce(0) { $0 + 4 + 5 * column($1).entries.count }
        )
        for key in IndexedKey.allCases {
            let column = column(key)
            bytes += KeyBlock.bytes(of: [UInt32(column.entries.count)])
            bytes += column.buckets
            bytes += KeyBlock.bytes(of: column.entries[...])
        }
        return bytes
    }

    /// What ``bytes`` has written of so many `events`; nil for anything else.
    init?(_ bytes: [UInt8], events: Int) {
        self.events = events
        var rest = bytes[...]
        for key in IndexedKey.allCases {
            guard let count = KeyBlock.entries(of: rest.prefix(4))?.first.map(Int.init),
                rest.count >= 4 + 5 * count
            else { return nil }
            rest = rest.dropFirst(4)
            let buckets = Array(rest.prefix(count))
            rest = rest.dropFirst(count)
            let entries = KeyBlock.entries(of: rest.prefix(4 * count)) ?? []
            rest = rest.dropFirst(4 * count)
            withColumn(key) { $0 = Column(buckets: buckets, entries: entries) }
        }
        guard rest.isEmpty else { return nil }
    }

    private static func bytes(of entries: ArraySlice<UInt32>) -> [UInt8] {
        unsafe entries.withUnsafeBytes { unsafe Array($0) }
    }

    private static func entries(of bytes: ArraySlice<UInt8>) -> [UInt32]? {
        guard bytes.count.isMultiple(of: 4) else { return nil }
        return unsafe Array(unsafeUninitializedCapacity: bytes.count / 4) { entries, count in
            count = bytes.count / 4
            unsafe bytes.withUnsafeBytes {
                unsafe UnsafeMutableRawBufferPointer(entries).copyMemory(from: $0)
            }
        }
    }
}

/// The keys of the events of one call, a row for each block that they lie in.
struct RawKeys: Sendable {
    /// What becomes a row of `recent_keys`.
    struct Row: Sendable {
        var block: Int64
        var events: Int
        var keys: [UInt8]

        init(_ keys: KeyBlock, of block: Int64) {
            self.block = block
            events = keys.events
            self.keys = keys.bytes
        }
    }

    private(set) var rows: [Row] = []

    init(_ writes: [RawWrite]) {
        let total = writes.reduce(0) { $0 + $1.selection.count }
        var keys = KeyBlock(capacity: total)
        var current: Int64?
        for write in writes {
            let batch = write.publication.batch
            var traces = EventTraces(batch)
            write.selection.forEach { place in
                let position = write.publication.position(at: place)
                let block = KeyBlock.block(of: position)
                if let last = current, last != block {
                    rows.append(Row(keys, of: last))
                    keys = KeyBlock(capacity: total)
                }
                current = block
                keys.add(batch.events[place], of: batch, trace: traces.id(of: place), at: position)
            }
        }
        if let current { rows.append(Row(keys, of: current)) }
    }
}
