import Documents
import Foundation
import Pipeline
import Testing
import Timekeeping

/// Whatever is done to a document, reading it ends in a document or in mistakes that have a
/// place in it.
@Suite struct PipelineDocumentManglingTests {
    @Test(arguments: 0..<40)
    func `a mangled storefront is read or its mistakes are placed`(seed: UInt64) throws {
        let original = try String(contentsOf: shippedFile("storefront.yaml"), encoding: .utf8)
        var randomness = Randomness(seed: seed)
        for _ in 0..<10 {
            let text = mangled(original, &randomness)
            // The place may be the end of the last line, or the empty one behind it.
            let lineCount = text.split(omittingEmptySubsequences: false) { $0.isNewline }.count
            do {
                _ = try PipelineDocument.parse(text: text, file: "f")
            } catch {
                #expect(error.code == .wrong)
                #expect(!error.mistakes.isEmpty)
                #expect(error.mistakes == error.mistakes.sorted())
                for mistake in error.mistakes {
                    #expect((1...lineCount).contains(mistake.line), "\(mistake)\n\(text)")
                    #expect(mistake.column >= 1)
                    #expect(!mistake.message.contains { $0.isNewline })
                }
            }
        }
    }

    private func mangled(_ text: String, _ randomness: inout Randomness) -> String {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        for _ in 0...randomness.below(3) {
            let index = Int(randomness.below(UInt64(lines.count)))
            switch randomness.below(8) {
            case 0, 1:
                lines.remove(at: index)
            case 2:
                lines.insert(lines[index], at: index)
            case 3:
                lines[index] = "  " + lines[index]
            case 4:
                lines[index] = String(lines[index].prefix(lines[index].count / 2))
            case 5:
                lines.swapAt(index, Int(randomness.below(UInt64(lines.count))))
            default:
                var letters = Array(lines[index])
                let place = Int(randomness.below(UInt64(letters.count + 1)))
                let marks = Array("{}[]:,-*&!|>'\"%@`#~?é\t\u{7}\u{E000}\r0a ")
                let mark = marks[Int(randomness.below(UInt64(marks.count)))]
                if place < letters.count, randomness.below(2) == 0 {
                    letters[place] = mark
                } else {
                    letters.insert(mark, at: place)
                }
                lines[index] = String(letters)
            }
            if lines.isEmpty { break }
        }
        return lines.joined(separator: "\n")
    }
}
