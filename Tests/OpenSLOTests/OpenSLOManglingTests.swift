import Documents
import Foundation
import ObjectiveSamples
import OpenSLO
import SLO
import Testing
import Timekeeping

/// Whatever is done to documents, reading them ends in objectives or in mistakes that have a
/// place in one of the files.
@Suite struct OpenSLOManglingTests {
    @Test(arguments: 0..<30)
    func `mangled documents are read or their mistakes are placed`(seed: UInt64) throws {
        let originals = try OpenSLO.files(at: [repositoryFile("slo/storefront")])
        var randomness = Randomness(seed: seed)
        for _ in 0..<10 {
            var files = originals
            for _ in 0...randomness.below(2) {
                let index = Int(randomness.below(UInt64(files.count)))
                files[index].text = mangled(files[index].text, &randomness)
            }
            let result = OpenSLO.read(files)
            _ = ObjectiveLint.warnings(for: result.set)
            #expect(result.mistakes == result.mistakes.sorted())
            for mistake in result.mistakes + result.warnings {
                let file = try #require(files.first { $0.file == mistake.file })
                let lines = file.text.split(omittingEmptySubsequences: false) { $0.isNewline }
                #expect((1...lines.count).contains(mistake.line), "\(mistake)")
                #expect(mistake.column >= 1)
                #expect(!mistake.message.contains { $0.isNewline })
            }
        }
    }

    private func mangled(_ text: String, _ randomness: inout Randomness) -> String {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        for _ in 0...randomness.below(3) where !lines.isEmpty {
            let index = Int(randomness.below(UInt64(lines.count)))
            switch randomness.below(7) {
            case 0: lines.remove(at: index)
            case 1: lines.insert(lines[index], at: index)
            case 2: lines[index] = "  " + lines[index]
            case 3: lines[index] = String(lines[index].prefix(lines[index].count / 2))
            case 4: lines.swapAt(index, Int(randomness.below(UInt64(lines.count))))
            default: lines[index] = pricked(lines[index], &randomness)
            }
        }
        return lines.joined(separator: "\n")
    }

    /// `line` with one character put in or in place of another.
    private func pricked(_ line: String, _ randomness: inout Randomness) -> String {
        var letters = Array(line)
        let marks = Array("{}[]:,-*&!|>'\"%@`#~?é\t\u{7}\u{E000}\r0a1M ")
        let mark = marks[Int(randomness.below(UInt64(marks.count)))]
        let place = Int(randomness.below(UInt64(letters.count + 1)))
        if place < letters.count, randomness.below(2) == 0 {
            letters[place] = mark
        } else {
            letters.insert(mark, at: place)
        }
        return String(letters)
    }
}
