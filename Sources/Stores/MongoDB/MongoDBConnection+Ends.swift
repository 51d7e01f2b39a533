internal import Commerce
internal import Storage

/// Where the collection begins and ends.
///
/// A question for the document at the end, in the order of positions, takes `mongod` one step in
/// its index. Other servers of its protocol read every document that such a question allows, so it
/// is asked only about the few that lie behind a position close to the end. ``leap(from:by:)``
/// finds one by asking for single positions, which is quick everywhere. Where it stops too early,
/// the answer takes longer, and is right.
extension MongoDBConnection {
    /// The highest position stored, or 0.
    func lastPosition() throws(StoreError) -> Int64 {
        let near = try leap(from: 0, by: 1)
        let reply = try read(EndCommands.last(from: near))
        guard let last = reply.documents("cursor.firstBatch").first else { return 0 }
        guard let position = last.integer("position"), (0..<RawEvent.endOfPositions) ~= position
        else {
            throw StoreError(
                StoredField(last, in: "\(location)").damaged("position", "a position in a topic")
            )
        }
        return position
    }

    /// What the collection still has.
    func retained(notingIn damage: DamagedValues) throws(StoreError) -> RetainedEvents? {
        let last = try lastPosition()
        // Most collections have the first events of their topic.
        var first = try read(EndCommands.first(to: 50)).documents("cursor.firstBatch").first
        if first == nil {
            let near = try leap(from: last, by: -1)
            first = try read(EndCommands.first(to: near)).documents("cursor.firstBatch").first
        }
        guard let first else { return nil }
        let field = StoredField(first, in: "\(location)", damage)
        guard let position = field.integer("position", isNeeded: true), position <= last else {
            return nil
        }
        return RetainedEvents(positions: position...last, since: field.time)
    }

    /// A stored position that is close to the end in the `direction` of 1 or -1, where positions
    /// have few gaps; `start` where none was found.
    private func leap(from start: Int64, by direction: Int64) throws(StoreError) -> Int64 {
        var place = start
        // Each leap goes half of the way and more; a gap in the wrong place makes it less.
        for _ in 0..<60 {
            let tried = EndCommands.leaps.map { place + direction * $0 }.filter { $0 > 0 }
            let reply = try read(EndCommands.positions(among: tried))
            let found = reply.documents("cursor.firstBatch").compactMap { $0.integer("position") }
            guard let far = direction > 0 ? found.max() : found.min() else { break }
            place = far
        }
        return place
    }
}

/// The commands by which the ends are found.
private enum EndCommands {
    /// 1, 2, 3, 4, 8, 12, 16, 32, 48 and so on.
    static let leaps: [Int64] = (0..<20).flatMap { power in
        (1...3).map { Int64($0) << Int64(2 * power) }
    }

    /// Finds which of `some` positions are stored.
    static func positions(among some: [Int64]) -> BSONDocument {
        let condition = BSONDocument { $0.append("$in", numbers: some) }
        return find(condition) {
            $0.append("projection", document: BSONDocument(json: #"{"position": 1}"#))
            $0.append("batchSize", Int32(some.count + 1))
        }
    }

    /// Finds the highest position that is not below `position`.
    static func last(from position: Int64) -> BSONDocument {
        find(BSONDocument { $0.append("$gte", position) }) {
            $0.append("sort", document: BSONDocument(json: #"{"position": -1}"#))
            $0.append("projection", document: BSONDocument(json: #"{"position": 1}"#))
            $0.append("limit", Int32(1))
        }
    }

    /// Finds the event of the lowest position that is not above `position`.
    static func first(to position: Int64) -> BSONDocument {
        find(BSONDocument { $0.append("$lte", position) }) {
            $0.append("sort", document: BSONDocument(json: #"{"position": 1}"#))
            $0.append("limit", Int32(1))
        }
    }

    private static func find(
        _ position: BSONDocument,
        _ rest: (inout BSONWriter) -> Void
    ) -> BSONDocument {
        let filter = BSONDocument { $0.append("position", document: position) }
        return BSONDocument {
            $0.append("find", RawEventCommands.collection)
            $0.append("filter", document: filter)
            rest(&$0)
            $0.append("singleBatch", true)
        }
    }
}
