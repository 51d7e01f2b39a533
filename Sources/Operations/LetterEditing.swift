internal import Commerce
package import Storage
internal import Timekeeping

/// A change of a dead letter, which makes another event of it that its stage would take.
///
/// The new event has an id of its own, and names the old one as its cause. Nothing is written
/// here: who wants it keeps ``successor`` and replays that.
package struct LetterEditing: Sendable {
    /// A value before and after; nil for what is not there.
    package struct Change: Encodable, Hashable, Sendable {
        /// With dots, as it was typed.
        package var path: String
        package var before: String?
        package var after: String?
    }

    package let original: KeptLetter
    /// With the new event as its bytes.
    package let successor: KeptLetter
    package let edit: LetterEdit
    package let changes: [Change]

    /// Of every event, what no edit may change, and why.
    private static let fixed = [
        "id": "it gets a new one, since it is another event",
        "causationid": "it becomes the id of the original",
        "source": "an event stays one of its source",
    ]

    /// The letter that `settings`, each `<path>=<value>`, make of `letter`.
    ///
    /// - Parameters:
    ///   - letter: Is open, and was not edited before.
    ///   - settings: A value is JSON, or else a text; one that replaces a text is a text, unless
    ///     it is `null`, in quotes or in brackets.
    ///   - decision: Who wants it when and why.
    ///   - judge: Has the rules of the stage that is to take it.
    ///   - others: The other letters of the same event, which has one successor at most.
    /// - Throws: ``LetterEditError`` where the outcome is no event that a stage takes.
    package init(
        of letter: KeptLetter,
        _ settings: [String],
        _ decision: LetterDecision,
        by judge: LetterJudge,
        besides others: [KeptLetter] = []
    ) throws(LetterEditError) {
        let id = letter.name.id
        if let successor = letter.successor {
            throw LetterEditError(
                "\(id) was edited before, and its successor \(successor) is open: replay that one, "
                    + "or discard it and edit again"
            )
        }
        var tree = try LetterEditing.tree(of: letter)
        var changes: [Change] = []
        for setting in settings {
            let (path, parts, value) = try LetterEditing.read(setting)
            let before = tree[parts[...]]
            let after = LetterEditing.value(value, replacing: before)
            if let problem = tree.set(parts[...], after) {
                throw LetterEditError("--set \(setting): \(problem)")
            }
            guard before?.json != after.json else { continue }
            changes.append(Change(path: path, before: before?.json, after: after.json))
        }
        guard !changes.isEmpty else {
            throw LetterEditError("nothing changes: the values are those that \(id) has")
        }
        var successor = letter
        successor.document = Array(tree.json.utf8)
        let new = try LetterEditing.id(of: successor, by: judge)
        for other in others where other.name != letter.name {
            guard let before = other.successor, before != new else { continue }
            throw LetterEditError(
                "message \(other.name.position) of \(other.name.subscription), the same event, was "
                    + "edited to \(before) with other values; make the same edit here, so that one "
                    + "event stays one, or discard this letter"
            )
        }
        for (path, text) in [("id", new), ("causationid", id)] {
            let before = tree[[path]]?.json
            _ = tree.set([path], JSONTree(text: text))
            changes.append(Change(path: path, before: before, after: tree[[path]]?.json))
        }
        successor.name.id = new
        successor.document = Array(tree.json.utf8)
        (successor.reason, successor.attempts) = ("edited", 0)
        successor.detail = "an edit of \(id): " + settings.joined(separator: " ")
        (successor.firstFailure, successor.lastFailure) = (decision.time, decision.time)
        (successor.replay, successor.outcome, successor.decision) = (nil, nil, nil)
        let edit = LetterEdit(
            original: id,
            time: decision.time,
            who: decision.who,
            why: decision.why
        )
        successor.edit = edit
        (original, self.successor, self.edit, self.changes) = (letter, successor, edit, changes)
    }

    /// The id of the event that `edited`, still with its old id, becomes: a UUID of version 7,
    /// made of what it says.
    ///
    /// So the same edit of the same event is the same event, at each subscription that gave it up:
    /// what one stores, another counts.
    private static func id(
        of edited: KeptLetter,
        by judge: LetterJudge
    ) throws(LetterEditError) -> String {
        let (verdict, event) = judge.judge(edited)
        if case .fails(let label, let detail) = verdict {
            throw LetterEditError(
                "with that, it would fail again, \(label): \(detail); mend that as well, with "
                    + "another --set"
            )
        }
        guard verdict == .passes, let event else {
            throw LetterEditError("with that, it is no CloudEvents JSON")
        }
        let text = String(decoding: edited.document, as: UTF8.self)
        let (content, isUUID) = EventID.parse(text)
        let digest = IdentityDigest(event: content, isUUID: isUUID, source: edited.name.source)
        return EventID(
            version7At: UInt64(clamping: event.time.nanoseconds / 1_000_000),
            order: digest.high,
            tail: digest.low
        ).uuid
    }

    private static func tree(of letter: KeptLetter) throws(LetterEditError) -> JSONTree {
        do throws(RejectionReason) {
            let tree = try JSONTree(letter.document)
            if tree.isObject { return tree }
        } catch {
            throw LetterEditError(
                "\(letter.name.id) cannot be edited: its bytes are no JSON object (\(error)); mend "
                    + "its log and run that again"
            )
        }
        throw LetterEditError(
            "\(letter.name.id) cannot be edited: its bytes are no JSON object; mend its log and "
                + "run that again"
        )
    }

    /// The path as typed, its parts, and the value.
    private static func read(
        _ setting: String
    ) throws(LetterEditError) -> (String, [String], String) {
        guard let sign = setting.firstIndex(of: "="), sign > setting.startIndex else {
            throw LetterEditError(
                "--set \(setting): expected <path>=<value>, such as data.items.0.price=12.50"
            )
        }
        let path = String(setting[..<sign])
        // data.items[0].price is how a report names it.
        let dotted = path.replacing("[", with: ".").replacing("]", with: "")
        let parts = dotted.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.allSatisfy({ !$0.isEmpty }) else {
            throw LetterEditError("--set \(setting): a part of the path is empty")
        }
        if let why = fixed[parts[0]] {
            throw LetterEditError("--set \(setting): \(parts[0]) cannot be set; \(why)")
        }
        return (path, parts, String(setting[setting.index(after: sign)...]))
    }

    private static func value(_ text: String, replacing before: JSONTree?) -> JSONTree {
        guard let tree = try? JSONTree(Array(text.utf8)) else { return JSONTree(text: text) }
        let isPlain = if case .scalar = tree { !tree.isText && tree.json != "null" } else { false }
        return isPlain && before?.isText == true ? JSONTree(text: text) : tree
    }
}

/// Why a letter cannot be edited so.
package struct LetterEditError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
