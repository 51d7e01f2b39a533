internal import Broker
internal import Commerce
internal import SQLStores
package import Storage
internal import Timekeeping

/// A commit as the rows that it adds.
package struct CommitRows {
    /// A part of a commit that goes to one table.
    package struct Step {
        package var table: String
        /// The prepared statements that move the rows on from there.
        package var then: [String]
        /// Makes the rows: only when they are next, so that the server has work meanwhile.
        package var rows: () -> CopyRows
    }

    private let commit: WarehouseCommit

    package init(_ commit: WarehouseCommit) {
        self.commit = commit
    }

    /// What stores the rows, in order; without what has none.
    package var steps: [Step] {
        let commit = commit
        var steps: [Step] = []
        func add(
            _ isEmpty: Bool,
            _ table: String,
            then: [String] = [],
            _ rows: @escaping () -> CopyRows
        ) {
            if !isEmpty { steps.append(Step(table: table, then: then, rows: rows)) }
        }
        add(commit.cells.isEmpty, SQLInsert.windows.staged, then: [SQLInsert.windows.move]) {
            CommitRows.windows(of: commit)
        }
        add(commit.products.isEmpty, SQLInsert.products.staged, then: [SQLInsert.products.move]) {
            CommitRows.products(of: commit)
        }
        add(
            commit.custom.isEmpty,
            SQLInsert.customEvents.staged,
            then: [SQLInsert.customEvents.move]
        ) {
            CommitRows.customEvents(of: commit)
        }
        add(commit.sketches.isEmpty, CommitRows.sketchTable) {
            CommitRows.sketches(of: commit)
        }
        // A second count of an event or an order fails the whole commit: the key is unique.
        add(commit.counted.isEmpty, "counted_events (subscription, identity, content)") {
            CommitRows.counted(of: commit)
        }
        add(commit.orders.isEmpty, "counted_orders (subscription, identity)") {
            CommitRows.orders(of: commit)
        }
        add(commit.uncounted.isEmpty, SQLInsert.uncounted.staged, then: [SQLInsert.uncounted.move])
        {
            CommitRows.uncounted(of: commit)
        }
        add(commit.late.isEmpty, SQLInsert.late.staged, then: [SQLInsert.late.move]) {
            CommitRows.late(of: commit)
        }
        add(
            commit.progress.isEmpty,
            "staged_progress",
            then: ["remove_intervals", "add_intervals", "add_watermarks"]
        ) {
            CommitRows.progress(of: commit)
        }
        return steps
    }

    private static let sketchTable = SQLInsert.hashes.target

    /// The rest of a transaction that stores the rows of `steps`, its end included.
    ///
    /// One text, so that the server goes from step to step without waiting for more than rows.
    static func script(_ steps: [Step]) -> String {
        let statements = steps.flatMap { step in
            ["COPY \(step.table) FROM STDIN (FORMAT binary)"] + step.then.map { "EXECUTE \($0)" }
        }
        return (statements + ["COMMIT"]).joined(separator: "; ")
    }

    /// One part of a sketch each.
    private static func sketches(of commit: WarehouseCommit) -> CopyRows {
        var rows = CopyRows(columns: 5)
        for (key, added) in commit.sketches {
            rows.append(added, for: SketchText(key, commit.symbols))
        }
        return rows
    }

    private static func windows(of commit: WarehouseCommit) -> CopyRows {
        // PostgreSQL refuses to add twice to one row in one statement.
        var merged: [WindowKey: WindowCell] = [:]
        merged.reserveCapacity(commit.cells.count)
        for (key, delta) in commit.cells {
            var key = key
            if commit.symbols.isEmpty(key.category) { key.category = .none }
            merged[key, default: WindowCell()] += delta
        }
        var rows = CopyRows(columns: SQLInsert.windows.columns.count)
        // order-free: a row a key, all in one statement
        for (key, delta) in merged {
            rows.append(delta, for: key, commit.symbols)
        }
        return rows
    }

    private static func products(of commit: WarehouseCommit) -> CopyRows {
        var merged: [ProductKey: ProductCell] = [:]
        merged.reserveCapacity(commit.products.count)
        for (key, delta) in commit.products {
            var key = key
            if commit.symbols.isEmpty(key.product) { key.product = .none }
            merged[key, default: ProductCell()] += delta
        }
        var rows = CopyRows(columns: SQLInsert.products.columns.count)
        // order-free: a row a key, all in one statement
        for (key, delta) in merged {
            rows.append(delta, for: key, commit.symbols)
        }
        return rows
    }

    private static func customEvents(of commit: WarehouseCommit) -> CopyRows {
        var rows = CopyRows(columns: SQLInsert.customEvents.columns.count)
        for (key, events) in commit.custom {
            rows.beginRow()
            rows.append(key.grain.rawValue)
            rows.append(key.start.nanoseconds)
            rows.append(key: commit.symbols.text(of: key.name))
            rows.append(events)
        }
        return rows
    }

    private static func counted(of commit: WarehouseCommit) -> CopyRows {
        var rows = CopyRows(columns: 3)
        for event in commit.counted {
            rows.beginRow()
            rows.append(commit.subscription)
            rows.append(Identifier(event.identity))
            rows.append(Int64(bitPattern: event.content))
        }
        return rows
    }

    private static func orders(of commit: WarehouseCommit) -> CopyRows {
        var rows = CopyRows(columns: 2)
        for order in commit.orders {
            rows.beginRow()
            rows.append(commit.subscription)
            rows.append(Identifier(order))
        }
        return rows
    }

    private static func uncounted(of commit: WarehouseCommit) -> CopyRows {
        var rows = CopyRows(columns: SQLInsert.uncounted.columns.count)
        for event in commit.uncounted { rows.append(event.values(of: commit.subscription)) }
        return rows
    }

    private static func late(of commit: WarehouseCommit) -> CopyRows {
        var rows = CopyRows(columns: SQLInsert.late.columns.count)
        for event in commit.late { rows.append(event.values(of: commit.subscription)) }
        return rows
    }

    /// A row an interval, and before them one of each stream with its watermark.
    private static func progress(of commit: WarehouseCommit) -> CopyRows {
        var rows = CopyRows(columns: 5)
        for progress in commit.progress {
            rows.beginRow()
            rows.append(commit.subscription)
            rows.append(progress.stream)
            rows.append(progress.watermark.nanoseconds)
            rows.appendNull()
            rows.appendNull()
            for interval in progress.consumed.intervals {
                rows.beginRow()
                rows.append(commit.subscription)
                rows.append(progress.stream)
                rows.appendNull()
                rows.append(interval.lowerBound)
                rows.append(interval.upperBound)
            }
        }
        return rows
    }
}

