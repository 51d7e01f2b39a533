internal import CMongoc

/// A BSON document: built field by field or from JSON, sent, and read by path.
///
/// One of the two places that call libbson; the other, ``BSONWriter``, appends to it. A document
/// keeps its memory when it is cleared, so that one takes thousands of events in turn.
@safe final class BSONDocument {
    let handle: OpaquePointer

    /// An empty document.
    init() {
        unsafe handle = unsafe bson_new()
    }

    /// The document that `json` writes as Extended JSON: for commands, which are literals.
    init(json: StaticString) {
        let parsed = unsafe bson_new_from_json(json.utf8Start, json.utf8CodeUnitCount, nil)
        guard let parsed = unsafe parsed else {
            preconditionFailure("a command of this program is not JSON: \(json)")
        }
        unsafe handle = unsafe parsed
    }

    /// The document that `build` fills: for commands, which always find room.
    convenience init(_ build: (inout BSONWriter) -> Void) {
        self.init()
        let isWhole = refill(build)
        precondition(isWhole, "a command of this program is beyond all limits")
    }

    /// The document that `initialize` makes of raw memory, as libmongoc does with every reply.
    init(reply initialize: (OpaquePointer) -> Void) {
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: weir_bson_size,
            alignment: weir_bson_alignment
        )
        let reply = OpaquePointer(memory)
        unsafe bson_init(reply)
        defer {
            unsafe bson_destroy(reply)
            unsafe memory.deallocate()
        }
        unsafe initialize(reply)
        unsafe handle = unsafe bson_copy(reply)
    }

    deinit {
        unsafe bson_destroy(handle)
    }

    /// Empties it and fills it again; it keeps its memory.
    ///
    /// - Returns: Whether everything found room.
    func refill(_ body: (inout BSONWriter) -> Void) -> Bool {
        unsafe bson_reinit(handle)
        var writer = unsafe BSONWriter(handle)
        body(&writer)
        return writer.isWhole
    }

    /// The whole number at `path` (`a.b`), of whatever BSON type, or nil.
    func integer(_ path: StaticString) -> Int64? {
        find(path) { $0.integer }
    }

    /// The milliseconds since the epoch of the date at `path`, or nil.
    func date(_ path: StaticString) -> Int64? {
        find(path) { $0.date }
    }

    /// The truth at `path`, or nil.
    func flag(_ path: StaticString) -> Bool? {
        find(path) { $0.flag }
    }

    /// The text at `path`, or nil if there is none, or one that is not UTF-8.
    func text(_ path: StaticString) -> String? {
        find(path) { $0.text }
    }

    /// Whether there is anything at `path`.
    func has(_ path: StaticString) -> Bool {
        find(path) { _ in true } ?? false
    }

    /// A copy of the document at `path`, or nil.
    func document(_ path: StaticString) -> BSONDocument? {
        find(path) { $0.document }
    }

    /// Copies of the documents in the array at `path`.
    func documents(_ path: StaticString) -> [BSONDocument] {
        find(path) { $0.documents } ?? []
    }

    /// Whether both have the same fields in the same order.
    func isEqual(to other: BSONDocument) -> Bool {
        unsafe bson_equal(handle, other.handle)
    }

    private func find<Value>(
        _ path: StaticString,
        _ body: (borrowing BSONIterator) -> Value?
    ) -> Value? {
        guard let iterator = unsafe BSONIterator(handle, path) else { return nil }
        return body(iterator)
    }

    fileprivate init(owning handle: OpaquePointer) {
        unsafe self.handle = unsafe handle
    }
}

/// A place in a BSON document.
@safe private struct BSONIterator: ~Copyable {
    private let handle: OpaquePointer

    private init() {
        unsafe handle = OpaquePointer(
            UnsafeMutableRawPointer.allocate(
                byteCount: weir_bson_iter_size,
                alignment: weir_bson_iter_alignment
            )
        )
    }

    /// The place that `path` names in `document`, which must outlive it, or nil.
    init?(_ document: OpaquePointer, _ path: StaticString) {
        self.init()
        let start = BSONIterator()
        let isFound =
            unsafe bson_iter_init(start.handle, document)
            && path.utf8Start.withMemoryRebound(
                to: CChar.self,
                capacity: path.utf8CodeUnitCount + 1
            ) {
                unsafe bson_iter_find_descendant(start.handle, $0, handle)
            }
        guard isFound else { return nil }
    }

    deinit {
        unsafe UnsafeMutableRawPointer(handle).deallocate()
    }

    private var type: bson_type_t { unsafe bson_iter_type(handle) }

    var integer: Int64? {
        switch type {
        case BSON_TYPE_INT32, BSON_TYPE_INT64, BSON_TYPE_BOOL: unsafe bson_iter_as_int64(handle)
        case BSON_TYPE_DOUBLE: unsafe Int64(exactly: bson_iter_double(handle))
        default: nil
        }
    }

    var date: Int64? {
        unsafe type == BSON_TYPE_DATE_TIME ? bson_iter_date_time(handle) : nil
    }

    var flag: Bool? {
        unsafe type == BSON_TYPE_BOOL ? bson_iter_bool(handle) : nil
    }

    var text: String? {
        guard type == BSON_TYPE_UTF8 else { return nil }
        var count: UInt32 = 0
        guard let start = unsafe bson_iter_utf8(handle, &count) else { return nil }
        // By its length: the text may have NUL in it.
        return unsafe String(
            validating: UnsafeRawBufferPointer(start: start, count: Int(count)),
            as: UTF8.self
        )
    }

    var document: BSONDocument? {
        guard type == BSON_TYPE_DOCUMENT else { return nil }
        var count: UInt32 = 0
        var start: UnsafePointer<UInt8>?
        unsafe bson_iter_document(handle, &count, &start)
        return unsafe bson_new_from_data(start, Int(count)).map { unsafe BSONDocument(owning: $0) }
    }

    var documents: [BSONDocument] {
        let elements = BSONIterator()
        guard type == BSON_TYPE_ARRAY, unsafe bson_iter_recurse(handle, elements.handle) else {
            return []
        }
        var documents: [BSONDocument] = []
        while unsafe bson_iter_next(elements.handle) {
            if let document = elements.document {
                documents.append(document)
            }
        }
        return documents
    }
}
