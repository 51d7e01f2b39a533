package import Storage

extension MongoDBRawStore: LogStore {
    package var logs: (any LogStore)? { self }

    package func lastSequence() async throws(StoreError) -> Int64 {
        try await pool.withConnection { connection throws(StoreError) in
            try await connection.lastLog()
        }
    }

    package func append(_ records: [LogRecord]) async throws(StoreError) {
        guard !records.isEmpty else { return }
        try await pool.withConnection { connection throws(StoreError) in
            try await connection.insert(records)
        }
    }

    package func remove(before sequence: Int64) async throws(StoreError) {
        try await pool.withConnection { connection throws(StoreError) in
            try await connection.removeLogs(before: sequence)
        }
    }

    package func find(_ search: LogSearch) async throws(StoreError) -> FoundLogs {
        try await pool.withConnection { [damage] connection throws(StoreError) in
            try await connection.find(search, notingIn: damage)
        }
    }
}

extension MongoDBConnection {
    /// The highest sequence of the logs, or 0.
    func lastLog() throws(StoreError) -> Int64 {
        try read(LogCommands.last).documents("cursor.firstBatch").first?.integer("_id") ?? 0
    }

    /// Keeps `records`; those that are there already stay as they are.
    func insert(_ records: [LogRecord]) throws(StoreError) {
        let refusals = try command(LogCommands.insertion(records)).documents("writeErrors")
        guard let refusal = refusals.first(where: { $0.integer("code") != 11_000 }) else { return }
        throw DriverFailure(
            .server,
            code: Int(clamping: refusal.integer("code") ?? 0),
            refusal.text("errmsg") ?? ""
        ).storeError(at: location)
    }

    /// Removes the records before `sequence`.
    func removeLogs(before sequence: Int64) throws(StoreError) {
        _ = try command(LogCommands.removal(before: sequence))
    }

    /// The records that `search` asks for.
    func find(
        _ search: LogSearch,
        notingIn damage: DamagedValues
    ) throws(StoreError) -> FoundLogs {
        let store = "\(location)"
        let records = try read(LogCommands.find(search)).documents("cursor.firstBatch")
            .compactMap { document in
                LogRecord(
                    document,
                    StoredField(document, of: LogCommands.collection, in: store, damage),
                    damage
                )
            }
        return FoundLogs(records, of: search)
    }
}

extension LogRecord {
    /// What `document` says; nil where it is no record any more, which `damage` has noted.
    fileprivate init?(_ document: BSONDocument, _ field: StoredField, _ damage: DamagedValues) {
        guard let sequence = field.integer("_id", isNeeded: true) else { return nil }
        guard let level = LogLevel(rawValue: field.text("level", isNeeded: true)) else {
            damage.note(StoreError(field.damaged("level", "a level of a log")))
            return nil
        }
        self.init(
            sequence: sequence,
            level: level,
            message: field.text("message", isNeeded: true),
            fields: document.documents("fields").compactMap { entry in
                guard let name = entry.text("name"), let value = entry.text("value") else {
                    return nil
                }
                return LogField(name: name, value: value)
            }
        )
    }
}

/// The commands about the collection of logs.
enum LogCommands {
    static let collection = "logs"

    /// Each field is a document of its name and its value, by which records are found.
    static var index: BSONDocument {
        BSONDocument(
            json: """
                {"createIndexes": "logs",
                 "indexes": [{"name": "fields", "key": {"fields": 1, "_id": 1}}]}
                """
        )
    }

    static var last: BSONDocument {
        BSONDocument(
            json: """
                {"find": "logs", "sort": {"_id": -1}, "limit": 1, "singleBatch": true,
                 "projection": {"_id": 1}}
                """
        )
    }

    /// Unordered, so that what is there already does not stop the rest.
    static func insertion(_ records: [LogRecord]) -> BSONDocument {
        BSONDocument {
            $0.append("insert", collection)
            $0.append("documents", documents: records.count) { document, place in
                let record = records[place]
                document.append("_id", record.sequence)
                document.append("level", record.level.rawValue)
                document.append("message", record.message)
                document.append("fields", documents: record.fields.count) { field, place in
                    fill(&field, record.fields[place])
                }
            }
            $0.append("ordered", false)
        }
    }

    private static func fill(_ document: inout BSONWriter, _ field: LogField) {
        document.append("name", field.name)
        document.append("value", field.value)
    }

    static func removal(before sequence: Int64) -> BSONDocument {
        let condition = BSONDocument { $0.append("$lt", sequence) }
        let filter = BSONDocument { $0.append("_id", document: condition) }
        return BSONDocument {
            $0.append("delete", collection)
            $0.append("deletes", documents: 1) { entry, _ in
                entry.append("q", document: filter)
                entry.append("limit", Int32(0))
            }
        }
    }

    static func find(_ search: LogSearch) -> BSONDocument {
        let behind = BSONDocument { $0.append("$gt", search.after) }
        let levels = BSONDocument {
            $0.append("$in", texts: search.level.andAbove.map { Array($0.rawValue.utf8) })
        }
        let parts =
            [
                BSONDocument { $0.append("_id", document: behind) },
                BSONDocument { $0.append("level", document: levels) },
            ]
            + search.fields.map { field in
                let entry = BSONDocument { fill(&$0, field) }
                return BSONDocument { $0.append("fields", document: entry) }
            }
        let filter = BSONDocument {
            $0.append("$and", documents: parts.count) { part, place in
                part.append(all: parts[place])
            }
        }
        let sort = BSONDocument { $0.append("_id", Int32(search.prefersLast ? -1 : 1)) }
        return BSONDocument {
            $0.append("find", collection)
            $0.append("filter", document: filter)
            $0.append("sort", document: sort)
            $0.append("limit", Int32(clamping: search.limit + 1))
            $0.append("batchSize", Int32(clamping: search.limit + 1))
            $0.append("singleBatch", true)
        }
    }
}