extension CopyRows {
    /// What is added to a window, as a row that is staged.
    fileprivate mutating func append(
        _ delta: WindowCell,
        for key: WindowKey,
        _ symbols: SymbolTable
    ) {
        beginRow()
        append(key.grain.rawValue)
        append(key.start.nanoseconds)
        append(key: key.category, in: .category, symbols)
        append(key.currency.code)
        for name in EventName.allCases { append(delta[name]) }
        append(delta.units)
        append(delta.revenue)
        append(delta.refunded)
        append(delta.orderParts)
    }

    /// What is added to a product in a window, as a row that is staged.
    fileprivate mutating func append(
        _ delta: ProductCell,
        for key: ProductKey,
        _ symbols: SymbolTable
    ) {
        beginRow()
        append(key.grain.rawValue)
        append(key.start.nanoseconds)
        append(key: key.product, in: .product, symbols)
        append(key.currency.code)
        append(delta.views)
        append(delta.orders)
        append(delta.units)
        append(delta.revenue)
    }

    /// A part of a sketch, as a row of `distinct_hashes`.
    mutating func append(_ hashes: [UInt64], for key: SketchText) {
        beginRow()
        append(key.grain.rawValue)
        append(key.start.nanoseconds)
        append(key.measure.rawValue)
        append(key: key.category)
        append(littleEndian: hashes)
    }
}

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
