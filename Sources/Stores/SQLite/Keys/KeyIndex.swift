internal import Commerce
internal import GRDB
internal import SQLStores
internal import Storage
internal import Synchronization

/// Where the events of a user, a session, a product or a trace are, in a file of raw events.
///
/// A B-tree on such a column would take each event to a page of its own: that has cost a third of
/// the speed at which sessions are stored, and two thirds for users. So the keys of a call are one
/// row of `recent_keys`, written with the events in one transaction. When those rows have
/// ``segmentSize`` events, they become a segment: what they have lies in `key_entries` by key and
/// by bucket of the hash. All of that is appended. Who looks for a value reads one bucket of each
/// segment, and all recent rows, and then the events that these name.
///
/// - Guarantees: each stored event is named under each of its keys, whenever a process was killed.
/// - Non-guarantees: that what is named is there, or has the key: hashes may collide, and an event
///   that came again is named at positions that it did not take.
final class KeyIndex: Sendable {
    /// How many events a segment has, or a few more.
    private let segmentSize: Int

    /// How many events the recent rows have; nil until it is known.
    ///
    /// More than there are after a call that failed, which only makes a segment end early.
    private let recent = Mutex<Int?>(nil)

    init(segmentSize: Int) {
        self.segmentSize = segmentSize
    }

    /// Adds `keys`, in the transaction that their events were stored in.
    func insert(_ keys: RawKeys, into database: Database) throws {
        let session = SQLiteSession(database)
        for row in keys.rows { try KeyIndex.insert(row, session) }
        let added = keys.rows.reduce(0) { $0 + $1.events }
        try recent.withLock { recent in
            let known = try recent.map { $0 + added } ?? KeyIndex.recentEvents(session)
            recent = known
            guard known >= segmentSize else { return }
            // Counted again by the next call, since this one may still fail.
            recent = nil
            try KeyIndex.makeSegments(session)
        }
    }

    private static func insert(_ row: RawKeys.Row, _ session: SQLiteSession) throws {
        try session.run(
            "INSERT INTO recent_keys (block, events, keys) VALUES ($1, $2, $3)",
            [.integer(row.block), .integer(Int64(row.events)), .bytes(row.keys)]
        )
    }

    private static func recentEvents(_ session: SQLiteSession) throws -> Int {
        try session.map("SELECT coalesce(sum(events), 0) FROM recent_keys") {
            Int(clamping: try $0.count(0))
        }.first ?? 0
    }

    /// Makes segments of all recent rows, one a block.
    private static func makeSegments(_ session: SQLiteSession) throws {
        var blocks: [(block: Int64, keys: KeyBlock)] = []
        try forEachRecent(in: session) { block, keys in
            if let index = blocks.firstIndex(where: { $0.block == block }) {
                blocks[index].keys.add(keys)
            } else {
                blocks.append((block, keys))
            }
        }
        for (block, keys) in blocks { try append(keys, of: block, session) }
        try session.run("DELETE FROM recent_keys")
    }

    private static func append(
        _ keys: KeyBlock,
        of block: Int64,
        _ session: SQLiteSession
    ) throws {
        try session.run(
            "INSERT INTO key_segments (block, events) VALUES ($1, $2)",
            [.integer(block), .integer(Int64(keys.events))]
        )
        let segment = session.database.lastInsertedRowID
        for key in IndexedKey.allCases {
            try session.insert(
                keys.buckets(of: key).lazy.map { bucket, entries in
                    [.integer(place(segment, key, bucket)), .bytes(entries)]
                },
                into: entryTable
            )
        }
    }

    private static let entryTable = SQLInsert("key_entries", ["place", "entries"])

    /// The row of a bucket: segments follow one another, so that rows are appended.
    private static func place(_ segment: Int64, _ key: IndexedKey, _ bucket: Int) -> Int64 {
        segment * 1024 + Int64(key.rawValue * KeyBlock.bucketCount + bucket)
    }

    /// Calls `body` with each recent row, or those of `block` alone.
    private static func forEachRecent(
        of block: Int64? = nil,
        in session: SQLiteSession,
        _ body: (Int64, KeyBlock) throws -> Void
    ) throws {
        let condition = block == nil ? "" : "WHERE block = $1"
        try session.forEach(
            SQLStatement(
                "SELECT number, block, events, keys FROM recent_keys \(condition) ORDER BY number",
                of: "recent_keys",
                keys: 1
            ),
            block.map { [.integer($0)] } ?? []
        ) { row in
            let events = Int(clamping: try row.count(2))
            guard let keys = KeyBlock(try row.bytes(3), events: events) else {
                throw row.damaged(3, expected: "the keys of events", remedy: KeyIndex.remedy)
            }
            try body(try row.integer(1), keys)
        }
    }

    private static let remedy = "Restore the store"

