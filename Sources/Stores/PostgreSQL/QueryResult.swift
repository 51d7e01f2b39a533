internal import CPostgres
internal import Stages
internal import Timekeeping

/// An answer of the server, which is given back to libpq with the last reference to it.
@safe
final class QueryResult {
    fileprivate let pointer: OpaquePointer

    /// Takes over a result of libpq's; nil is the end of an answer.
    init?(_ pointer: OpaquePointer?) {
        guard let pointer = unsafe pointer else { return nil }
        unsafe self.pointer = pointer
    }

    deinit {
        unsafe PQclear(pointer)
    }

    var status: ExecStatusType { unsafe PQresultStatus(pointer) }

    /// How many rows it has.
    var count: Int32 { unsafe PQntuples(pointer) }

    /// The names of its columns.
    var columns: [String] {
        (0..<(unsafe PQnfields(pointer))).map { column in
            unsafe PQfname(pointer, column).map { unsafe String(cString: $0) } ?? ""
        }
    }

    /// What went wrong, where it is an error.
    var fault: ServerFailure? {
        switch status {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_COPY_IN, PGRES_EMPTY_QUERY: return nil
        default: break
        }
        // PG_DIAG_SQLSTATE and PG_DIAG_MESSAGE_PRIMARY, which C has as macros of characters.
        if let state = field("C") {
            return ServerFailure(
                state: state,
                message: field("M") ?? "",
                position: field("P").flatMap { Int($0) }
            )
        }
        let text = unsafe String(cString: PQresultErrorMessage(pointer))
        return ServerFailure(state: nil, message: text.onOneLine)
    }

    private func field(_ code: Character) -> String? {
        let code = Int32(code.asciiValue ?? 0)
        return unsafe PQresultErrorField(pointer, code).map { unsafe String(cString: $0) }
    }
}

extension String {
    /// Its lines, without the space that begins them, one after the other.
    var onOneLine: String {
        split(whereSeparator: \.isNewline).map { line in
            String(line.drop { $0 == " " || $0 == "\t" })
        }.joined(separator: "; ")
    }
}

/// A row that a query gave; every value is held to what its column has to hold.
///
/// Nothing here trusts the database: another program may have changed a table, or a value.
struct ResultRow {
    let result: QueryResult
    let row: Int32
    let statement: Statement
    /// The server, as errors name it.
    let server: String

    /// The numbers of PostgreSQL's types (`pg_type.dat`).
    private enum TypeNumber {
        static let bool: UInt32 = 16
        static let bytea: UInt32 = 17
        static let bigint: UInt32 = 20
        static let uuid: UInt32 = 2950
    }

    func isNull(_ column: Int32) -> Bool {
        unsafe PQgetisnull(result.pointer, row, column) == 1
    }

    /// A `bigint`.
    func integer(_ column: Int32) throws(StoreError) -> Int64 {
        guard has(TypeNumber.bigint, of: 8, column) else {
            throw flaw(column, expected: "a whole number")
        }
        return Int64(bitPattern: unsafe number(value(column)))
    }

    /// A `bigint` that may be NULL.
    func optionalInteger(_ column: Int32) throws(StoreError) -> Int64? {
        isNull(column) ? nil : try integer(column)
    }

    /// A whole number that is not negative.
    func count(_ column: Int32) throws(StoreError) -> Int64 {
        let number = try integer(column)
        guard number >= 0 else { throw flaw(column, expected: "a whole number from 0") }
        return number
    }

    /// An instant, which is never at an end of time.
    func instant(_ column: Int32) throws(StoreError) -> Timestamp {
        let instant = Timestamp(nanoseconds: try integer(column))
        guard instant > .distantPast, instant < .distantFuture else {
            throw flaw(column, expected: "nanoseconds since 1970")
        }
        return instant
    }

    func optionalInstant(_ column: Int32) throws(StoreError) -> Timestamp? {
        isNull(column) ? nil : try instant(column)
    }

    /// How far a stream has come: an instant, or an end of time.
    func watermark(_ column: Int32) throws(StoreError) -> Timestamp {
        Timestamp(nanoseconds: try integer(column))
    }

