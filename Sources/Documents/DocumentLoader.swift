internal import Timekeeping
internal import Yams

/// Makes ``DocumentNode`` of YAML text: the one place that knows the YAML library.
///
/// The library stops at the first key that appears twice, and follows aliases itself, which a
/// few lines of YAML can make exponential. So before the library sees it, the text gets
/// private characters, one for one so every place stays what it is: in front of an
/// alias's name, and, as often as it complains, on a key that appears twice. Both are taken
/// back here, where aliases share values and are counted.
package struct DocumentLoader {
    /// More values than this, aliases followed, are refused.
    static let maximumSize = 100_000
    static let maximumDepth = 64
    static let maximumDuplicates = 50

    private let log: MistakeLog
    private var text: DocumentText
    private var anchors: [String: DocumentNode] = [:]
    private var isTooDeep = false

    /// The value that `text` writes down, or nil (with a mistake in the log) where it is not
    /// one document of YAML.
    package static func load(_ text: String, log: MistakeLog) -> DocumentNode? {
        documents(in: text, log: log) { try $0.singleRoot() }.first
    }

    /// The documents that `text` writes down, in their order: one, a stream of them with `---`
    /// between, or lists of them.
    ///
    /// Where YAML breaks off, what comes before is returned all the same, so that its own
    /// mistakes are reported as well. Empty documents are left out; a text in
    /// which there is nothing else is a mistake.
    package static func loadAll(_ text: String, log: MistakeLog) -> [DocumentNode] {
        let documents = documents(in: text, log: log) { try $0.nextRoot() }
        let filled = documents.filter { !$0.isNull }
        if filled.isEmpty, let first = documents.first {
            log.add(emptiness, at: first.place)
        }
        return filled.flatMap { document in
            guard case .list(let items) = document.content else { return [document] }
            if items.isEmpty {
                log.add("the list is empty; expected documents in it", at: document.place)
            }
            return items
        }
    }

    private static let emptiness =
        "the document is empty; expected apiVersion, kind, metadata and spec"

    private static func documents(
        in text: String,
        log: MistakeLog,
        next: (Parser) throws -> Node?
    ) -> [DocumentNode] {
        if let forbidden = DocumentText.firstForbidden(in: text) {
            log.add(
                "the character \(forbidden.code) is not allowed in YAML; remove it, or write it "
                    + "as an escape in double quotes",
                at: forbidden.place
            )
            return []
        }
        guard let marked = DocumentText(text) else {
            log.add(
                "the document uses every private-use character of Unicode; remove some",
                at: .start
            )
            return []
        }
        var loader = DocumentLoader(log: log, text: marked)
        return loader.load(next)
    }

    private init(log: MistakeLog, text: DocumentText) {
        self.log = log
        self.text = text
    }

    private mutating func load(_ next: (Parser) throws -> Node?) -> [DocumentNode] {
        for _ in 0...Self.maximumDuplicates {
            var roots: [Node] = []
            // Owns the anchors, to which the nodes refer weakly.
            var parser: Parser?
            defer { withExtendedLifetime(parser) {} }
            do {
                let opened = try Parser(yaml: text.string, encoding: .utf8)
                parser = opened
                while let root = try next(opened) {
                    roots.append(root)
                }
                if roots.isEmpty {
                    log.add(Self.emptiness, at: .start)
                }
                return convertRoots(roots)
            } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
                let place = DocumentPlace(line: context.mark.line, column: context.mark.column)
                guard text.disguiseKey(at: place) else {
                    log.add(
                        "the key '\(text.restored(keys.first ?? ""))' is repeated; "
                            + "expected each key once",
                        at: place
                    )
                    return []
                }
            } catch let error as YamlError {
                report(error)
                return convertRoots(roots)
            } catch {
                log.add("not YAML: \(error)", at: .start)
                return []
            }
        }
        log.add(
            "more than \(Self.maximumDuplicates) keys are repeated; expected each key of a "
                + "mapping once",
            at: .start
        )
        return []
    }

    private mutating func convertRoots(_ roots: [Node]) -> [DocumentNode] {
        var nodes: [DocumentNode] = []
        for root in roots {
            // An anchor holds within its document.
            anchors = [:]
            nodes.append(convert(root, depth: 1))
        }
        if isTooDeep { return [] }
        guard nodes.reduce(0, { $0 + $1.size }) <= Self.maximumSize else {
            log.add(
                "the document holds more than \(Self.maximumSize) values, aliases followed; "
                    + "expected a smaller one",
                at: nodes.first?.place ?? .start
            )
            return []
        }
        return nodes
    }

    private mutating func convert(_ node: Node, depth: Int) -> DocumentNode {
        let place = node.mark.map { DocumentPlace(line: $0.line, column: $0.column) } ?? .start
        guard depth <= Self.maximumDepth else {
            if !isTooDeep {
                log.add("nested deeper than \(Self.maximumDepth) levels", at: place)
            }
            isTooDeep = true
            return DocumentNode(content: .unreadable, place: place, size: 1)
        }
        let result: DocumentNode
        switch node {
        case .scalar(let scalar):
            result = convert(scalar, place)
        case .sequence(let sequence):
            checkTag(sequence.tag, place)
            let items = sequence.map { convert($0, depth: depth + 1) }
            result = DocumentNode(
                content: .list(items),
                place: place,
                size: Self.size(of: items)
            )
        case .mapping(let mapping):
            checkTag(mapping.tag, place)
            let entries = mapping.compactMap { entry($0, $1, depth) }
            result = DocumentNode(
                content: .mapping(entries),
                place: place,
                size: Self.size(of: entries.map(\.value))
            )
        case .alias:
            result = DocumentNode(content: .unreadable, place: place, size: 1)
        }
        if let anchor = node.anchor {
            anchors[anchor.rawValue] = result
        }
        return result
    }

    private mutating func entry(_ key: Node, _ value: Node, _ depth: Int) -> DocumentEntry? {
        let converted = convert(key, depth: depth + 1)
        let node = convert(value, depth: depth + 1)
        guard case .scalar(let text, _) = converted.content else {
            log.add("\(converted.summary) is not a key; expected a name", at: converted.place)
            return nil
        }
        if text == "<<" {
            log.add(
                "merge keys (<<) are not followed; write the mapping's keys out, or use an alias "
                    + "for a whole value",
                at: converted.place
            )
            return nil
        }
        let place = key.mark.map { DocumentPlace(line: $0.line, column: $0.column) } ?? .start
        return DocumentEntry(key: text, place: place, value: node)
    }

    private func convert(_ scalar: Node.Scalar, _ place: DocumentPlace) -> DocumentNode {
        checkTag(scalar.tag, place)
        let isPlain = scalar.style == .plain
        if isPlain, let name = text.aliasName(scalar.string) {
            if let target = anchors[name] { return target }
            log.add(
                "there is no anchor '&\(shortened(name))' before this alias; expected one above "
                    + "it, or quotes around a text that begins with *",
                at: place
            )
            return DocumentNode(content: .unreadable, place: place, size: 1)
        }
        let restored = text.restored(scalar.string)
        let node = DocumentNode(
            content: .scalar(text: restored, isPlain: isPlain),
            place: place,
            textPlace: text.placeOfText(restored, from: place),
            size: 1
        )
        return node
    }

    /// A custom tag would change what a value means, and none is supported.
    private func checkTag(_ tag: Tag, _ place: DocumentPlace) {
        let name = tag.description
        if !name.isEmpty && name != "!" && !name.hasPrefix("tag:yaml.org,2002:") {
            log.add("the tag '\(shortened(name))' is not supported; expected none", at: place)
        }
    }

    private static func size(of nodes: [DocumentNode]) -> Int {
        // Saturates, since aliases of aliases overflow any counter.
        nodes.reduce(1) { min($0 + $1.size, maximumSize + 1) }
    }

    private func report(_ error: YamlError) {
        switch error {
        case .scanner(let context, let problem, let mark, _),
            .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            // The library marks the end of the input one line below the last one.
            let place = text.clamped(DocumentPlace(line: mark.line, column: mark.column))
            if problem.contains("another document") {
                log.add(
                    "a second document begins here; expected one document in a file",
                    at: place
                )
            } else if problem.contains("nesting level") {
                log.add("nested deeper than \(Self.maximumDepth) levels", at: place)
            } else {
                let scene = context.map { " (\($0.text), which begins at line \($0.mark.line))" }
                log.add(
                    "not YAML: \(problem)\(scene ?? ""); check indentation, quotes and brackets "
                        + "up to here",
                    at: place
                )
            }
        default:
            log.add("not YAML: \(error); check the file's encoding", at: .start)
        }
    }
}

