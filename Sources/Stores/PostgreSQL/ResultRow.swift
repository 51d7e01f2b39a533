internal import CPostgres
internal import Stages

/// A statement that a connection prepares when it first runs it.
struct Statement {
    /// Different for different texts.
    var name: String
    var sql: String
}

/// A value of a statement's parameter, in PostgreSQL's binary form.
enum Parameter {
    case integer(Int64)
    case text(String)
    case bytes([UInt8])
    case identifier(Identifier)
    case identifiers([Identifier])

    func append(to bytes: inout [UInt8]) {
        switch self {
        case .integer(let value): bytes.append(bigEndian: value)
        case .text(let text): bytes.append(contentsOf: text.utf8)
        case .bytes(let value): bytes.append(contentsOf: value)
        case .identifier(let value): value.append(to: &bytes)
        case .identifiers(let values):
            // One dimension, no NULLs, of uuid (whose number is 2950), counted from 1.
            for number in [1, 0, 2950, Int32(values.count), 1] as [Int32] {
                bytes.append(bigEndian: number)
            }
            for value in values {
                bytes.append(bigEndian: Int32(16))
                value.append(to: &bytes)
            }
        }
    }
}

/// A value of PostgreSQL's type uuid.
struct Identifier: Hashable {
    var high: UInt64
    var low: UInt64

    func append(to bytes: inout [UInt8]) {
        bytes.append(bigEndian: high)
        bytes.append(bigEndian: low)
    }
}

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

    /// What went wrong, where it is an error.
    var fault: ServerFault? {
        switch status {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_COPY_IN, PGRES_EMPTY_QUERY: return nil
        default: break
        }
        // PG_DIAG_SQLSTATE and PG_DIAG_MESSAGE_PRIMARY, which C has as macros of characters.
        if let state = field("C") {
            return ServerFault(state: state, message: field("M") ?? "")
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

    /// A `bytea`.
    func bytes(_ column: Int32) -> [UInt8] {
        unsafe Array(value(column))
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
