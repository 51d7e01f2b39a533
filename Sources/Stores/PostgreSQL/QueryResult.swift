internal import CPostgres
internal import Stages

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
    var fault: ServerFault? {
        switch status {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_COPY_IN, PGRES_EMPTY_QUERY: return nil
        default: break
        }
        // PG_DIAG_SQLSTATE and PG_DIAG_MESSAGE_PRIMARY, which C has as macros of characters.
        if let state = field("C") {
            return ServerFault(
                state: state,
                message: field("M") ?? "",
                position: field("P").flatMap { Int($0) }
            )
        }
        let text = unsafe String(cString: PQresultErrorMessage(pointer))
        return ServerFault(state: nil, message: text.onOneLine)
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

/// A row that a query gave.
struct ResultRow {
    let result: QueryResult
    let row: Int32

    func isNull(_ column: Int32) -> Bool {
        unsafe PQgetisnull(result.pointer, row, column) == 1
    }

    /// A `bigint`.
    func integer(_ column: Int32) -> Int64 {
        Int64(bitPattern: unsafe number(value(column)))
    }

    func bool(_ column: Int32) -> Bool {
        unsafe value(column).first == 1
    }

    func text(_ column: Int32) -> String {
        unsafe String(decoding: value(column), as: UTF8.self)
    }

    /// A `bytea`; empty for NULL.
    func bytes(_ column: Int32) -> [UInt8] {
        unsafe Array(value(column))
    }

    /// A `bigint` that may be NULL.
    func optionalInteger(_ column: Int32) -> Int64? {
        isNull(column) ? nil : integer(column)
    }

    /// A `bytea` of 64-bit numbers, each with its little end first.
    func numbers(_ column: Int32) -> [UInt64] {
        let value = unsafe value(column)
        return stride(from: 0, to: value.count - value.count % 8, by: 8).map { start in
            unsafe UInt64(littleEndian: value.loadUnaligned(fromByteOffset: start, as: UInt64.self))
        }
    }

    /// A `uuid`.
    func identifier(_ column: Int32) -> Identifier {
        let value = unsafe value(column)
        return unsafe Identifier(
            high: number(.init(rebasing: value.prefix(8))),
            low: number(.init(rebasing: value.dropFirst(8)))
        )
    }

    private func value(_ column: Int32) -> UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(
            start: PQgetvalue(result.pointer, row, column),
            count: Int(PQgetlength(result.pointer, row, column))
        )
    }

    private func number(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        precondition(bytes.count == 8, "a column must have the type that it is read as")
        return unsafe UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self))
    }
}