    // MARK: - Tables

    static let tables = """
        CREATE TABLE recent_keys (
            number INTEGER PRIMARY KEY,
            block INTEGER NOT NULL,
            events INTEGER NOT NULL,
            keys BLOB NOT NULL
        ) STRICT;
        CREATE TABLE key_segments (
            segment INTEGER PRIMARY KEY,
            block INTEGER NOT NULL,
            events INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE key_entries (
            place INTEGER PRIMARY KEY,
            entries BLOB NOT NULL
        ) STRICT;
        """

    /// Makes the tables, and fills them from the events that are there.
    static func make(in database: Database) throws {
        try database.execute(sql: tables)
        let session = SQLiteSession(database)
        var segment: (block: Int64, keys: KeyBlock) = (0, KeyBlock())
        try FoundRow.forEach(in: session) { row in
            // What cannot be read has no keys, and is never found.
            guard let event = row.event(symbols: SymbolTable()) else { return }
            let block = KeyBlock.block(of: event.position)
            if block != segment.block || segment.keys.events >= 65_536 {
                if segment.keys.events > 0 { try append(segment.keys, of: segment.block, session) }
                segment = (block, KeyBlock())
            }
            segment.keys.addEvent(event.indexedKeys, at: event.position)
        }
        if segment.keys.events > 0 {
            try insert(RawKeys.Row(segment.keys, of: segment.block), session)
        }
    }

    // MARK: - Looking up

    /// The blocks from that of `position` on in which there may be events, ascending.
    static func blocks(from position: Int64, in session: SQLiteSession) throws -> [Int64] {
        try session.map(
            SQLStatement(
                """
                SELECT block FROM key_segments WHERE block >= $1
                UNION SELECT block FROM recent_keys WHERE block >= $1 ORDER BY block
                """,
                of: "key_segments"
            ),
            [.integer(KeyBlock.block(of: position))]
        ) { try $0.integer(0) }
    }

    /// The positions in `block` at which there may be events that meet all `conditions`, of which
    /// each has a key that is indexed; ascending.
    static func positions(
        _ conditions: [EventCondition],
        in block: Int64,
        _ session: SQLiteSession
    ) throws -> [Int64] {
        var common: [UInt32]?
        for condition in conditions {
            guard let key = IndexedKey(condition.key), let hash = KeyHash(condition) else {
                continue
            }
            // Without the bits of the hash, so that the entries of different keys compare.
            let places = try entries(key, hash, in: block, session)
                .map { $0 & KeyBlock.placeMask }.sorted()
            common = common.map { KeyIndex.common($0, places) } ?? places
            if common?.isEmpty == true { return [] }
        }
        var positions: [Int64] = []
        for place in common ?? [] {
            let position = KeyBlock.position(of: place, in: block)
            // An event with two such items is named twice.
            if positions.last != position { positions.append(position) }
        }
        return positions
    }

    private static func entries(
        _ key: IndexedKey,
        _ hash: KeyHash,
        in block: Int64,
        _ session: SQLiteSession
    ) throws -> [UInt32] {
        var found: [UInt32] = []
        try session.forEach(
            SQLStatement(
                """
                SELECT place, entries FROM key_segments
                JOIN key_entries ON place = segment * 1024 + $2
                WHERE block = $1
                """,
                of: "key_entries",
                keys: 1
            ),
            [.integer(block), .integer(place(0, key, Int(hash.bucket)))]
        ) { row in
            let bytes = try row.bytes(1)
            guard KeyBlock.forEach(hash, in: bytes, { found.append($0) }) else {
                throw row.damaged(1, expected: "entries of 4 bytes each", remedy: remedy)
            }
        }
        try forEachRecent(of: block, in: session) { _, keys in
            keys.forEach(key, hash) { found.append($0) }
        }
        return found
    }

    /// What both, which are ascending, have.
    private static func common(_ left: [UInt32], _ right: [UInt32]) -> [UInt32] {
        var common: [UInt32] = []
        var next = right.startIndex
        for value in left {
            while next < right.endIndex, right[next] < value { next += 1 }
            if next < right.endIndex, right[next] == value { common.append(value) }
        }
        return common
    }
}

extension FoundEvent {
    /// The keys by which ``KeyIndex`` names it.
    var indexedKeys: [(IndexedKey, KeyHash)] {
        var keys: [(IndexedKey, KeyHash)] = []
        func add(_ key: EventKey, _ value: String) {
            // The empty text is a value of its own, for which nobody can look.
            guard let condition = EventCondition(key, value), let place = IndexedKey(key),
                let hash = KeyHash(condition)
            else { return }
            keys.append((place, hash))
        }
        if let user { add(.user, user) }
        if let session { add(.session, session) }
        for product in products { add(.product, product) }
        if let trace { add(.trace, trace) }
        return keys
    }
}
