internal import Documents
internal import Reports

/// The invariants that some files hold, as a person or a program reads it.
package struct InvariantListing: WrittenListing, Sendable {
    package struct Line: Encodable, Sendable {
        package var name: String
        package var severity: String
        package var owner: String
        package var grace: String
        package var description: String
        package var file: String
        /// Nil for any database.
        package var dialect: String?
    }

    package var schemaVersion = 1
    package var invariants: [Line]

    /// The listing of `set`.
    package init(_ set: InvariantSet) {
        invariants = set.invariants.map { invariant in
            Line(
                name: invariant.name,
                severity: invariant.severity.rawValue,
                owner: invariant.owner,
                grace: DurationText.write(invariant.grace),
                description: invariant.description,
                file: invariant.file,
                dialect: invariant.dialect?.rawValue
            )
        }
    }

    package func text(colour: Bool) -> String {
        let table = ReportDocument.Table(
            "invariants",
            [
                .text("invariant"), .text("severity"), .text("owner"), .text("grace"),
                .text("for"), .text("file"),
            ],
            of: invariants
        ) { line in
            [
                "\(line.name)", "\(line.severity)", "\(line.owner)", "\(line.grace)",
                "\(line.dialect ?? "any")", "\(line.file)",
            ]
        }
        return TableText(table, colour: colour).text
    }
}
