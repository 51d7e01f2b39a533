package import Timekeeping

/// The keys of one kind of mapping: what its reader asks for and its JSON Schema describes.
package struct KeySet: Hashable, Sendable {
    /// Its name among the `$defs` of the JSON Schema.
    package var name: String
    /// What the user calls such a mapping, with an article.
    package var noun: String
    package var required: [String]
    package var optional: [String]

    package init(
        _ name: String,
        noun: String,
        required: [String] = [],
        optional: [String] = []
    ) {
        self.name = name
        self.noun = noun
        self.required = required
        self.optional = optional
    }

    /// All keys, the required ones first.
    package var keys: [String] { required + optional }

    /// Those of every document of Weir's own.
    package static let document = KeySet(
        "document",
        noun: "a document",
        required: ["apiVersion", "kind", "metadata", "spec"]
    )
    /// Those of its metadata.
    package static let metadata = KeySet("metadata", noun: "the metadata", required: ["name"])
}

/// Reads one value of a document as the type that is expected there.
///
/// What does not fit goes to the log and reads as nil, so that the caller goes on with a
/// default and the rest of the document is read as well.
package struct NodeReader {
    package let node: DocumentNode
    /// What messages call it, such as `'rate'`.
    package let label: String
    package let log: MistakeLog

    package init(_ node: DocumentNode, label: String, log: MistakeLog) {
        self.node = node
        self.label = label
        self.log = log
    }

    /// Notes a mistake at this value.
    package func mistake(_ message: String) {
        log.add(message, at: node.place)
    }

    /// Notes that something else stands here than what was `expected`.
    package func mismatch(expected: String) {
        if case .unreadable = node.content { return }
        mistake("\(label) is \(node.summary); expected \(expected)")
    }

    /// The values of a mapping by their keys, or nil where it is none.
    ///
    /// Keys that are unknown, missing or there twice are noted.
    package func fields(_ keys: KeySet) -> FieldReader? {
        guard let entries = mappingEntries(expected: keys.keys.joined(separator: ", ")) else {
            return nil
        }
        var meant: [String] = []
        for entry in entries where !keys.keys.contains(entry.key) {
            if let near = nearestName(to: entry.key, in: keys.keys) {
                meant.append(near)
            }
            log.add(
                "unknown key '\(shortened(entry.key))' in \(keys.noun); "
                    + suggestion(for: entry.key, from: keys.keys),
                at: entry.place
            )
        }
        let fields = FieldReader(entries: entries, place: node.place, log: log)
        // A required key that is only misspelt is not missed as well.
        for key in keys.required where fields[key] == nil && !meant.contains(key) {
            mistake("\(keys.noun) needs the key '\(key)'")
        }
        return fields
    }

    /// The value behind `key`, read before the rest, since it says how to read the rest.
    package func peek(_ key: String) -> NodeReader? {
        guard case .mapping(let entries) = node.content,
            let entry = entries.first(where: { $0.key == key })
        else { return nil }
        return NodeReader(entry.value, label: "'\(key)'", log: log)
    }

    /// The kind of mapping that `key` names, and the values of the mapping, by the keys of that
    /// kind; `noun` is what a mapping of any kind is called.
    package func variant<Kind: RawRepresentable & CaseIterable>(
        _ key: String,
        of noun: String,
        _ keys: (Kind) -> KeySet
    ) -> (kind: Kind, fields: FieldReader)? where Kind.RawValue == String {
        guard case .mapping = node.content else {
            mismatch(expected: "a mapping with \(key) and what its \(key) needs")
            return nil
        }
        guard let reader = peek(key) else {
            missing(key, of: noun, choices: Kind.allCases.map(\.rawValue))
            return nil
        }
        guard let kind = reader.choice(of: Kind.self), let fields = fields(keys(kind)) else {
            return nil
        }
        return (kind, fields)
    }

    /// The name in the metadata and the values of the spec of a document of Weir's own.
    package func weirDocument(kind: String, spec: KeySet) -> (name: String, spec: FieldReader?) {
        guard let fields = fields(.document) else { return ("", nil) }
        _ = fields["apiVersion"]?.choice(from: [("weir/v1", ())])
        _ = fields["kind"]?.choice(from: [(kind, ())])
        let name = fields["metadata"]?.fields(.metadata)?["name"]?.name() ?? ""
        return (name, fields["spec"]?.fields(spec))
    }

    /// Notes that the mapping lacks `key`, which tells how to read it, or has it misspelt.
    package func missing(_ key: String, of noun: String, choices: [String]) {
        if case .mapping(let entries) = node.content,
            let entry = entries.first(where: { nearestName(to: $0.key, in: [key]) != nil })
        {
            log.add(
                "unknown key '\(shortened(entry.key))' in \(noun); did you mean '\(key)'?",
                at: entry.place
            )
            return
        }
        mistake(
            "\(noun) needs the key '\(key)'; expected one of "
                + choices.joined(separator: ", ")
        )
    }

    /// The values of a mapping whose keys are free, or nil where it is none; keys that are
    /// there twice are noted and left out.
    package func entries(expected: String) -> [(key: NodeReader, value: NodeReader)]? {
        mappingEntries(expected: expected)?.map { entry in
            let content = DocumentNode.Content.scalar(text: entry.key, isPlain: true)
            let key = DocumentNode(content: content, place: entry.place, size: 1)
            return (
                NodeReader(key, label: label, log: log),
                NodeReader(entry.value, label: "'\(shortened(entry.key))'", log: log)
            )
        }
    }

    private func mappingEntries(expected: String) -> [DocumentEntry]? {
        guard case .mapping(let entries) = node.content else {
            mismatch(expected: "a mapping with \(expected)")
            return nil
        }
        var first: [String: DocumentPlace] = [:]
        return entries.filter { entry in
            guard let earlier = first.updateValue(entry.place, forKey: entry.key) else {
                return true
            }
            first[entry.key] = earlier
            log.add(
                "the key '\(shortened(entry.key))' stands here again, after line "
                    + "\(earlier.line); expected it once",
                at: entry.place
            )
            return false
        }
    }

    /// The items of a list; none where it is not one.
    ///
    /// With `some`, the list must not be empty: it says what was expected in it.
    package func items(some: String? = nil) -> [NodeReader] {
        guard case .list(let items) = node.content else {
            mismatch(expected: "a list")
            return []
        }
        if items.isEmpty, let some { mistake("\(label) is an empty list; expected \(some)") }
        return items.enumerated().map { index, item in
            NodeReader(item, label: "item \(index + 1) of \(label)", log: log)
        }
    }

    /// A text that is not empty; numbers, true and false need quotes to be one.
    package func text(expected: String = "a text") -> String? {
        guard case .scalar(let text, let isPlain) = node.content, !node.isNull, !text.isEmpty
        else {
            mismatch(expected: expected)
            return nil
        }
        guard !isPlain || !(node.isNumber || text == "true" || text == "false") else {
            mismatch(expected: "\(expected), in quotes")
            return nil
        }
        return text
    }

    /// What `parse` makes of a text.
    package func value<Value>(expected: String, _ parse: (String) -> Value?) -> Value? {
        guard let text = text(expected: expected) else { return nil }
        let value = parse(text)
        if value == nil { mismatch(expected: expected) }
        return value
    }

    /// A time zone by its name.
    package func zone() -> CivilZone? {
        guard let name = text(expected: "a time zone such as UTC or Europe/Berlin") else {
            return nil
        }
        do throws(UnknownZoneError) {
            return try CivilZone(named: name)
        } catch {
            mistake("\(error)")
            return nil
        }
    }

    /// `true` or `false`; `others` is what else may stand there.
    package func flag(otherwise others: String? = nil) -> Bool? {
        switch node.content {
        case .scalar("true", true): return true
        case .scalar("false", true): return false
        default:
            mismatch(expected: others.map { "true, false or \($0)" } ?? "true or false")
            return nil
        }
    }

    /// A whole number within `range`, such as `1000`, `10.0`, `1e3` or `5k`.
    package func integer(in range: ClosedRange<Int>) -> Int? {
        guard let value = quantity?.whole(), range.contains(Int(value)) else {
            mismatch(
                expected: "a whole number from \(range.lowerBound) to \(range.upperBound)"
                    + unquoted
            )
            return nil
        }
        return Int(value)
    }

    /// A number that satisfies `accepts`, which `expected` puts in words.
    package func number(expected: String, where accepts: (Double) -> Bool) -> Double? {
        guard let value = quantity?.double, accepts(value) else {
            mismatch(expected: expected + unquoted)
            return nil
        }
        return value
    }

    /// The number that stands here; in quotes it is a text, unless it has its multiple with it.
    package var quantity: Quantity? {
        guard case .scalar(let text, let isPlain) = node.content,
            isPlain || text.last?.isLetter == true
        else { return nil }
        return Quantity(text)
    }

    /// The remedy where the only fault of a number is its quotes.
    private var unquoted: String {
        guard case .scalar(let text, false) = node.content, quantity == nil,
            Quantity(text) != nil
        else { return "" }
        return ", without quotes"
    }

    /// A number from 0 to `greatest`.
    package func number(upTo greatest: Int) -> Double? {
        number(expected: "a number from 0 to \(greatest)") { (0...Double(greatest)).contains($0) }
    }

    /// A probability: a number from 0 to 1.
    package func probability() -> Double? { number(upTo: 1) }

    /// A duration with its unit within `range`.
    package func duration(in range: ClosedRange<Duration>) -> Duration? {
        guard case .scalar(let text, _) = node.content,
            let value = DurationText.parse(text), range.contains(value)
        else {
            mismatch(
                expected: "a duration from \(DurationText.write(range.lowerBound)) to "
                    + "\(DurationText.write(range.upperBound)), such as 600s, 0.1s, 250ms, 10m, "
                    + "2h or 7d"
            )
            return nil
        }
        return value
    }

    /// A number of bytes within `range`, plain or with a unit.
    package func bytes(in range: ClosedRange<Int>) -> Int? {
        guard case .scalar(let text, _) = node.content,
            let value = ByteCountText.parse(text), range.contains(value)
        else {
            mismatch(
                expected: "a number of bytes from \(range.lowerBound) to \(range.upperBound), "
                    + "such as 64MiB, 1GiB or 1000000"
            )
            return nil
        }
        return value
    }

    /// One of some words.
    package func choice<Choice: RawRepresentable & CaseIterable>(
        of _: Choice.Type
    ) -> Choice? where Choice.RawValue == String {
        choice(from: Choice.allCases.map { ($0.rawValue, $0) })
    }

    /// What stands beside one of some words.
    package func choice<Choice>(from choices: [(word: String, value: Choice)]) -> Choice? {
        let words = choices.map(\.word)
        if case .scalar(let text, _) = node.content, !node.isNull {
            if let match = choices.first(where: { $0.word == text }) { return match.value }
            if words.count > 1, let near = nearestName(to: text, in: words) {
                mistake("\(label) is \(node.summary); did you mean '\(near)'?")
                return nil
            }
        }
        mismatch(expected: words.count == 1 ? words[0] : "one of \(words.joined(separator: ", "))")
        return nil
    }

    /// A name as topics, stages and the like bear it: it ends up in metric labels and paths.
    package func name() -> String? {
        let expected =
            "a name of letters, digits, '-' and '_' that begins with a letter, at most 63 "
            + "characters long"
        guard case .scalar(let text, let isPlain) = node.content, !node.isNull else {
            mismatch(expected: expected)
            return nil
        }
        guard !isPlain || (text != "true" && text != "false") else {
            mismatch(expected: "a name, in quotes where YAML takes it for something else")
            return nil
        }
        let bytes = Array(text.utf8)
        let isName =
            bytes.count <= 63
            && bytes.allSatisfy { isLetter($0) || (48...57).contains($0) || $0 == 45 || $0 == 95 }
            && bytes.first.map(isLetter) == true
        guard isName else {
            mismatch(expected: expected)
            return nil
        }
        return text
    }

    private func isLetter(_ byte: UInt8) -> Bool { (97...122).contains(byte | 0x20) }
}

