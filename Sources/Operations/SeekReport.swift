package import Broker
package import Reports
internal import Storage
internal import Timekeeping

/// What a seek of a subscription does, or would do, for people and programs.
package struct SeekReport: WrittenReport, Decodable, Sendable {
    package var schemaVersion = 1
    package var subscription: String
    /// Where it goes, in words.
    package var target: String
    /// Whether it was done; false for what it would do.
    package var isDone: Bool
    /// RFC 3339.
    package var asOf: String
    /// Acked messages that come again.
    package var broughtBack: Int64
    /// Messages that were not acked, and are taken for acked: nobody processes them.
    package var skipped: Int64
    /// Messages that workers have in hand, whose settlement changes nothing any more.
    package var takenBack: Int64
    /// What is in the backlog afterwards.
    package var backlog: Int64
    /// Whether acked messages are kept: where they are not, none can come again.
    package var retainsAcked: Bool

    /// What a seek of `subscription` to `target`, which `words` describe, would do; `execute`
    /// does it.
    package init(
        _ subscription: LiveRun.Subscription,
        to target: SeekTarget,
        _ words: String,
        execute: Bool
    ) {
        let port = subscription.port
        let outcome = execute ? port.seek(to: target) : port.outcome(of: target)
        self.subscription = subscription.name
        self.target = words
        isDone = execute
        asOf = port.now.description
        broughtBack = outcome.broughtBack
        skipped = outcome.skipped
        takenBack = outcome.takenBack
        backlog = outcome.backlog
        retainsAcked = port.policy.retainsAcked
    }

    /// Whether no message changes.
    package var changesNothing: Bool { broughtBack == 0 && skipped == 0 }

    /// The report, for any form.
    package var document: ReportDocument {
        func messages(_ count: Int64) -> String {
            "\(ReportNumbers.count(count)) \(count == 1 ? "message" : "messages")"
        }
        var facts: [ReportDocument.Fact] = [
            .init("as of", .init(asOf)), .init("to", .init(target)),
            .init(isDone ? "brought back" : "would come again", .count(broughtBack)),
            .init(
                isDone ? "skipped" : "would be skipped",
                .count(skipped),
                remark: skipped > 0
                    ? "taken for acknowledged; what workers have in hand may be done" : ""
            ),
            .init(
                isDone ? "taken back" : "would be taken back",
                .count(takenBack),
                remark: takenBack > 0 ? "workers have them in hand, and may have done them" : ""
            ),
            .init("backlog afterwards", .count(backlog)),
        ]
        if !retainsAcked {
            facts.append(
                .init(
                    "acknowledged before",
                    .init("not kept", .absent),
                    remark: "retainAckedMessages keeps them, so that they can come again"
                )
            )
        }
        let verdict: ReportDocument.Cell =
            changesNothing
            ? .init("no message changes", .absent)
            : .init(
                isDone
                    ? "\(messages(broughtBack)) brought back, \(messages(skipped)) skipped"
                    : "\(messages(broughtBack)) would come again, \(messages(skipped)) would be "
                        + "skipped",
                skipped > 0 ? .warning : .none
            )
        return ReportDocument(
            kind: "Seek",
            title: "Seek of \(subscription)",
            subject: "subscription",
            verdict: verdict,
            facts: facts,
            sections: []
        )
    }
}
