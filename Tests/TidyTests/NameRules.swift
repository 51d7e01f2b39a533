/// Keeps names such that a file is found by what it is about.
enum NameRules {
    /// Words that say nothing of what a thing does.
    static let emptyWords = [
        "Util", "Utils", "Utilities", "Helper", "Helpers", "Manager", "Core", "Misc", "Common",
        "New", "Old",
    ]

    static func check(_ path: String) -> [Finding] {
        var findings: [Finding] = []
        if path.contains(where: \.isWhitespace) {
            findings.append(Finding(path, "a space in a path breaks scripts; take it out"))
        }
        for part in path.split(whereSeparator: { "/.+-_".contains($0) }) {
            if let word = emptyWord(in: String(part)) {
                findings.append(Finding(path, "\(word) says nothing; name what it does"))
            }
        }
        return findings
    }

    /// Types with an empty name, and a file that is not named after a type of its own.
    static func check(_ file: SwiftFile) -> [Finding] {
        var findings: [Finding] = []
        let declared = file.declaredTypes
        for (name, line) in declared {
            if let word = emptyWord(in: name) {
                findings.append(
                    Finding(
                        file.path,
                        line: line,
                        "`\(name)`: \(word) says nothing; name what it does"
                    )
                )
            }
        }
        let parts = file.file.baseName.split(separator: "+")
        guard let subject = parts.first.map(String.init) else { return findings }
        let names = declared.map(\.name) + file.freeFunctions
        let known = names + (parts.count > 1 ? file.extendedTypes : [])
        if !known.contains(where: { $0.lowercased() == subject.lowercased() }) {
            let isNested = declared.first.map { file.code[$0.line - 1].hasPrefix(" ") } ?? false
            let extended = isNested ? file.extendedTypes.first.map { "\($0)+" } : nil
            let expected =
                names.first.map { "\(extended ?? "")\($0).swift" } ?? file.extendedTypes.first
                .map { "\($0)+Aspect.swift" } ?? "Type.swift"
            findings.append(
                Finding(
                    file.path,
                    "named after no type that it declares; such a file is called \(expected)"
                )
            )
        }
        return findings
    }

    private static func emptyWord(in name: String) -> String? {
        name.matches(of: #/[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])/#)
            .map { $0.0.capitalized }
            .first(where: emptyWords.contains)
    }
}

extension SwiftFile {
    /// The types it declares, with their lines from 1.
    var declaredTypes: [(name: String, line: Int)] {
        let declaration =
            #/^\s*(?:[@\w()]+\s+)*(?:struct|class|enum|actor|protocol|typealias)\s+`?(\w+)/#
        let words = ["struct", "class", "enum", "actor", "protocol", "typealias"]
        return code.enumerated().compactMap { index, line in
            guard words.contains(where: line.mentions) else { return nil }
            return line.prefixMatch(of: declaration).map { (String($0.1), index + 1) }
        }
    }

    /// The types it extends, and those they lie in.
    var extendedTypes: [String] {
        code.flatMap { line -> [String] in
            guard line.hasPrefix("extension ") else { return [] }
            if line.hasPrefix("extension [") { return ["Array"] }
            let name = line.dropFirst("extension ".count).prefix { !" :{<".contains($0) }
            return name.split(separator: ".").map(String.init)
        }
    }

    /// The functions that belong to no type.
    var freeFunctions: [String] {
        code.compactMap { line in
            line.prefixMatch(of: #/(?:(?:public|package|internal) )?func (\w+)/#)
                .map { String($0.1) }
        }
    }
}

extension Substring {
    /// The word with a capital first letter.
    fileprivate var capitalized: String {
        prefix(1).uppercased() + dropFirst().lowercased()
    }
}
