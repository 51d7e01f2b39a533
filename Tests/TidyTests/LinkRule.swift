/// Finds links of Markdown files, within the repository, that lead nowhere.
struct LinkRule {
    /// The paths of all files.
    var paths: Set<String>

    func check(_ file: TextFile) -> [Finding] {
        let folder = file.components.dropLast().map(String.init)
        return file.lines.enumerated().flatMap { index, line in
            line.matches(of: #/\]\(([^)#\s]+)[^)]*\)/#).compactMap { match -> Finding? in
                let link = String(match.1)
                if link.contains("://") || link.hasPrefix("mailto:") { return nil }
                let target = resolve(link, from: folder)
                if paths.contains(target) { return nil }
                if paths.contains(where: { $0.hasPrefix(target + "/") }) { return nil }
                return Finding(
                    file.path,
                    line: index + 1,
                    "links to \(link), which is not there; mend the link or take it out"
                )
            }
        }
    }

    private func resolve(_ link: String, from folder: [String]) -> String {
        var parts = folder
        for part in link.split(separator: "/") where part != "." {
            if part == ".." {
                _ = parts.popLast()
            } else {
                parts.append(String(part))
            }
        }
        return parts.joined(separator: "/")
    }
}
