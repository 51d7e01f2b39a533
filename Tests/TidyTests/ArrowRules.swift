/// Holds the manifest to the house, and the imports to the manifest.
struct ArrowRules {
    var house: House
    var manifest: Manifest

    /// Rooms and arrows of the manifest that the house does not have.
    func checkManifest() -> [Finding] {
        var findings: [Finding] = []
        for target in manifest.targets where target.path.hasPrefix("Sources/") {
            guard let room = house.rooms.first(where: { $0.name == target.name }) else {
                findings.append(
                    Finding(
                        "Package.swift",
                        line: target.line,
                        "\(target.name) is no room of the house; add it to House.swift and to "
                            + "Sources/README.md"
                    )
                )
                continue
            }
            for name in target.dependencies
            where !room.rooms.contains(name) && !room.products.contains(name) {
                findings.append(
                    Finding(
                        "Package.swift",
                        line: target.line,
                        "\(target.name) may not depend on \(name); imports point down only, turn "
                            + "the arrow round with a protocol in the lower room"
                    )
                )
            }
        }
        for room in house.rooms where !manifest.has(room.name) {
            findings.append(
                Finding("Package.swift", "the room \(room.name) has no target; take it out")
            )
        }
        return findings
    }

    /// Imports of a file that its target does not declare, or that need a leave it has not.
    func check(_ file: SwiftFile) -> [Finding] {
        guard let target = manifest.target(of: file.file) else { return [] }
        let declared = Set(target.dependencies.flatMap(house.modules))
        return file.imports.compactMap { module, line in
            if declared.contains(module) || house.freeModules.contains(module) { return nil }
            if manifest.has(module) || isOfPackage(module) {
                return Finding(
                    file.path,
                    line: line,
                    "imports \(module), which \(target.name) does not declare; declare it in "
                        + "Package.swift if the arrow points down"
                )
            }
            // Tests may use what the system has.
            if !file.file.isWithin("Sources") { return nil }
            let hasLeave = house.leaves.contains {
                file.file.isWithin($0.place) && $0.modules.contains(module)
            }
            return hasLeave
                ? nil
                : Finding(
                    file.path,
                    line: line,
                    "imports \(module) without leave; do without it, or give leave with the "
                        + "reason in House.swift"
                )
        }
    }

    /// Dependencies that no file of their target imports; a target of C has no imports to ask.
    func checkUse(by files: [SwiftFile]) -> [Finding] {
        manifest.targets.filter { $0.path.hasPrefix("Sources/") }.flatMap { target in
            let own = files.filter { $0.file.isWithin(target.path) }
            if own.isEmpty { return [Finding]() }
            let imported = Set(own.flatMap { $0.imports.map(\.module) })
            return target.dependencies
                .filter { imported.isDisjoint(with: house.modules(of: $0)) }
                .map { name in
                    Finding(
                        "Package.swift",
                        line: target.line,
                        "\(target.name) declares \(name) and never imports it; take it out"
                    )
                }
        }
    }

    private func isOfPackage(_ module: String) -> Bool {
        house.rooms.contains { room in
            room.products.contains { house.modules(of: $0).contains(module) }
        }
    }
}

extension SwiftFile {
    /// The imported modules and the lines of their imports, from 1.
    var imports: [(module: String, line: Int)] {
        code.enumerated().compactMap { index, line in
            guard line.contains("import ") else { return nil }
            let modifiers = #/(?:@\w+(?:\(\w+\))?\s+)*(?:(?:public|package|internal|private)\s+)?/#
            let kind = #/(?:(?:struct|class|enum|protocol|func|typealias|var|let)\s+)?/#
            guard let start = line.prefixMatch(of: #/\s*/#)?.range.upperBound,
                let modified = line[start...].prefixMatch(of: modifiers)?.range.upperBound,
                line[modified...].hasPrefix("import "),
                let afterKind = line[modified...].dropFirst(7).prefixMatch(of: kind),
                let name = line[afterKind.range.upperBound...].prefixMatch(of: #/\w+/#)
            else { return nil }
            return (String(name.0), index + 1)
        }
    }
}
