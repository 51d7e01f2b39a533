package import Reports
package import Storage
internal import Timekeeping

/// Single dead letters, each with all that is known of it, for people and programs.
package struct LetterReport: WrittenReport, Decodable, Sendable {
    /// A letter.
    package struct Letter: Codable, Sendable {
        package var subscription: String
        package var source: String
        package var id: String
        package var position: Int64
        package var reason: String
        package var detail: String
        package var attempts: Int64
        /// RFC 3339.
        package var firstFailure: String
        package var lastFailure: String
        /// `passes`, `fails` or `unknown`.
        package var verdict: String
        /// Why it would fail again.
        package var verdictReason: String?
        /// What a replay has made of it last, and its name.
        package var outcome: String?
        package var replay: String?
        /// When it was closed: discarded, or replayed where ``outcome`` says so.
        package var discarded: String?
        package var discardedBy: String?
        package var discardedWhy: String?
        /// The id of the letter that an edit has made of it.
        package var successor: String?
        /// The id of the letter that it was made of, and when, by whom and why.
        package var editedFrom: String?
        package var edited: String?
        package var editedBy: String?
        package var editedWhy: String?
        package var bytes: Int
        /// The bytes as text; nil where they are none in UTF-8.
        package var document: String?
        /// The bytes in hexadecimal digits, where they are no text.
        package var documentHex: String?

        init(_ letter: KeptLetter, by judge: LetterJudge) {
            subscription = letter.name.subscription
            source = letter.name.source
            id = letter.name.id
            position = letter.name.position
            reason = letter.reason
            detail = letter.detail
            attempts = letter.attempts
            firstFailure = letter.firstFailure.description
            lastFailure = letter.lastFailure.description
            switch judge.judge(letter).verdict {
            case .passes: verdict = "passes"
            case .fails(let label, let detail):
                verdict = "fails"
                verdictReason = "\(label): \(detail)"
            case .unknown: verdict = "unknown"
            }
            outcome = letter.outcome?.rawValue
            replay = letter.replay
            discarded = letter.decision?.time.description
            discardedBy = letter.decision?.who
            discardedWhy = letter.decision?.why
            successor = letter.successor
            editedFrom = letter.edit?.original
            edited = letter.edit?.time.description
            editedBy = letter.edit?.who
            editedWhy = letter.edit?.why
            bytes = letter.document.count
            document = String(validating: letter.document, as: UTF8.self)
            if document == nil { documentHex = letter.document.hexadecimal }
        }
    }

    package var schemaVersion = 1
    /// Without secrets.
    package var warehouse: String
    /// What was asked for.
    package var selector: String
    package var letters: [Letter] = []
    /// How many more there are.
    package var more: Int64 = 0
    /// Where no open letter is named: how many closed ones are; nil where those were asked for.
    package var closed: Int64?
    /// How many letters are no events that could be held to the selector.
    package var unread = 0

    /// The first `limit` letters that `selector` names in `store`, called `warehouse`.
    package init(
        _ selector: LetterSelector,
        in store: any DeadLetterStore,
        called warehouse: String,
        by judge: LetterJudge,
        limit: Int
    ) async throws {
        self.warehouse = warehouse
        self.selector = selector.text
        var letters: [Letter] = []
        var more: Int64 = 0
        unread = try await selector.forEachPage(in: store, judge) { page in
            let shown = page.prefix(limit - letters.count)
            letters += shown.map { Letter($0, by: judge) }
            more += Int64(page.count - shown.count)
        }
        (self.letters, self.more) = (letters, more)
        guard letters.isEmpty, selector.filter.isOpen else { return }
        var all = selector
        all.includeDecided()
        var closed: Int64 = 0
        unread = try await all.forEachPage(in: store, judge) { closed += Int64($0.count) }
        self.closed = closed
    }

    /// The report, for any form.
    package var document: ReportDocument {
        let count = Int64(letters.count) + more
        return ReportDocument(
            kind: "Dead letters",
            title: selector.isEmpty ? "Dead letters" : "Dead letters with \(selector)",
            subject: "query",
            verdict: count == 0
                ? .init(nothing, .absent)
                : .init(
                    "\(ReportNumbers.count(count)) \(count == 1 ? "letter" : "letters")"
                        + (more > 0 ? ", \(letters.count) shown" : "")
                ),
            facts: [.init("warehouse", .init(warehouse))],
            sections: letters.map(Self.section) + remarks
        )
    }

    private var nothing: String {
        guard let closed, closed > 0 else { return "no such dead letter in \(warehouse)" }
        let letters = closed == 1 ? "1 letter is" : "\(ReportNumbers.count(closed)) letters are"
        return "no such dead letter is open in \(warehouse); \(letters) closed, replayed or "
            + "discarded: --discarded shows \(closed == 1 ? "it" : "them")"
    }

    private var remarks: [ReportDocument.Section] {
        guard let remark = LetterSelector.remark(unread: unread) else { return [] }
        return [.init(title: "Also", blocks: [.list(title: "", items: [remark], more: 0)])]
    }

    private static func section(_ letter: Letter) -> ReportDocument.Section {
        var facts: [ReportDocument.Fact] = [
            .init("subscription", .init(letter.subscription)),
            .init("source", .init(letter.source)),
            .init("position", .init("\(letter.position)")),
            .init("cause", .init(letter.reason), remark: letter.detail),
            .init("attempts", .count(letter.attempts)),
            .init("first failure", .init(letter.firstFailure)),
            .init("last failure", .init(letter.lastFailure)),
            .init("now it", verdict(of: letter)),
        ]
        if let outcome = letter.outcome {
            facts.append(.init("replayed", .init(outcome), remark: letter.replay ?? ""))
        }
        if let discarded = letter.discarded, letter.outcome == nil {
            let who = letter.discardedBy ?? "unknown"
            facts.append(
                .init(
                    "discarded",
                    .init("\(discarded) by \(who)"),
                    remark: letter.discardedWhy ?? ""
                )
            )
        }
        if let original = letter.editedFrom {
            let when = "\(letter.edited ?? "") by \(letter.editedBy ?? "unknown")"
            facts.append(
                .init("edited from", .init(original), remark: "\(when): \(letter.editedWhy ?? "")")
            )
        }
        if let successor = letter.successor {
            facts.append(.init("successor", .init(successor)))
        }
        let shown = letter.document ?? letter.documentHex ?? ""
        return .init(
            title: letter.id,
            blocks: [
                .facts(facts),
                .list(
                    title: letter.document == nil
                        ? "\(letter.bytes) bytes, which are no text, in hexadecimal"
                        : "\(letter.bytes) bytes, as text",
                    items: shown.split(separator: "\n").map(String.init),
                    more: 0
                ),
            ]
        )
    }

    private static func verdict(of letter: Letter) -> ReportDocument.Cell {
        switch letter.verdict {
        case "passes": .init("would pass", .good)
        case "fails": .init("would fail again: \(letter.verdictReason ?? "")", .bad)
        default: .init("unknown: its bytes are no CloudEvents JSON", .absent)
        }
    }
}
