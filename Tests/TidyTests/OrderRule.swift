/// Finds the iteration of a dictionary or a set whose order, which differs from run to run, may
/// reach output.
///
/// Seen are `.keys` and `.values`, `Dictionary(grouping:`, and loops over or calls on names that
/// the same file declares as a dictionary or a set. Sorting in the same statement or right after
/// it, and questions to which order makes no difference, are fine; so is a comment on the line, or
/// just above it, that says `order-free:` and why.
struct OrderRule {
    static let marker = "order-free:"

    /// What makes the order irrelevant when it follows in the statement.
    private static let settling = [
        ".sorted", ".min", ".max", ".reduce(0", ".contains", ".allSatisfy", ".count", ".isEmpty",
        ".first(where:", "Set(", "isSubset", "isDisjoint", ".removeAll",
    ]

    /// `keys` and `values`, where a type of our own has such a property, so that the word alone
    /// does not tell a dictionary.
    private var ownMembers: Set<String> = []
    /// By room, what any of its files declares as a dictionary or a set; and by file.
    private var unorderedNames: [String: Set<String>] = [:]
    private var namesOfFiles: [String: Set<String>] = [:]

    /// The rule for `files`, among whose declarations it knows its way.
    init(_ files: [SwiftFile]) {
        for file in files {
            let names = file.unorderedNames
            namesOfFiles[file.path] = names
            unorderedNames[file.room, default: []].formUnion(names)
            for member in ["keys", "values"]
            where file.code.contains(where: { $0.declares(member) }) {
                ownMembers.insert(member)
            }
        }
    }

    func check(_ file: SwiftFile) -> [Finding] {
        let names = namesOfFiles[file.path] ?? file.unorderedNames
        let known = unorderedNames[file.room, default: []].union(names)
        return file.code.indices.compactMap { index in
            guard let subject = subject(in: file.code[index], names, known) else { return nil }
            if isSettled(file, index) { return nil }
            let comments = file.file.lines[max(0, index - 3)...index]
            if comments.contains(where: { $0.contains(OrderRule.marker) }) { return nil }
            return Finding(
                file.path,
                line: index + 1,
                "iterates \(subject), whose order differs from run to run; sort it, or say "
                    + "`// \(OrderRule.marker) why` just above"
            )
        }
    }

    private func isSettled(_ file: SwiftFile, _ index: Int) -> Bool {
        let statement = file.statement(from: index)
        if OrderRule.settling.contains(where: statement.mentions) { return true }
        let isLoop = file.code[index].mentions("for ")
        return !isLoop && file.whole(statementFrom: index).contains(".sort")
    }

    private func subject(
        in line: String,
        _ names: Set<String>,
        _ known: Set<String>
    ) -> String? {
        if line.mentions("Dictionary(grouping") { return "Dictionary(grouping:)" }
        // Only as the last member before an iteration: `.values[3]` is a look-up.
        let member =
            #/
            (\w+)\?? \. (keys | values)
            (?: \.(?:map|flatMap|compactMap|filter|forEach|joined|prefix|first)\b | \s*(?:\{|\)|$) )
            /#
        if line.mentions(".keys") || line.mentions(".values"),
            let match = line.firstMatch(of: member),
            !ownMembers.contains(String(match.2)) || known.contains(String(match.1))
        {
            return "\(match.1).\(match.2)"
        }
        guard names.contains(where: line.mentions) else { return nil }
        if let match = line.firstMatch(of: #/\bin (?:self\.)?(\w+)(?: where\b.*)? \{/#),
            names.contains(String(match.1))
        {
            return String(match.1)
        }
        let call = #/\b(\w+)\.(?:map|flatMap|compactMap|forEach|joined|prefix|first|popFirst)\b/#
        for match in line.matches(of: call) where names.contains(String(match.1)) {
            return String(match.1)
        }
        return nil
    }
}

extension SwiftFile {
    /// The folder below Sources or Tests that the file lies in.
    fileprivate var room: String { file.components.prefix(2).joined(separator: "/") }

    /// Names that are declared here as a dictionary or a set, and never as anything else.
    ///
    /// Patterns are slow to match: only lines that may declare one are looked at, and then only
    /// those on which such a name stands.
    fileprivate var unorderedNames: Set<String> {
        let declared = code.compactMap { line -> String? in
            guard line.mentions("[") || line.mentions("Set"),
                let declaration = SwiftFile.declaration(in: line), declaration.isUnordered
            else { return nil }
            return declaration.name
        }
        var names = Set(declared)
        guard !names.isEmpty else { return [] }
        for line in code where names.contains(where: line.mentions) {
            if let declaration = SwiftFile.declaration(in: line), !declaration.isUnordered {
                names.remove(declaration.name)
            }
            if line.mentions("for "),
                let loop = line.firstMatch(of: #/\bfor \(?([\w, ]+)\)? in\b/#)
            {
                names.subtract(loop.1.split { !$0.isLetter && !$0.isNumber }.map(String.init))
            }
        }
        return names
    }

    /// The name that `line` declares, and whether it is one of a dictionary or a set.
    private static func declaration(in line: String) -> (name: String, isUnordered: Bool)? {
        guard line.mentions("var ") || line.mentions("let "),
            let start = line.firstRange(of: #/\b(?:var|let)\s+/#),
            let match = line[start.upperBound...]
                .prefixMatch(of: #/(\w+)(?::\s*([^=]+?))?\s*(?:=\s*(.*))?$/#)
        else { return nil }
        let type = match.2 ?? ""
        let value = match.3 ?? ""
        let isUnordered =
            type.prefixMatch(of: #/\[[^\](]*?:|Set</#) != nil
            || value.prefixMatch(of: #/\[[^\](]*:[^\](]*\]\(\)|\[:\]|Set[<(]/#) != nil
        return (String(match.1), isUnordered)
    }

    /// The line and those that go on with further members.
    fileprivate func statement(from index: Int) -> String {
        var text = code[index]
        for next in code[(index + 1)...].prefix(8) {
            let trimmed = next.drop { $0 == " " }
            let goesOn =
                trimmed.hasPrefix(".") || trimmed.hasPrefix("}.")
                || text.hasSuffix("(") || text.hasSuffix("=")
            guard goesOn else { break }
            text += "\n" + next
        }
        return text
    }

    /// The line, the closure it may open, and the two lines behind that.
    fileprivate func whole(statementFrom index: Int) -> String {
        var depth = 0
        var end = index
        for line in code[index...] {
            depth += line.count { $0 == "{" } - line.count { $0 == "}" }
            if depth <= 0 { break }
            end += 1
        }
        return code[index..<min(code.count, end + 3)].joined(separator: "\n")
    }
}

extension String {
    /// Whether the line declares a variable called `name`.
    fileprivate func declares(_ name: String) -> Bool {
        guard mentions(" \(name)") else { return false }
        return firstMatch(of: #/\b(?:var|let) (\w+)/#).map { $0.1 == name } ?? false
    }
}
