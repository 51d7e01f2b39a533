internal import Broker
internal import Commerce
package import Stages
internal import Timekeeping

/// A commit as the rows that it adds.
package struct CommitRows {
    /// Rows, the table that takes them, and the prepared statements that move them on.
    package typealias Step = (rows: CopyRows, table: String, then: [String])

    private let windows: CopyRows
    private let products: CopyRows
    /// One part of a sketch each; the parts that a merge takes out go in again with them.
    var sketches: CopyRows
    private let identities: CopyRows
    private let late: CopyRows
    private let progress: CopyRows

    package init(_ commit: WarehouseCommit) {
        windows = CommitRows.windows(of: commit)
        products = CommitRows.products(of: commit)
        sketches = CopyRows(columns: 5)
        for (key, added) in commit.sketches {
            sketches.append(added, for: SketchText(key, commit.lexicon))
        }
        identities = CommitRows.identities(of: commit)
        late = CommitRows.late(of: commit)
        progress = CommitRows.progress(of: commit)
    }

    /// What stores the rows, in order; without what has none.
    package var steps: [Step] {
        let steps: [Step] = [
            (windows, "staged_windows", ["add_windows"]),
            (products, "staged_products", ["add_products"]),
            (sketches, "distinct_hashes (grain, start_ns, measure, category, hashes)", []),
            // A second count of an event fails the whole commit: the key is unique.
            (identities, "counted_events (subscription, identity)", []),
            (late, "staged_late", ["add_late"]),
            (progress, "staged_progress", ["remove_intervals", "add_intervals", "add_watermarks"]),
        ]
        return steps.filter { !$0.rows.isEmpty }
    }

    /// How many rows there are.
    package var count: Int { steps.reduce(0) { $0 + $1.rows.count } }

    /// The rest of a transaction that stores the rows, its end included: one text, so that the
    /// server goes from step to step without waiting for more than the rows.
    var script: String {
        let statements = steps.flatMap { step in
            ["COPY \(step.table) FROM STDIN (FORMAT binary)"] + step.then.map { "EXECUTE \($0)" }
        }
        return (statements + ["COMMIT"]).joined(separator: "; ")
    }

    private static func windows(of commit: WarehouseCommit) -> CopyRows {
        // PostgreSQL refuses to add twice to one row in one statement.
        var merged: [WindowKey: Int] = [:]
        var cells: [(key: WindowKey, delta: WindowCell)] = []
        cells.reserveCapacity(commit.cells.count)
        for (key, delta) in commit.cells {
            var key = key
            if commit.lexicon.isEmpty(key.category) { key.category = .none }
            if let place = merged[key] {
                cells[place].delta += delta
            } else {
                merged[key] = cells.count
                cells.append((key, delta))
            }
        }
        var rows = CopyRows(columns: 4 + WarehouseStatement.sums.count)
        for (key, delta) in cells {
            rows.beginRow()
            rows.append(key.grain.rawValue)
            rows.append(key.start.nanoseconds)
            rows.append(commit.lexicon.text(of: key.category, in: .category))
            rows.append(key.currency.code)
            for name in EventName.allCases {
                rows.append(delta[name])
            }
            rows.append(delta.units)
            rows.append(delta.revenue)
            rows.append(delta.refunded)
        }
        return rows
    }

    private static func products(of commit: WarehouseCommit) -> CopyRows {
        var merged: [ProductKey: ProductCell] = [:]
        var keys: [ProductKey] = []
        for (key, delta) in commit.products {
            var key = key
            if commit.lexicon.isEmpty(key.product) { key.product = .none }
            if merged[key] == nil { keys.append(key) }
            merged[key, default: ProductCell()] += delta
        }
        var rows = CopyRows(columns: 8)
        for key in keys {
            let cell = merged[key, default: ProductCell()]
            rows.beginRow()
            rows.append(key.grain.rawValue)
            rows.append(key.start.nanoseconds)
            rows.append(commit.lexicon.text(of: key.product, in: .product))
            rows.append(key.currency.code)
            rows.append(cell.views)
            rows.append(cell.orders)
            rows.append(cell.units)
            rows.append(cell.revenue)
        }
        return rows
    }

    private static func identities(of commit: WarehouseCommit) -> CopyRows {
        var rows = CopyRows(columns: 2)
        for identity in commit.identities.sorted() {
            rows.beginRow()
            rows.append(commit.subscription)
            rows.append(Identifier(identity))
        }
        return rows
    }

    private static func late(of commit: WarehouseCommit) -> CopyRows {
        var rows = CopyRows(columns: 7)
        for event in commit.late {
            let batch = event.publication.batch
            let identity = IdentityText(batch, event.place)
            rows.beginRow()
            rows.append(commit.subscription)
            rows.append(identity.source)
            rows.append(identity.id)
            rows.append(batch.events[event.place].time.nanoseconds)
            rows.append(event.missed.rawValue)
            rows.append(event.lateness.inNanoseconds)
            rows.append(String(decoding: batch.document(of: event.place), as: UTF8.self))
        }
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
    /// A part of a sketch, as a row of `distinct_hashes`.
    mutating func append(_ hashes: [UInt64], for key: SketchText) {
        beginRow()
        append(key.grain.rawValue)
        append(key.start.nanoseconds)
        append(key.measure.rawValue)
        append(key.category)
        append(littleEndian: hashes)
    }
}