/// The text of a document with private characters in some places; see ``DocumentLoader``.
struct DocumentText {
    private var scalars: [Unicode.Scalar]
    /// Where each line begins in ``scalars``.
    private let lineStarts: [Int]
    private let aliasMark: Unicode.Scalar
    private var freeMarks: ArraySlice<Unicode.Scalar>
    private var disguised: [Unicode.Scalar: Unicode.Scalar] = [:]

    /// Nil where the text leaves no private character to use.
    init?(_ text: String) {
        var scalars = Array(text.unicodeScalars)
        if scalars.first == "\u{FEFF}" {
            scalars.removeFirst()
        }
        var used = [Bool](repeating: false, count: 256)
        for scalar in scalars where (0xE000..<0xE100).contains(scalar.value) {
            used[Int(scalar.value - 0xE000)] = true
        }
        let free = used.indices.filter { !used[$0] }.compactMap {
            Unicode.Scalar(UInt32(0xE000 + $0))
        }
        guard let first = free.first else { return nil }
        aliasMark = first
        freeMarks = free.dropFirst()
        lineStarts = Self.lineStarts(in: scalars)
        for index in scalars.indices.dropLast() where scalars[index] == "*" {
            if Self.isNameCharacter(scalars[index + 1]) {
                scalars[index] = first
            }
        }
        self.scalars = scalars
    }

