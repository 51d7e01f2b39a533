/// Keeps the repository speaking of the product alone.
struct WordingRule {
    struct Taboo {
        /// One of them stands in each match; files without need no slow look at the pattern.
        var hints: [String]
        var pattern: Regex<Substring>
        var remedy: String
        /// Whether only scripts are held to it.
        var isForScripts = false
    }

    // Each pattern is written so that it does not find itself.
    static var taboos: [Taboo] {
        [
            Taboo(
                hints: ["/home", "/root", "/Users", "/work", "/t" + "mp/"],
                pattern: #/\/(?:home|root|Users|work|workspace)\/[\w.]+|\/tmp\/\w+-\w+/#,
                remedy: "a path of one machine; say where relative to the repository"
            ),
            Taboo(
                hints: ["ssue"],
                pattern: #/\b[Ii]ssues? #?[0-9]+|\bissues (?:show|list|close)\b/#,
                remedy: "a note of how the work went; say what holds now, and why"
            ),
            Taboo(
                hints: ["DESIGN", "founder", "place"],
                pattern: #/\bDESIGN(?:\.md| §)|\bco[-]founder|\b(?:this|the) work[p]lace\b/#,
                remedy: "speaks of how Weir is made; speak of what it does"
            ),
            Taboo(
                hints: ["session"],
                pattern: #/\b(?:coding|working|agent) session\b/#,
                remedy: "speaks of how Weir is made; a session here is a shopper's"
            ),
            Taboo(
                hints: ["TO" + "DO", "FI" + "XME"],
                pattern: #/\b(?:TO[D]O|FI[X]ME)\b/#,
                remedy: "a note to oneself; do it, or leave it out"
            ),
            Taboo(
                hints: ["http"],
                pattern: #/https?:\/\/(?!localhost|127\.|\$)[\w.-]+/#,
                remedy: "names a host; fetch packages by name, through their own client",
                isForScripts: true
            ),
        ]
    }

    func check(_ file: TextFile) -> [Finding] {
        let isScript = file.text.hasPrefix("#!")
        var findings: [Finding] = []
        for taboo in WordingRule.taboos where isScript || !taboo.isForScripts {
            guard taboo.hints.contains(where: file.text.mentions) else { continue }
            for match in file.text.matches(of: taboo.pattern) {
                let line = file.text[..<match.range.lowerBound].count { $0 == "\n" } + 1
                findings.append(Finding(file.path, line: line, "`\(match.0)`: \(taboo.remedy)"))
            }
        }
        return findings
    }
}
