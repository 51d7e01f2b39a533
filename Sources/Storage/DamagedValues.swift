internal import Synchronization

/// A value in a store that no program of ours can have written, and where it is.
package struct DamagedValue: Hashable, Sendable {
    /// The store, as errors name it.
    package var store: String
    package var table: String
    /// The columns that tell the row from all others, with what they hold.
    package var row: String
    package var column: String
    /// What is there.
    package var found: String
    /// The expected value.
    package var expected: String
    /// What to do about it, as a sentence.
    package var remedy: String

    /// The remedy for most values.
    package static let remedy = "Restore the store, or correct or delete that row"

    package init(
        store: String,
        table: String,
        row: String,
        column: String,
        found: String,
        expected: String,
        remedy: String = DamagedValue.remedy
    ) {
        self.store = store
        self.table = table
        self.row = row
        self.column = column
        self.found = found
        self.expected = expected
        self.remedy = remedy
    }

    /// `text` as an error quotes it: cut, and without anything a terminal obeys.
    package static func quote(_ text: String) -> String {
        let most = 60
        let shown = text.unicodeScalars.prefix(most).map { scalar in
            scalar.properties.generalCategory == .control
                || scalar.properties.isDefaultIgnorableCodePoint
                ? scalar.escaped(asASCII: true) : String(scalar)
        }.joined()
        return "\"\(shown)\(text.unicodeScalars.count > most ? "…" : "")\""
    }
}

extension StoreError {
    /// A value that cannot be what its column holds.
    package init(_ value: DamagedValue) {
        let row = value.row.isEmpty ? "" : "row with \(value.row), "
        self.init(
            .corrupted,
            "\(value.store): table \(value.table), \(row)column \(value.column) holds "
                + "\(value.found); expected \(value.expected). \(value.remedy)"
        )
    }
}

/// The rows of a store that a report had to leave out; a few are kept, all are counted.
package final class DamagedValues: Sendable {
    /// As many as are kept one by one.
    package static let shown = 20
    /// As many as are distinguished from each other: what reads on for days finds the same ones
    /// again.
    private static let known = 1000

    private struct State {
        var first: [StoreError] = []
        var seen: Set<StoreError> = []
        var count = 0
    }

    private let state = Mutex(State())

    /// None yet.
    package init() {}

    /// Remembers why a row was left out.
    package func note(_ error: StoreError) {
        state.withLock { state in
            if state.seen.count < DamagedValues.known {
                guard state.seen.insert(error).inserted else { return }
            } else if state.seen.contains(error) {
                return
            }
            state.count += 1
            if state.first.count < DamagedValues.shown { state.first.append(error) }
        }
    }

    /// The first of them, in the order in which they were met.
    package var first: [StoreError] { state.withLock(\.first) }

    /// The notes, which are cleared.
    package func drain() -> (first: [StoreError], count: Int) {
        state.withLock { state in
            defer { state = State() }
            return (state.first, state.count)
        }
    }

    /// How many there were.
    package var count: Int { state.withLock(\.count) }
}