    /// A span of time that is not negative.
    func span(_ column: Int32) throws(StoreError) -> Duration {
        .nanoseconds(try count(column))
    }

    func bool(_ column: Int32) throws(StoreError) -> Bool {
        guard has(TypeNumber.bool, of: 1, column) else {
            throw flaw(column, expected: "true or false")
        }
        return unsafe value(column).first == 1
    }

    /// A text.
    func text(_ column: Int32) throws(StoreError) -> String {
        guard !isNull(column), let text = unchecked(column) else {
            throw flaw(column, expected: "a text")
        }
        return text
    }

    func optionalText(_ column: Int32) throws(StoreError) -> String? {
        isNull(column) ? nil : try text(column)
    }

    /// One of the values that have a text.
    func value<Value: RawRepresentable & CaseIterable>(
        _ column: Int32
    ) throws(StoreError) -> Value where Value.RawValue == String {
        guard let value = Value(rawValue: try text(column)) else {
            let names = Value.allCases.map(\.rawValue).joined(separator: ", ")
            throw flaw(column, expected: "one of \(names)")
        }
        return value
    }

    /// A `bytea`.
    func bytes(_ column: Int32) throws(StoreError) -> [UInt8] {
        guard !isNull(column), has(TypeNumber.bytea, of: nil, column) else {
            throw flaw(column, expected: "bytes")
        }
        return unsafe Array(value(column))
    }

    /// A `bytea` of 64-bit numbers, each with its little end first.
    func numbers(_ column: Int32) throws(StoreError) -> [UInt64] {
        guard !isNull(column), has(TypeNumber.bytea, of: nil, column),
            unsafe value(column).count.isMultiple(of: 8)
        else { throw flaw(column, expected: "hashes of 8 bytes each") }
        let value = unsafe value(column)
        return stride(from: 0, to: value.count, by: 8).map { start in
            unsafe UInt64(littleEndian: value.loadUnaligned(fromByteOffset: start, as: UInt64.self))
        }
    }

    /// A `uuid`.
    func identifier(_ column: Int32) throws(StoreError) -> Identifier {
        guard has(TypeNumber.uuid, of: 16, column) else { throw flaw(column, expected: "a uuid") }
        let value = unsafe value(column)
        return unsafe Identifier(
            high: number(.init(rebasing: value.prefix(8))),
            low: number(.init(rebasing: value.dropFirst(8)))
        )
    }

    /// Why a value is not what it has to be.
    func flaw(_ column: Int32, expected: String) -> StoreError {
        let names = result.columns
        func name(_ column: Int32) -> String {
            names.indices.contains(Int(column)) ? names[Int(column)] : "\(column)"
        }
        let row = (0..<statement.keys).map { "\(name($0)) \(shown($0))" }.joined(separator: ", ")
        return StoreError(
            DamagedValue(
                store: server,
                table: statement.table,
                row: row,
                column: name(column),
                found: shown(column),
                expected: expected
            )
        )
    }

    /// Whether a column has this type, and its value this length.
    private func has(_ type: UInt32, of length: Int?, _ column: Int32) -> Bool {
        guard unsafe PQftype(result.pointer, column) == type else { return false }
        guard let length else { return true }
        return unsafe value(column).count == length
    }

    /// A value as an error shows it.
    private func shown(_ column: Int32) -> String {
        if isNull(column) { return "nothing" }
        if has(TypeNumber.bigint, of: 8, column) {
            return "\(Int64(bitPattern: unsafe number(value(column))))"
        }
        if has(TypeNumber.bytea, of: nil, column) || has(TypeNumber.uuid, of: nil, column) {
            return "\(unsafe value(column).count) bytes"
        }
        return unchecked(column).map(DamagedValue.quote) ?? "a value of another type"
    }

    private func unchecked(_ column: Int32) -> String? {
        unsafe String(validating: value(column), as: UTF8.self)
    }

    private func value(_ column: Int32) -> UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(
            start: PQgetvalue(result.pointer, row, column),
            count: Int(PQgetlength(result.pointer, row, column))
        )
    }

    /// Eight bytes, the big end first.
    private func number(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        unsafe UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self))
    }
}
