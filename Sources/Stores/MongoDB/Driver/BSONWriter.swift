internal import CMongoc

/// Appends fields to a BSON document that it does not own.
///
/// The document's own memory takes every value as it comes, so that nothing is built twice. An
/// append can fail only where a document would outgrow 2 GiB: what was refused is left out, and
/// ``isWhole`` tells at the end.
///
/// Safe as long as the owner lives: it is handed out inside calls only, and never kept.
@safe struct BSONWriter {
    private let target: OpaquePointer
    private(set) var isWhole = true

    init(_ target: OpaquePointer) {
        unsafe self.target = unsafe target
    }

    mutating func append(_ key: BSONKey, _ value: Int32) {
        unsafe note(bson_append_int32(target, key.start, key.count, value))
    }

    mutating func append(_ key: BSONKey, _ value: Int64) {
        unsafe note(bson_append_int64(target, key.start, key.count, value))
    }

    /// Appends a date: `milliseconds` since the epoch.
    mutating func append(_ key: BSONKey, date milliseconds: Int64) {
        unsafe note(bson_append_date_time(target, key.start, key.count, milliseconds))
    }

    /// Appends text, which must be UTF-8 and may have NUL in it.
    mutating func append(_ key: BSONKey, utf8: Span<UInt8>) {
        unsafe utf8.withUnsafeBytes { bytes in
            // Without an address libbson would append null; the empty text may point anywhere.
            let start = unsafe bytes.bindMemory(to: CChar.self).baseAddress ?? key.start
            unsafe note(bson_append_utf8(target, key.start, key.count, start, Int32(bytes.count)))
        }
    }

    mutating func append(_ key: BSONKey, _ value: Bool) {
        unsafe note(bson_append_bool(target, key.start, key.count, value))
    }

    /// Appends a text.
    mutating func append(_ key: BSONKey, _ text: String) {
        append(key, utf8: text.utf8Span.span)
    }

    /// Appends a copy of `document`.
    mutating func append(_ key: BSONKey, document: BSONDocument) {
        unsafe note(bson_append_document(target, key.start, key.count, document.handle))
    }

    /// Appends every field of `document`.
    mutating func append(all document: BSONDocument) {
        unsafe note(bson_concat(target, document.handle))
    }

    /// Appends text that was made elsewhere: as text where it is UTF-8, else as binary.
    mutating func append(_ key: BSONKey, original: Span<UInt8>) {
        let isText = unsafe original.withUnsafeBytes { bytes in
            unsafe bson_utf8_validate(
                bytes.bindMemory(to: CChar.self).baseAddress,
                bytes.count,
                true
            )
        }
        if isText {
            append(key, utf8: original)
        } else {
            unsafe original.withUnsafeBufferPointer { bytes in
                unsafe note(
                    bson_append_binary(
                        target,
                        key.start,
                        key.count,
                        BSON_SUBTYPE_BINARY,
                        bytes.baseAddress,
                        UInt32(bytes.count)
                    )
                )
            }
        }
    }

    /// Appends an array of `count` documents, each of which `body` fills by its place.
    mutating func append(
        _ key: BSONKey,
        documents count: Int,
        _ body: (inout BSONWriter, Int) -> Void
    ) {
        unsafe appendArray(key, count) { array, place, index in
            unsafe array.appendChild {
                unsafe bson_append_document_begin($0, place, -1, $1)
            } end: {
                unsafe bson_append_document_end($0, $1)
            } body: {
                body(&$0, index)
            }
        }
    }

    /// Appends an array of texts, which must be UTF-8.
    mutating func append(_ key: BSONKey, texts: [[UInt8]]) {
        unsafe appendArray(key, texts.count) { array, place, index in
            unsafe texts[index].withUnsafeBytes { bytes in
                let start = unsafe bytes.bindMemory(to: CChar.self).baseAddress ?? place
                unsafe array.note(
                    bson_append_utf8(array.target, place, -1, start, Int32(bytes.count))
                )
            }
        }
    }

    /// Appends an array of whole numbers.
    mutating func append(_ key: BSONKey, numbers: [Int64]) {
        unsafe appendArray(key, numbers.count) { array, place, index in
            unsafe array.note(bson_append_int64(array.target, place, -1, numbers[index]))
        }
    }

    private mutating func appendArray(
        _ key: BSONKey,
        _ count: Int,
        _ body: (inout BSONWriter, UnsafePointer<CChar>, Int) -> Void
    ) {
        unsafe appendChild {
            unsafe bson_append_array_begin($0, key.start, key.count, $1)
        } end: {
            unsafe bson_append_array_end($0, $1)
        } body: { array in
            // BSON keeps an array as a document whose keys are the places: ten digits and NUL.
            unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 16) { digits in
                for index in 0..<count {
                    var place: UnsafePointer<CChar>?
                    unsafe bson_uint32_to_string(
                        UInt32(index),
                        &place,
                        digits.baseAddress,
                        digits.count
                    )
                    guard let place = unsafe place else { return }
                    unsafe body(&array, place, index)
                }
            }
        }
    }

    private mutating func appendChild(
        begin: (OpaquePointer, OpaquePointer) -> Bool,
        end: (OpaquePointer, OpaquePointer) -> Bool,
        body: (inout BSONWriter) -> Void
    ) {
        let isAppended = unsafe withUnsafeTemporaryAllocation(
            byteCount: weir_bson_size,
            alignment: weir_bson_alignment
        ) { memory in
            guard let child = unsafe memory.baseAddress.map({ OpaquePointer($0) }),
                unsafe begin(target, child)
            else { return false }
            var writer = unsafe BSONWriter(child)
            body(&writer)
            // Until it has ended, the parent takes nothing else.
            return unsafe end(target, child) && writer.isWhole
        }
        note(isAppended)
    }

    private mutating func note(_ isAppended: Bool) {
        isWhole = isWhole && isAppended
    }
}

/// The name of a field.
@safe struct BSONKey: ExpressibleByStringLiteral {
    fileprivate let start: UnsafePointer<CChar>
    fileprivate let count: Int32

    /// The key that a literal names: its text lies in the program and stays there.
    init(stringLiteral text: StaticString) {
        precondition(text.hasPointerRepresentation, "a key is a literal text")
        unsafe start = unsafe UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
        count = Int32(text.utf8CodeUnitCount)
    }
}