    var string: String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }

    /// Makes the key at `place` unlike every other one; false if no plain or quoted key
    /// is there.
    mutating func disguiseKey(at place: DocumentPlace) -> Bool {
        guard var index = index(of: place), let mark = freeMarks.popFirst() else { return false }
        if scalars[index] == "\"" || scalars[index] == "'" {
            index += 1
        }
        guard index < scalars.count, Self.isNameCharacter(scalars[index]) else { return false }
        disguised[mark] = scalars[index]
        scalars[index] = mark
        return true
    }

    /// `text` of this document as the user wrote it.
    func restored(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0 == aliasMark || disguised[$0] != nil })
        else { return text }
        var view = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            view.append(scalar == aliasMark ? "*" : disguised[scalar] ?? scalar)
        }
        return String(view)
    }

    /// The name of the alias that a plain scalar stands for, or nil if it is not one.
    func aliasName(_ text: String) -> String? {
        guard text.unicodeScalars.first == aliasMark else { return nil }
        return restored(String(text.unicodeScalars.dropFirst()))
    }

    /// Where the first character of `text` stands, if `text` stands as it is from `place` on,
    /// or behind one quote.
    func placeOfText(_ text: String, from place: DocumentPlace) -> DocumentPlace? {
        guard var index = index(of: place) else { return nil }
        var place = place
        if scalars[index] == "\"" || scalars[index] == "'" {
            index += 1
            place.column += 1
        }
        for scalar in text.unicodeScalars {
            guard index < scalars.count else { return nil }
            let there = scalars[index]
            guard scalar == (there == aliasMark ? "*" : there) else { return nil }
            index += 1
        }
        return place
    }

    /// The place itself, or the last line's end where it lies after that.
    func clamped(_ place: DocumentPlace) -> DocumentPlace {
        var last = lineStarts.count
        if last > 1, lineStarts[last - 1] == scalars.count {
            last -= 1
        }
        guard place.line > last else { return place }
        let end = last < lineStarts.count ? lineStarts[last] - 1 : scalars.count
        return DocumentPlace(line: last, column: max(1, end - lineStarts[last - 1] + 1))
    }

    private func index(of place: DocumentPlace) -> Int? {
        guard place.line >= 1, place.line <= lineStarts.count else { return nil }
        let index = lineStarts[place.line - 1] + place.column - 1
        return index < scalars.count ? index : nil
    }

    private static func isNameCharacter(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII
            && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil
                || scalar == "_" || scalar == "-")
    }

    /// Counts lines as YAML 1.1 does.
    private static func lineStarts(in scalars: [Unicode.Scalar]) -> [Int] {
        var starts = [0]
        for (index, scalar) in scalars.enumerated() {
            switch scalar {
            case "\r" where index + 1 < scalars.count && scalars[index + 1] == "\n": continue
            case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": starts.append(index + 1)
            default: continue
            }
        }
        return starts
    }

    /// The first character that YAML does not allow, such as a control character.
    static func firstForbidden(in text: String) -> (code: String, place: DocumentPlace)? {
        var place = DocumentPlace.start
        var previous: Unicode.Scalar = " "
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x0A where previous == "\r": break
            case 0x0A, 0x0D, 0x85, 0x2028, 0x2029:
                place = DocumentPlace(line: place.line + 1, column: 0)
            case 0x09, 0x20...0x7E, 0xA0...0xFFFD, 0x1_0000...: break
            default:
                return ("U+\(scalar.value.text(width: 4, radix: 16, uppercase: true))", place)
            }
            place.column += 1
            if scalar == "\n" && previous == "\r" {
                place.column = 1
            }
            previous = scalar
        }
        return nil
    }
}
