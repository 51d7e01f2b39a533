package import Commerce
package import Datasets
package import Storage
package import Timekeeping

/// A row that a query gives; its columns count from 0.
///
/// Nothing here trusts the database, to which another program may have written: every value is
/// held to what its column has to hold.
package protocol SQLRow: SendableMetatype {
    /// What gave it.
    var statement: SQLStatement { get }
    /// The database, as errors name it.
    var store: String { get }

    func isNull(_ column: Int32) -> Bool

    /// A whole number of 64 bits; nil for anything else.
    func rawInteger(_ column: Int32) -> Int64?

    /// A text, whole, whatever characters it has; nil where it is none, or not in UTF-8.
    func rawText(_ column: Int32) -> String?

    /// Bytes; nil for anything else.
    func rawBytes(_ column: Int32) -> [UInt8]?

    func name(_ column: Int32) -> String

    /// A value as an error shows it, where it is of none of the types above.
    func rawText(ofOther column: Int32) -> String
}

extension SQLRow {
    package func integer(_ column: Int32) throws(StoreError) -> Int64 {
        guard let number = rawInteger(column) else {
            throw flaw(column, expected: "a whole number")
        }
        return number
    }

    package func optionalInteger(_ column: Int32) throws(StoreError) -> Int64? {
        isNull(column) ? nil : try integer(column)
    }

    /// A whole number that is not negative.
    package func count(_ column: Int32) throws(StoreError) -> Int64 {
        let number = try integer(column)
        guard number >= 0 else { throw flaw(column, expected: "a whole number from 0") }
        return number
    }

    /// An instant, which is never at an end of time.
    package func instant(_ column: Int32) throws(StoreError) -> Timestamp {
        let instant = Timestamp(nanoseconds: try integer(column))
        guard instant > .distantPast, instant < .distantFuture else {
            throw flaw(column, expected: "nanoseconds since 1970")
        }
        return instant
    }

    package func optionalInstant(_ column: Int32) throws(StoreError) -> Timestamp? {
        isNull(column) ? nil : try instant(column)
    }

    /// How far a stream has come: an instant, or an end of time.
    package func watermark(_ column: Int32) throws(StoreError) -> Timestamp {
        Timestamp(nanoseconds: try integer(column))
    }

    /// A span of time that is not negative.
    package func span(_ column: Int32) throws(StoreError) -> Duration {
        .nanoseconds(try count(column))
    }

    package func text(_ column: Int32) throws(StoreError) -> String {
        guard let text = rawText(column) else { throw flaw(column, expected: "a text in UTF-8") }
        return text
    }

    package func optionalText(_ column: Int32) throws(StoreError) -> String? {
        isNull(column) ? nil : try text(column)
    }

    /// A text that a row can do without; nil where it is none, and `flaws` has why.
    package func text(_ column: Int32, notingIn flaws: DamagedValues) -> String? {
        do throws(StoreError) {
            return try text(column)
        } catch {
            flaws.note(error)
            return nil
        }
    }

    /// One of the values that have a text.
    package func value<Value: RawRepresentable & CaseIterable>(
        _ column: Int32
    ) throws(StoreError) -> Value where Value.RawValue == String {
        guard let value = rawText(column).flatMap(Value.init) else {
            let names = Value.allCases.map(\.rawValue).joined(separator: ", ")
            throw flaw(column, expected: "one of \(names)")
        }
        return value
    }

    package func bytes(_ column: Int32) throws(StoreError) -> [UInt8] {
        guard let bytes = rawBytes(column) else { throw flaw(column, expected: "bytes") }
        return bytes
    }

    /// Why a value is not what it has to be.
    package func flaw(
        _ column: Int32,
        expected: String,
        remedy: String = DamagedValue.remedy
    ) -> StoreError {
        let row = (0..<statement.keys).map { "\(name($0)) \(shown($0))" }.joined(separator: ", ")
        return StoreError(
            DamagedValue(
                store: store,
                table: statement.table,
                row: row,
                column: name(column),
                found: shown(column),
                expected: expected,
                remedy: remedy
            )
        )
    }

    /// A value as an error shows it.
    private func shown(_ column: Int32) -> String {
        if isNull(column) { return "nothing" }
        if let number = rawInteger(column) { return "\(number)" }
        if let bytes = rawBytes(column) { return "\(bytes.count) bytes" }
        return rawText(column).map(DamagedValue.quote) ?? rawText(ofOther: column)
    }
}

// MARK: - What tables hold

extension SQLRow {
    /// A currency; none for the empty text.
    package func currency(_ column: Int32) throws(StoreError) -> Currency {
        let code = try text(column)
        if code.isEmpty { return .none }
        guard let currency = Currency(code: code) else {
            throw flaw(column, expected: "the code of a currency")
        }
        return currency
    }

    /// The hashes of a part of a sketch, each with its little end first.
    package func hashes(_ column: Int32) throws(StoreError) -> [UInt64] {
        let part = try bytes(column)
        guard part.count.isMultiple(of: 8) else {
            throw flaw(column, expected: "hashes of 8 bytes each")
        }
        return unsafe part.withUnsafeBytes { part in
            stride(from: 0, to: part.count, by: 8).map { start in
                unsafe UInt64(
                    littleEndian: part.loadUnaligned(fromByteOffset: start, as: UInt64.self)
                )
            }
        }
    }

    /// The first and the last offset of an interval.
    package func offsets(_ column: Int32) throws(StoreError) -> ClosedRange<Int64> {
        let first = try count(column)
        let last = try count(column + 1)
        guard first <= last else {
            throw flaw(column + 1, expected: "an offset from \(first)")
        }
        return first...last
    }

    /// The number of a block, which has a next one.
    package func sequence(_ column: Int32) throws(StoreError) -> Int64 {
        let number = try count(column)
        guard number < .max else { throw flaw(column, expected: "the number of a block") }
        return number
    }

    package func hash(_ column: Int32) throws(StoreError) -> BlockHash {
        guard let hash = BlockHash(bytes: try bytes(column)) else {
            throw flaw(column, expected: "a hash of 32 bytes")
        }
        return hash
    }
}

extension SQLValue {
    /// The hashes of a part of a sketch, each with its little end first.
    package init(hashes: [UInt64]) {
        self = .bytes(
            unsafe hashes.map(\.littleEndian).withUnsafeBytes { unsafe Array($0) }
        )
    }
}
