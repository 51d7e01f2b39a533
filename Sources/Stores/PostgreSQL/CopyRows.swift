internal import Commerce
internal import SQLStores

/// Rows for a `COPY … FROM STDIN (FORMAT binary)`.
///
/// The format is that of https://www.postgresql.org/docs/current/sql-copy.html: a header, rows of
/// a count of columns and the columns, each after its length, and -1 for the end. All numbers
/// have their big end first.
package struct CopyRows: Sendable {
    /// How many columns each row has.
    private let columns: Int16
    /// The header and the rows.
    package private(set) var bytes: [UInt8]
    /// How many rows were begun.
    package private(set) var count = 0

    private static let header: [UInt8] =
        Array("PGCOPY\n".utf8) + [0xff, 0x0d, 0x0a, 0x00] + Array(repeating: 0, count: 8)

    /// No rows yet.
    package init(columns: Int = 0) {
        self.columns = Int16(columns)
        bytes = CopyRows.header
    }

    /// What follows the last row.
    package static let trailer: [UInt8] = [0xff, 0xff]

    /// Begins a row, whose columns are appended next, in their order.
    package mutating func beginRow() {
        bytes.append(bigEndian: columns)
        count += 1
    }

    /// A `bigint`.
    package mutating func append(_ value: Int64) {
        // Length and value at once: appending is most of what this type does.
        let column = UInt128(8) << 64 | UInt128(UInt64(bitPattern: value))
        unsafe Swift.withUnsafeBytes(of: column.bigEndian) { column in
            unsafe bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: column.suffix(12)))
        }
    }

    package mutating func appendNull() {
        bytes.append(bigEndian: Int32(-1))
    }

    package mutating func append(_ text: String) {
        append(bytesOf: text.utf8)
    }

    /// A text that is part of a key, as it is stored.
    mutating func append(key text: String) {
        append(KeyText.stored(text))
    }

    /// The text of a symbol that is part of a key, as it is stored.
    mutating func append(key symbol: Symbol, in namespace: Namespace, _ symbols: SymbolTable) {
        guard symbol.tableIndex == nil else {
            return append(key: symbols.text(of: symbol, in: namespace))
        }
        // Written where it belongs; its length is known then.
        let start = bytes.count
        bytes.append(bigEndian: Int32(0))
        symbols.append(symbol, in: namespace, to: &bytes)
        let length = UInt32(bytes.count - start - 4)
        for place in 0..<4 {
            bytes[start + place] = UInt8(truncatingIfNeeded: length >> (24 - 8 * place))
        }
    }

    /// A whole row.
    mutating func append(_ row: [SQLValue]) {
        beginRow()
        for value in row { append(value) }
    }

    mutating func append(_ value: SQLValue) {
        switch value {
        case .integer(let number): append(number)
        case .text(let text): append(text)
        case .key(let text): append(key: text)
        case .bytes(let bytes): append(bytesOf: bytes)
        case .null: appendNull()
        }
    }

    /// A `bytea`, or a text by its bytes.
    mutating func append(bytesOf value: some Collection<UInt8>) {
        bytes.append(bigEndian: Int32(value.count))
        bytes.append(contentsOf: value)
    }

    /// A `bytea` of 64-bit numbers.
    package mutating func append(littleEndian numbers: [UInt64]) {
        bytes.append(bigEndian: Int32(8 * numbers.count))
        unsafe numbers.map { $0.littleEndian }.withUnsafeBytes { numbers in
            unsafe bytes.append(contentsOf: numbers)
        }
    }

    /// A `uuid`.
    package mutating func append(_ value: Identifier) {
        bytes.append(bigEndian: Int32(16))
        value.append(to: &bytes)
    }
}

extension [UInt8] {
    /// Appends the bytes of `number`, the highest first.
    mutating func append(bigEndian number: some FixedWidthInteger) {
        unsafe Swift.withUnsafeBytes(of: number.bigEndian) { unsafe append(contentsOf: $0) }
    }
}
