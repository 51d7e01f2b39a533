/// Keeps functions and lines small enough to be read at once, and files no shorter than their
/// subject.
struct SizeRules {
    var fileLimit = 500
    /// An aspect of a type with fewer lines belongs in the type's own file.
    var aspectLeast = 30
    var functionLimit = 70
    var columnLimit = 100

    func check(_ file: SwiftFile) -> [Finding] {
        checkLength(of: file) + checkFunctions(of: file) + checkColumns(of: file)
    }

    private func checkLength(of file: SwiftFile) -> [Finding] {
        let count = file.file.lines.count - (file.file.lines.last?.isEmpty == true ? 1 : 0)
        guard count > fileLimit else { return [] }
        return [
            Finding(
                file.path,
                line: fileLimit + 1,
                "\(count) lines, more than \(fileLimit); give a part a type and file of its own"
            )
        ]
    }

    /// Files `Type+Aspect.swift` that are slivers, with room for them in `Type.swift` beside them.
    func checkAspects(of files: [SwiftFile]) -> [Finding] {
        let lengths = Dictionary(uniqueKeysWithValues: files.map { ($0.path, $0.file.lines.count) })
        return files.compactMap { file in
            guard let plus = file.path.lastIndex(of: "+"), file.path[plus...].hasSuffix(".swift"),
                let count = lengths[file.path], count < aspectLeast
            else { return nil }
            let home = "\(file.path[..<plus]).swift"
            guard let own = lengths[home], own + count <= fileLimit else { return nil }
            return Finding(
                file.path,
                "\(count) lines of a type of which \(home) has \(own); move them there"
            )
        }
    }

    private func checkColumns(of file: SwiftFile) -> [Finding] {
        file.file.lines.enumerated().compactMap { index, line in
            guard line.utf8.count > columnLimit, line.count > columnLimit, !line.contains("://")
            else { return nil }
            return Finding(
                file.path,
                line: index + 1,
                "\(line.count) columns, more than \(columnLimit); break the line"
            )
        }
    }

    private func checkFunctions(of file: SwiftFile) -> [Finding] {
        file.functions.filter { $0.lineCount > functionLimit }.map { function in
            Finding(
                file.path,
                line: function.line,
                "`\(function.name)` has \(function.lineCount) lines, more than \(functionLimit); "
                    + "give a part of it a name of its own"
            )
        }
    }
}

extension SwiftFile {
    /// A function, initialiser or subscript with a body, found by counting braces.
    struct Function: Hashable {
        var name: String
        /// From 1.
        var line: Int
        var lineCount: Int
    }

    var functions: [Function] {
        let declaration = #/^\s*(?:[@\w()]+\s+)*(?:func\s+([^\s(<]+)|(init|subscript|deinit)\b)/#
        return code.enumerated().compactMap { index, line in
            guard ["func", "init", "subscript"].contains(where: line.mentions),
                let match = line.prefixMatch(of: declaration),
                let end = bodyEnd(line: index, column: match.range.upperBound)
            else { return nil }
            let name = String(match.1 ?? match.2 ?? "")
            return Function(name: name, line: index + 1, lineCount: end - index + 1)
        }
    }

    /// The line on which the body ends that belongs to the declaration before `column`; nil where
    /// it has none, as in a protocol.
    private func bodyEnd(line: Int, column: String.Index) -> Int? {
        var round = 0
        var braces = 0
        for index in line..<code.count {
            let text = index == line ? code[index][column...] : code[index][...]
            if index > line, braces == 0, round == 0,
                text.prefixMatch(of: #/\s*(?:[@\w()]+\s+)*(?:func|var|let|init|case)\b/#) != nil
            {
                return nil
            }
            for character in text {
                switch character {
                case "(", "[": round += 1
                case ")", "]": round -= 1
                case "{" where braces > 0 || round == 0: braces += 1
                case "}" where braces > 0 || round == 0:
                    braces -= 1
                    if braces < 0 { return nil }
                    if braces == 0 { return index }
                default: break
                }
            }
        }
        return nil
    }
}