/// The values of one mapping by their keys.
package struct FieldReader {
    private let readers: [String: NodeReader]
    /// Where the mapping begins.
    package let place: DocumentPlace

    init(entries: [DocumentEntry], place: DocumentPlace, log: MistakeLog) {
        self.place = place
        var readers: [String: NodeReader] = [:]
        for entry in entries {
            readers[entry.key] = NodeReader(entry.value, label: "'\(entry.key)'", log: log)
        }
        self.readers = readers
    }

    /// The value behind `key`, or nil where the mapping has none.
    package subscript(_ key: String) -> NodeReader? { readers[key] }

    /// Whether at most one of two keys is there; notes at the second that both are.
    @discardableResult package func exclude(_ first: String, _ second: String) -> Bool {
        guard readers[first] != nil, let other = readers[second] else { return true }
        other.mistake("'\(first)' and '\(second)' exclude each other; expected one of them")
        return false
    }

    /// Holds those of the keys `all` that are there to what one kind of thing takes, which `noun`
    /// names, such as `the fault 'slow'`; what is missing is noted at `reader`.
    package func check(
        _ all: [String],
        required: [String],
        optional: [String] = [],
        of noun: String,
        at reader: NodeReader
    ) {
        let known = required + optional
        for key in all {
            if let value = readers[key], !known.contains(key) {
                value.mistake(
                    "'\(key)' does not apply to \(noun); expected "
                        + (known.isEmpty ? "none" : known.joined(separator: ", "))
                )
            } else if readers[key] == nil, required.contains(key) {
                reader.mistake("\(noun) needs the key '\(key)'")
            }
        }
    }
}

/// `did you mean 'x'?` where one of `known` is close, else what there is.
package func suggestion(for name: String, from known: [String]) -> String {
    if let near = nearestName(to: name, in: known) {
        return "did you mean '\(near)'?"
    }
    switch known.count {
    case 0: return "none is declared"
    case 1: return "expected \(known[0])"
    case ...24: return "expected one of \(known.joined(separator: ", "))"
    default: return "expected one of \(known.prefix(24).joined(separator: ", ")) and others"
    }
}
