internal import Documents
internal import SLO

extension NodeReader {
    /// Whether this is a mapping in which something stands.
    var hasKeys: Bool {
        if case .mapping(let entries) = node.content { !entries.isEmpty } else { false }
    }

    /// The values of a mapping by their keys; one without a value is as good as absent, as the
    /// reference's decoder has it.
    func present(_ keys: KeySet) -> FieldReader? {
        guard case .mapping(let entries) = node.content else { return fields(keys) }
        let filled = entries.filter { !$0.value.isNull || !keys.keys.contains($0.key) }
        guard filled.count < entries.count else { return fields(keys) }
        let present = DocumentNode(content: .mapping(filled), place: node.place, size: node.size)
        return NodeReader(present, label: label, log: log).fields(keys)
    }

    /// Notes what is doubtful about this value.
    func warn(_ message: String) {
        log.warn(message, at: node.place)
    }

    /// Where the value stands.
    var site: Site { Site(file: log.file, line: node.place.line, column: node.place.column) }

    var isList: Bool { if case .list = node.content { true } else { false } }

    /// Whether this is `""`.
    var isEmptyText: Bool { if case .scalar("", false) = node.content { true } else { false } }

    /// The text behind `key` as it is written; nil where there is none.
    func scalar(_ key: String) -> String? {
        guard let value = peek(key)?.node, case .scalar(let text, _) = value.content,
            !value.isNull
        else { return nil }
        return text
    }

    /// The name of a document: a DNS label (RFC 1123).
    func dnsLabel() -> Located<String>? {
        let expected =
            "a name of lower-case letters, digits and '-' that begins and ends with a letter or "
            + "digit, at most 63 characters long"
        guard case .scalar(let text, let isPlain) = node.content, !node.isNull,
            Self.isDNSLabel(text)
        else {
            mismatch(expected: expected + remedy)
            return nil
        }
        guard !isPlain || !(node.isNumber || Self.switches.contains(text)) else {
            mismatch(expected: "a name, in quotes where YAML takes it for something else")
            return nil
        }
        return Located(text, at: site)
    }

    /// `; perhaps 'x'` with what would be right.
    private var remedy: String {
        guard case .scalar(let text, _) = node.content else { return "" }
        var words: [String] = []
        var previous: Character = "-"
        for letter in text where letter.isASCII {
            let isBreak = !letter.isLetter && !letter.isNumber
            if words.isEmpty || isBreak || (letter.isUppercase && previous.isLowercase) {
                words.append("")
            }
            if !isBreak {
                words[words.count - 1] += letter.lowercased()
            }
            previous = letter
        }
        let proposal = words.filter { !$0.isEmpty }.joined(separator: "-")
        return Self.isDNSLabel(proposal) && proposal != text ? ", such as \(proposal)" : ""
    }

    /// What YAML 1.1 reads as true or false.
    private static let switches: Set<String> = [
        "true", "false", "yes", "no", "on", "off", "y", "n",
    ]

    static func isDNSLabel(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        func isEnd(_ byte: UInt8) -> Bool {
            (97...122).contains(byte) || (48...57).contains(byte)
        }
        return (1...63).contains(bytes.count) && bytes.allSatisfy { isEnd($0) || $0 == 45 }
            && isEnd(bytes[0]) && isEnd(bytes[bytes.count - 1])
    }

    /// A text that may be empty, of at most `limit` characters.
    func prose(atMost limit: Int) -> String? {
        guard !isEmptyText, let text = text() else { return nil }
        let count = text.unicodeScalars.count
        guard count <= limit else {
            mistake("\(label) has \(count) characters; expected at most \(limit)")
            return nil
        }
        return text
    }

    /// The text that stands here, or nil where there is none; nothing is noted.
    var textIfAny: String? {
        guard case .scalar(let text, let isPlain) = node.content, !node.isNull, !text.isEmpty,
            !isPlain || !(node.isNumber || text == "true" || text == "false")
        else { return nil }
        return text
    }

    /// One of the operators, with its place.
    func comparison() -> Located<ThresholdComparison>? {
        choice(of: ThresholdComparison.self).map { Located($0, at: site) }
    }

