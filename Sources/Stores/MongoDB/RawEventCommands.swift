/// The commands about the collection of raw events.
///
/// Made anew for each use: a document belongs to the thread that uses it.
enum RawEventCommands {
    static let collection = "raw_events"

    static var listing: BSONDocument {
        BSONDocument(json: #"{"listCollections": 1, "filter": {"name": "raw_events"}}"#)
    }

    static var anyEvent: BSONDocument {
        BSONDocument(json: #"{"find": "raw_events", "limit": 1, "singleBatch": true}"#)
    }

    /// Counts the documents themselves: the server's own estimate is wrong after it was killed.
    static var count: BSONDocument {
        BSONDocument(
            json: #"{"aggregate": "raw_events", "pipeline": [{"$count": "n"}], "cursor": {}}"#
        )
    }

    /// Counts the documents from `position` on.
    static func count(from position: Int64) -> BSONDocument {
        let condition = BSONDocument { $0.append("$gte", position) }
        let filter = BSONDocument { $0.append("position", document: condition) }
        return BSONDocument {
            $0.append("aggregate", collection)
            $0.append("pipeline", documents: 2) { stage, place in
                if place == 0 {
                    stage.append("$match", document: filter)
                } else {
                    stage.append("$count", "n")
                }
            }
            $0.append("cursor", document: BSONDocument())
        }
    }

    static var serverStatus: BSONDocument {
        BSONDocument(
            json: """
                {"serverStatus": 1, "repl": 0, "metrics": 0, "locks": 0, "wiredTiger": 0,
                 "tcmalloc": 0, "opcounters": 0, "storageEngine": 0}
                """
        )
    }

    /// Finds the positions of the events with these `_id`s.
    static func positions(of keys: some Sequence<[UInt8]>) -> BSONDocument {
        let condition = BSONDocument { $0.append("$in", texts: Array(keys)) }
        let filter = BSONDocument { $0.append("_id", document: condition) }
        return BSONDocument {
            $0.append("find", collection)
            $0.append("filter", document: filter)
            $0.append("projection", document: BSONDocument(json: #"{"position": 1}"#))
            $0.append("batchSize", Int32.max)
            $0.append("singleBatch", true)
        }
    }

    /// Finds some documents that no page of events has, since they have no place among them.
    static var misplaced: BSONDocument {
        let isPlace = BSONDocument { $0.append("$type", texts: placeTypes) }
        let condition = BSONDocument { $0.append("$not", document: isPlace) }
        let filter = BSONDocument { $0.append("position", document: condition) }
        return BSONDocument {
            $0.append("find", collection)
            $0.append("filter", document: filter)
            $0.append("projection", document: BSONDocument(json: #"{"position": 1}"#))
            $0.append("limit", Int32(100))
            $0.append("singleBatch", true)
        }
    }

    /// The types that a position may have.
    ///
    /// They are not written as JSON: libbson reads `$type`
    /// there as a part of a binary value.
    static let placeTypes = ["long", "int"].map { Array($0.utf8) }

    /// Finds the events after `position`, in the order of positions.
    ///
    /// The server ends a reply at 16 MiB, so that there may be fewer than `limit`.
    static func events(after position: Int64, atMost limit: Int) -> BSONDocument {
        let condition = BSONDocument {
            // The least number of all is left out: no event has it.
            $0.append("$gt", position)
            $0.append("$type", texts: placeTypes)
        }
        let filter = BSONDocument { $0.append("position", document: condition) }
        return BSONDocument {
            $0.append("find", collection)
            $0.append("filter", document: filter)
            $0.append("sort", document: BSONDocument(json: #"{"position": 1}"#))
            $0.append(
                "projection",
                document: BSONDocument(
                    json: """
                        {"position": 1, "source": 1, "id": 1, "time": 1, "time_ns": 1,
                         "sequence": 1, "name": 1, "type": 1, "transaction_id": 1, "value_minor": 1,
                         "currency": 1, "items.quantity": 1}
                        """
                )
            )
            $0.append("limit", Int32(clamping: limit))
            $0.append("batchSize", Int32(clamping: limit))
            $0.append("singleBatch", true)
        }
    }

    static func creation(validator: BSONDocument?) -> BSONDocument {
        BSONDocument {
            $0.append("create", collection)
            if let validator {
                $0.append("validator", document: validator)
            }
        }
    }

    static func change(validator: BSONDocument) -> BSONDocument {
        BSONDocument {
            $0.append("collMod", collection)
            $0.append("validator", document: validator)
        }
    }

    /// One position is one event: what tells an event that was stored before from another one.
    static var positionIndex: BSONDocument {
        BSONDocument(
            json: """
                {"createIndexes": "raw_events",
                 "indexes": [{"name": "position", "key": {"position": 1}, "unique": true}]}
                """
        )
    }

    /// The index by the trace, which every event has.
    static var traceIndex: BSONDocument {
        BSONDocument(
            json: """
                {"createIndexes": "raw_events",
                 "indexes": [{"name": "trace", "key": {"traceparent": 1}}]}
                """
        )
    }

    static var indexes: BSONDocument {
        BSONDocument(json: #"{"listIndexes": "raw_events", "cursor": {}}"#)
    }

    /// The index by a business key.
    ///
    /// Few events have an order, so the others take no room in that one.
    static func index(of key: RawEventKey) -> BSONDocument {
        switch key {
        case .order:
            BSONDocument(
                json: """
                    {"createIndexes": "raw_events", "indexes": [
                     {"name": "order", "key": {"transaction_id": 1}, "sparse": true}]}
                    """
            )
        case .user:
            BSONDocument(
                json: """
                    {"createIndexes": "raw_events",
                     "indexes": [{"name": "user", "key": {"user_id": 1}}]}
                    """
            )
        case .session:
            BSONDocument(
                json: """
                    {"createIndexes": "raw_events",
                     "indexes": [{"name": "session", "key": {"session_id": 1}}]}
                    """
            )
        case .product:
            BSONDocument(
                json: """
                    {"createIndexes": "raw_events",
                     "indexes": [{"name": "product", "key": {"items.item_id": 1}}]}
                    """
            )
        }
    }

    /// The validation rule of the collection.
    static var validator: BSONDocument {
        BSONDocument(
            json: """
                {"$jsonSchema": {
                  "bsonType": "object",
                  "required": ["_id", "position", "source", "id", "time", "type", "name"],
                  "properties": {
                    "_id": {"bsonType": "string"},
                    "position": {"bsonType": "long"},
                    "source": {"bsonType": "string"},
                    "id": {"bsonType": "string"},
                    "time": {"bsonType": "date"},
                    "time_ns": {"bsonType": "long"},
                    "type": {"bsonType": "string"},
                    "subject": {"bsonType": "string"},
                    "traceparent": {"bsonType": "string"},
                    "sequence": {"bsonType": "long"},
                    "name": {"bsonType": "string"},
                    "user_id": {"bsonType": "string"},
                    "session_id": {"bsonType": "string"},
                    "transaction_id": {"bsonType": "string"},
                    "order_part": {"bsonType": "bool"},
                    "value_minor": {"bsonType": "long"},
                    "currency": {"bsonType": "string"},
                    "items": {
                      "bsonType": "array",
                      "items": {
                        "bsonType": "object",
                        "required": ["price_minor", "quantity"],
                        "properties": {
                          "item_id": {"bsonType": "string"},
                          "item_category": {"bsonType": "string"},
                          "price_minor": {"bsonType": "long"},
                          "quantity": {"bsonType": "int"}
                        }
                      }
                    },
                    "document": {"bsonType": ["string", "binData"]}
                  }
                }}
                """
        )
    }
}

/// A business key that raw events can be looked up by.
package enum RawEventKey: String, Hashable, Sendable, CaseIterable {
    /// `transaction_id`.
    case order
    /// `user_id`.
    case user
    /// `session_id`.
    case session
    /// `items.item_id`.
    case product
}
