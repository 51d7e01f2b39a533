/// What Package.swift says about its targets, read from its text.
struct Manifest {
    struct Target {
        var name: String
        var kind: String
        var path: String
        /// Names of targets, and of products of other packages.
        var dependencies: [String]
        var line: Int
    }

    let targets: [Target]

    init(_ file: TextFile) {
        // Comments go, so that what they say is not taken for a declaration; literals stay.
        let text = file.lines.map { line in
            line.firstRange(of: #/(^|\s)\/\//#).map { line[..<$0.lowerBound] } ?? line
        }.joined(separator: "\n")
        var products: [String: String] = [:]
        let product = #/let (\w+): Target\.Dependency = \.product\(\s*name: "(\w+)"/#
        for match in text.matches(of: product) {
            products[String(match.1)] = String(match.2)
        }
        let start = #/\.(target|executableTarget|testTarget|systemLibrary)\(/#
        targets = text.matches(of: start).compactMap { match in
            let body = text[match.range.upperBound...].balancedPrefix(closing: ")")
            guard let name = body.firstMatch(of: #/name: "([^"]+)"/#)?.1 else { return nil }
            let room = match.1 == "testTarget" ? "Tests" : "Sources"
            let path = body.firstMatch(of: #/path: "([^"]+)"/#)?.1
            return Target(
                name: String(name),
                kind: String(match.1),
                path: path.map(String.init) ?? "\(room)/\(name)",
                dependencies: Manifest.dependencies(in: body, products),
                line: text[..<match.range.lowerBound].count { $0 == "\n" } + 1
            )
        }
    }

    /// The target that a file belongs to.
    func target(of file: TextFile) -> Target? {
        targets.first { file.isWithin($0.path) }
    }

    func has(_ name: String) -> Bool {
        targets.contains { $0.name == name }
    }

    private static func dependencies(
        in body: Substring,
        _ products: [String: String]
    ) -> [String] {
        guard let start = body.firstRange(of: "dependencies: [") else { return [] }
        let list = body[start.upperBound...].balancedPrefix(closing: "]")
        let element = #/"(\w[\w-]*)"|\.product\(\s*name: "(\w+)"[^)]*\)|(\w+)/#
        return list.matches(of: element).map { match in
            let name = String(match.1 ?? match.2 ?? match.3 ?? "")
            return products[name] ?? name
        }
    }
}

extension Substring {
    /// The text up to the bracket that closes one opened before it.
    func balancedPrefix(closing bracket: Character) -> Substring {
        var depth = 0
        for index in indices {
            if "([{".contains(self[index]) {
                depth += 1
            } else if ")]}".contains(self[index]) {
                if depth == 0, self[index] == bracket { return self[..<index] }
                depth -= 1
            }
        }
        return self
    }
}
