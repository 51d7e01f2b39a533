/// Keeps the repository speaking of the product alone.
struct WordingRule {
    struct Taboo {
        var pattern: Regex<Substring>
        var remedy: String
        /// Whether only scripts are held to it.
        var isForScripts = false
    }

    // Each pattern is written so that it does not find itself.
    static var taboos: [Taboo] {
        [
            Taboo(
                pattern: #/\/(?:home|root|Users|work|workspace)\/[\w.]+|\/tmp\/\w+-\w+/#,
                remedy: "a path of one machine; say where relative to the repository"
            ),
            Taboo(
                pattern: #/\b[Ii]ssues? #?[0-9]+|\bissues (?:show|list|close)\b/#,
                remedy: "a note of how the work went; say what holds now, and why"
            ),
            Taboo(
                pattern: #/\bDESIGN(?:\.md| §)|\bco[-]founder|\b(?:this|the) work[p]lace\b/#,
                remedy: "speaks of how Weir is made; speak of what it does"
            ),
            Taboo(
                pattern: #/\b(?:coding|working|agent) session\b/#,
                remedy: "speaks of how Weir is made; a session here is a shopper's"
            ),
            Taboo(
                pattern: #/\b(?:TO[D]O|FI[X]ME)\b/#,
                remedy: "a note to oneself; do it, or leave it out"
            ),
            Taboo(
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
            for match in file.text.matches(of: taboo.pattern) {
                let line = file.text[..<match.range.lowerBound].count { $0 == "\n" } + 1
                findings.append(Finding(file.path, line: line, "`\(match.0)`: \(taboo.remedy)"))
            }
        }
        return findings
    }
}
