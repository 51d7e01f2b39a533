/// Overwrites comments and the contents of literals with spaces, and leaves code, also the code
/// inside interpolations, where it stands.
struct LiteralBlanker {
    private enum Context {
        /// Code; within an interpolation, with that many parentheses open.
        case code(openParentheses: Int)
        case text(hashes: Int, isMultiline: Bool)
    }

    private var bytes: [UInt8]
    private var place = 0
    private var contexts: [Context] = [.code(openParentheses: 0)]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func blank() -> [UInt8] {
        while place < bytes.count {
            switch contexts.last {
            case .text(let hashes, let isMultiline):
                stepInText(hashes, isMultiline)
            case .code(let open):
                stepInCode(open)
            case nil:
                contexts = [.code(openParentheses: 0)]
            }
        }
        return bytes
    }

    private mutating func stepInCode(_ open: Int) {
        if starts("//") {
            while place < bytes.count, bytes[place] != UInt8(ascii: "\n") { erase() }
        } else if starts("/*") {
            eraseBlockComment()
        } else if starts("#/") {
            while place < bytes.count, !starts("/#") { erase() }
            for _ in 0..<2 { erase() }
        } else if let hashes = openingHashes() {
            let isMultiline = starts("\"\"\"", at: place + hashes)
            contexts.append(.text(hashes: hashes, isMultiline: isMultiline))
            place += hashes + (isMultiline ? 3 : 1)
        } else {
            if contexts.count > 1 {
                countParenthesis(open)
            }
            place += 1
        }
    }

    private mutating func countParenthesis(_ open: Int) {
        if starts("(") {
            contexts[contexts.count - 1] = .code(openParentheses: open + 1)
        } else if starts(")") {
            if open == 0 {
                contexts.removeLast()
            } else {
                contexts[contexts.count - 1] = .code(openParentheses: open - 1)
            }
        }
    }

    private mutating func stepInText(_ hashes: Int, _ isMultiline: Bool) {
        let marks = String(repeating: "#", count: hashes)
        let end = (isMultiline ? "\"\"\"" : "\"") + marks
        if starts(end) {
            contexts.removeLast()
            place += end.utf8.count
        } else if starts("\\" + marks + "(") {
            place += hashes + 2
            contexts.append(.code(openParentheses: 0))
        } else if starts("\\" + marks) {
            for _ in 0..<hashes + 2 { erase() }
        } else if !isMultiline, starts("\n") {
            contexts.removeLast()
        } else {
            erase()
        }
    }

    private mutating func eraseBlockComment() {
        var depth = 0
        repeat {
            if starts("/*") {
                depth += 1
                erase()
            } else if starts("*/") {
                depth -= 1
                erase()
            }
            erase()
        } while depth > 0 && place < bytes.count
    }

    /// The number of `#` before a quotation mark that opens a literal here; nil where none does.
    private func openingHashes() -> Int? {
        var end = place
        while end < bytes.count, bytes[end] == UInt8(ascii: "#") { end += 1 }
        return end < bytes.count && bytes[end] == UInt8(ascii: "\"") ? end - place : nil
    }

    private func starts(_ text: String, at start: Int? = nil) -> Bool {
        bytes[min(start ?? place, bytes.count)...].starts(with: text.utf8)
    }

    private mutating func erase() {
        guard place < bytes.count else { return }
        if bytes[place] != UInt8(ascii: "\n") {
            bytes[place] = UInt8(ascii: " ")
        }
        place += 1
    }
}