    /// A text that is not empty, with its place.
    func locatedText(expected: String = "a text") -> Located<String>? {
        text(expected: expected).map { Located($0, at: site) }
    }

    /// A duration such as `5m` or `30d`.
    func shorthand() -> Located<CalendarPeriod>? {
        guard case .scalar(let text, _) = node.content, !node.isNull else {
            mismatch(expected: Self.expectedShorthand)
            return nil
        }
        guard let period = CalendarPeriod(shorthand: text) else {
            mismatch(expected: Self.expectedShorthand + Self.hint(forDuration: text))
            return nil
        }
        return Located(period, at: site)
    }

    /// A duration such as `5m`, or a bare number of minutes.
    func shorthandOrMinutes() -> Located<CalendarPeriod>? {
        guard case .scalar(let text, true) = node.content, node.isNumber,
            let period = CalendarPeriod(shorthand: "\(text)m")
        else { return shorthand() }
        return Located(period, at: site)
    }

    /// Whether the value is a duration of nothing, such as `0m`.
    var isZeroShorthand: Bool {
        guard case .scalar(let text, _) = node.content, let unit = text.last else { return false }
        return CalendarPeriod.Unit(rawValue: String(unit)) != nil && text.count > 1
            && text.dropLast().allSatisfy { $0 == "0" }
    }

    private static let expectedShorthand =
        "a whole number from 1 on and one of the units m (minutes), h, d, w, M (months), Q, Y"

    private static func hint(forDuration text: String) -> String {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text.dropFirst(digits.count)
        guard !digits.isEmpty else { return "" }
        switch unit {
        case "": return ", such as \(digits)m"
        case "s", "ms": return "; there is nothing shorter than 1m"
        case "mo", "mon", "month", "months": return "; a month is \(digits)M"
        case "min", "minute", "minutes": return "; a minute is \(digits)m"
        case "D", "H", "W", "q", "y":
            let letter = "qy".contains(unit) ? unit.uppercased() : unit.lowercased()
            return "; did you mean '\(digits)\(letter)'?"
        default: return ""
        }
    }

    /// A decimal number that satisfies `accepts`, which `expected` puts in words; read from its
    /// text, digit by digit.
    func decimal(
        expected: String,
        where accepts: (ExactDecimal) -> Bool
    ) -> Located<ExactDecimal>? {
        guard case .scalar(let text, let isPlain) = node.content, !node.isNull else {
            mismatch(expected: expected)
            return nil
        }
        guard let value = ExactDecimal(text) else {
            mismatch(
                expected: node.isNumber
                    ? "a number of at most \(ExactDecimal.longest) digits" : expected
            )
            return nil
        }
        guard isPlain else {
            mismatch(expected: "a number without quotes")
            return nil
        }
        guard accepts(value) else {
            mismatch(expected: expected)
            return nil
        }
        return Located(value, at: site)
    }

    /// The one of `keys` that is there, or nil (with a mistake) unless exactly one is.
    func exactlyOne(of keys: [String], in fields: FieldReader, noun: String) -> String? {
        let present = keys.filter { fields[$0] != nil }
        let list = keys.map { "'\($0)'" }.joined(separator: " and ")
        guard let first = present.first else {
            mistake("\(noun) needs one of \(list)")
            return nil
        }
        if present.count > 1, let extra = present.last.flatMap({ fields[$0] }) {
            extra.mistake("\(list) exclude each other; expected one of them")
            return nil
        }
        return first
    }
}

extension FieldReader {
    /// What stands under `description`, as every spec may have it.
    var description: String? { self["description"]?.prose(atMost: 1050) }
}

extension CalendarPeriod {
    /// The period that `text` names as OpenSLO writes durations, or nil where it names none:
    /// digits and one letter, where `m` is a minute and `M` a month.
    init?(shorthand text: String) {
        guard let letter = text.last, let unit = Unit(rawValue: String(letter)) else { return nil }
        let digits = text.dropLast()
        guard digits.utf8.allSatisfy({ (48...57).contains($0) }), let count = Int(digits),
            (1...100_000).contains(count)
        else { return nil }
        self.init(count: count, unit: unit)
        // A hundred years, so that instants do not overflow.
        guard nominalLength <= .seconds(36_500 * 86_400) else { return nil }
    }
}
