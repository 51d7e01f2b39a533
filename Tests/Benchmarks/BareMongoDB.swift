internal import CMongoc
internal import Timekeeping

/// The least a program can do to insert documents: one connection, and libmongoc's own bulk
/// operation, without its checks of what is inserted.
final class BareMongoDB {
    private let client: OpaquePointer

    init(_ url: String) throws {
        mongoc_init()
        mongoc_log_set_handler(nil, nil)
        guard let client = mongoc_client_new(url) else {
            throw MongoDBBenchmarkError(description: "the driver does not take WEIR_RAW_URL")
        }
        self.client = client
    }

    deinit {
        mongoc_client_destroy(client)
    }

    /// Where the documents of a loop come from.
    enum Making {
        /// They lie there before the clock starts.
        case ready
        /// libbson makes each of them again, field by field, into one buffer.
        case building
    }

    /// Inserts `documents`; gives how many a second.
    func insert(
        _ documents: [[UInt8]],
        _ making: Making,
        into database: String,
        batch: Int
    ) throws -> Double {
        let collection = mongoc_client_get_collection(client, database, "raw_events")
        let concern = mongoc_write_concern_new()
        mongoc_write_concern_set_w(concern, MONGOC_WRITE_CONCERN_W_MAJORITY)
        mongoc_collection_set_write_concern(collection, concern)
        let ready = documents.map { bson_new_from_data($0, $0.count) }
        let unordered = bson_new_from_json(#"{"ordered": false}"#, -1, nil)
        let unchecked = bson_new_from_json(#"{"validate": false}"#, -1, nil)
        defer {
            ready.forEach { bson_destroy($0) }
            bson_destroy(unordered)
            bson_destroy(unchecked)
            mongoc_write_concern_destroy(concern)
            mongoc_collection_destroy(collection)
        }
        let built = BuiltDocument()
        let timeline = RealTimeline()
        let began = timeline.now
        for start in stride(from: 0, to: ready.count, by: batch) {
            let bulk = mongoc_collection_create_bulk_operation_with_opts(collection, unordered)
            defer { mongoc_bulk_operation_destroy(bulk) }
            var error = bson_error_t()
            for document in ready[start..<min(start + batch, ready.count)] {
                let document = making == .ready ? document : built.again(document)
                guard mongoc_bulk_operation_insert_with_opts(bulk, document, unchecked, &error)
                else { throw MongoDBBenchmarkError(description: "the bare loop could not add") }
            }
            guard mongoc_bulk_operation_execute(bulk, nil, &error) != 0 else {
                throw MongoDBBenchmarkError(description: "the bare loop could not insert")
            }
        }
        return Double(ready.count) / (timeline.now - began).inSeconds
    }

    func drop(_ database: String) {
        let handle = mongoc_client_get_database(client, database)
        defer { mongoc_database_destroy(handle) }
        // What is not there need not be dropped.
        _ = mongoc_database_drop(handle, nil)
    }
}

/// A document that is built over and over.
private final class BuiltDocument {
    private let handle = bson_new()
    private let fields = UnsafeMutableRawPointer.allocate(
        byteCount: weir_bson_iter_size,
        alignment: weir_bson_iter_alignment
    )

    deinit {
        fields.deallocate()
        bson_destroy(handle)
    }

    /// The same fields as `document` has.
    func again(_ document: OpaquePointer?) -> OpaquePointer? {
        let field = OpaquePointer(fields)
        bson_reinit(handle)
        bson_iter_init(field, document)
        while bson_iter_next(field) {
            bson_append_iter(handle, nil, 0, field)
        }
        return handle
    }
}
