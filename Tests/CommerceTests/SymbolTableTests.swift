import Commerce
import TestSupport
import Testing
import Timekeeping

struct SymbolTableTests {
    private let texts = [
        "", "0", "536365", "C536379", "85123A", "u1", "u01", "o-9", "a-b-c-d-e-", "abcdefghijk",
        "Zz09-", "with space", "cafe\u{301}", "caf\u{e9}", "日本", "a/b", "\u{0}",
        "550e8400-e29b-41d4-a716-446655440000", "----------", "zzzzzzzzzz",
    ]

    @Test(arguments: Namespace.allCases)
    func `a text comes back as it was, and has one symbol`(namespace: Namespace) {
        let symbols = SymbolTable()
        var made: Set<Symbol> = []
        for _ in 0..<2 {
            for text in texts {
                let symbol = symbols.symbol(for: text, in: namespace)
                made.insert(symbol)
                #expect(symbol.isPresent)
                #expect(Array(symbols.text(of: symbol, in: namespace).utf8) == Array(text.utf8))
                #expect(symbols.isEmpty(symbol) == text.isEmpty)
                var bytes: [UInt8] = [7]
                symbols.append(symbol, in: namespace, to: &bytes)
                #expect(bytes == [7] + text.utf8)
            }
        }
        #expect(made.count == texts.count)
    }

    @Test func `a hash depends on the text alone`() {
        // FNV-1a of "a" is 0xaf63dc4c8601ec8c (http://www.isthe.com/chongo/tech/comp/fnv).
        let (left, right) = (SymbolTable(), SymbolTable())
        for text in texts.reversed() { _ = right.symbol(for: text, in: .text) }
        for text in texts {
            let hash = left.stableHash(of: left.symbol(for: text, in: .text))
            #expect(hash == right.stableHash(of: right.symbol(for: text, in: .text)))
        }
        let short = left.stableHash(of: left.symbol(for: "a", in: .text))
        #expect(short == SplitMix64.mix(0xaf63_dc4c_8601_ec8c))
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>)
    func `many texts are distinguished`(seed: UInt64) {
        var random = Randomness(seed: seed)
        let symbols = SymbolTable()
        var known: [String: Symbol] = [:]
        for _ in 0..<20_000 {
            let number = random.below(8000)
            let text = String(number, radix: 36) + (number % 2 == 0 ? "" : " of the long ones")
            let symbol = symbols.symbol(for: text, in: .session)
            #expect(known.updateValue(symbol, forKey: text) ?? symbol == symbol)
        }
        #expect(Set(known.values).count == known.count)
        for (text, symbol) in known {
            #expect(symbols.text(of: symbol, in: .session) == text)
        }
    }
}
