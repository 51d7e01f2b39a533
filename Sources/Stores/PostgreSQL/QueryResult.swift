internal import CPostgres
package import SQLStores
internal import Storage

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
        split(whereSeparator: \.isNewline).map { connection in
            String(connection.drop { $0 == " " || $0 == "\t" })
        }.joined(separator: "; ")
    }
}

/// A row that a query of PostgreSQL's gave.
package struct PostgreSQLRow: SQLRow {
    let result: QueryResult
    let row: Int32
    package let statement: SQLStatement
    package let store: String

    /// The numbers of PostgreSQL's types (`pg_type.dat`).
    private enum TypeNumber {
        static let bool: UInt32 = 16
        static let bytea: UInt32 = 17
        static let bigint: UInt32 = 20
        static let uuid: UInt32 = 2950
        /// name, text, bpchar and varchar.
        static let texts: [UInt32] = [19, 25, 1042, 1043]
    }

    package func isNull(_ column: Int32) -> Bool {
        unsafe PQgetisnull(result.pointer, row, column) == 1
    }

    package func rawInteger(_ column: Int32) -> Int64? {
        guard has(TypeNumber.bigint, column), unsafe value(column).count == 8 else { return nil }
        return Int64(bitPattern: unsafe number(value(column)))
    }

    package func rawText(_ column: Int32) -> String? {
        guard TypeNumber.texts.contains(type(column)), !isNull(column) else { return nil }
        return unsafe String(validating: value(column), as: UTF8.self)
    }

    package func rawBytes(_ column: Int32) -> [UInt8]? {
        guard has(TypeNumber.bytea, column), !isNull(column) else { return nil }
        return unsafe Array(value(column))
    }

    package func name(_ column: Int32) -> String {
        let names = result.columns
        return names.indices.contains(Int(column)) ? names[Int(column)] : "\(column)"
    }

    package func rawText(ofOther column: Int32) -> String { "a value of another type" }

    func bool(_ column: Int32) throws(StoreError) -> Bool {
        guard has(TypeNumber.bool, column), unsafe value(column).count == 1 else {
            throw damaged(column, expected: "true or false")
        }
        return unsafe value(column).first == 1
    }

    /// A `uuid`.
    func identifier(_ column: Int32) throws(StoreError) -> Identifier {
        guard has(TypeNumber.uuid, column), unsafe value(column).count == 16 else {
            throw damaged(column, expected: "a uuid")
        }
        let value = unsafe value(column)
        return unsafe Identifier(
            high: number(.init(rebasing: value.prefix(8))),
            low: number(.init(rebasing: value.dropFirst(8)))
        )
    }

    private func has(_ wanted: UInt32, _ column: Int32) -> Bool { type(column) == wanted }

    private func type(_ column: Int32) -> UInt32 { unsafe PQftype(result.pointer, column) }

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

extension SQLValue {
    var isNull: Bool { self == .null }

    /// Appends it in PostgreSQL's binary form.
    func append(to bytes: inout [UInt8]) {
        switch self {
        case .integer(let value): bytes.append(bigEndian: value)
        case .text(let text): bytes.append(contentsOf: text.utf8)
        case .key(let text): bytes.append(contentsOf: KeyText.stored(text).utf8)
        case .bytes(let value): bytes.append(contentsOf: value)
        case .null: break
        }
    }
}
