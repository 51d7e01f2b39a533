/// Why a database does not take the query of an invariant.
package struct QueryMistake: Error, Hashable, Sendable, CustomStringConvertible {
    /// `file:line:column: what is wrong; what was expected`.
    package let description: String

    /// What the database `said`, about this line of the file, from 1.
    package init(_ invariant: Invariant, line: Int, said: String) {
        description =
            "\(invariant.file):\(line):1: the database refuses the query (\(said)); expected one "
            + "that reads what a warehouse has"
    }

    /// A query with `columns`.
    package init(_ invariant: Invariant, columns: [String]) {
        description =
            "\(invariant.place): the query gives \(columns.joined(separator: ", ")); expected "
            + "the columns \(Invariant.columns.joined(separator: ", "))"
    }
}
