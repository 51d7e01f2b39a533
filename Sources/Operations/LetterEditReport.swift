package import Reports
internal import Storage

/// What an edit of a dead letter changes, and what a replay of it does, for people and programs.
package struct LetterEditReport: WrittenReport, Sendable {
    package var schemaVersion = 1
    package var subscription: String
    package var source: String
    package var original: String
    /// The id of the new event.
    package var successor: String
    package var by: String
    package var why: String
    package var changes: [LetterEditing.Change]
    /// Of the new event.
    package var replay: ReplayReport

    package init(_ editing: LetterEditing, _ replay: ReplayReport) {
        subscription = editing.original.name.subscription
        source = editing.original.name.source
        original = editing.original.name.id
        successor = editing.successor.name.id
        (by, why) = (editing.edit.who, editing.edit.why)
        (changes, self.replay) = (editing.changes, replay)
    }

    /// The report, for any form.
    package var document: ReportDocument {
        let items = changes.map { change in
            "\(change.path): \(change.before ?? "nothing") becomes \(change.after ?? "nothing")"
        }
        var document = replay.document
        document.kind = "Edit"
        document.title =
            replay.isRehearsed
            ? "What an edit of \(original) would do" : "Edit of \(original)"
        document.facts +=
            [
                .init("subscription", .init(subscription)),
                .init("by", .init(by), remark: why),
            ]
        document.sections.insert(
            .init(title: "What changes", blocks: [.list(title: "", items: items, more: 0)]),
            at: 0
        )
        return document
    }
}
