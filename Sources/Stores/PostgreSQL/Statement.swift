internal import Datasets

/// A statement that a connection prepares when it first runs it.
struct Statement {
    /// Different for different texts.
    var name: String
    var sql: String
    /// What errors about a row call its table.
    var table = ""
    /// How many of the columns that it gives first tell a row from all others.
    var keys: Int32 = 0
}

/// A value of a statement's parameter, in PostgreSQL's binary form.
enum Parameter {
    case integer(Int64)
    case text(String)
    case identifier(Identifier)
    case identifiers([Identifier])
    case bytes([UInt8])
    case null

    /// A whole number, or NULL.
    init(_ value: Int64?) {
        self = value.map(Parameter.integer) ?? .null
    }

    /// A hash, or NULL.
    init(_ hash: BlockHash?) {
        self = hash.map { .bytes($0.bytes) } ?? .null
    }

    var isNull: Bool {
        if case .null = self { true } else { false }
    }

    func append(to bytes: inout [UInt8]) {
        switch self {
        case .integer(let value): bytes.append(bigEndian: value)
        case .text(let text): bytes.append(contentsOf: text.utf8)
        case .identifier(let value): value.append(to: &bytes)
        case .bytes(let value): bytes.append(contentsOf: value)
        case .null: break
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
