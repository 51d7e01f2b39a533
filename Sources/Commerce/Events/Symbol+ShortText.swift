/// Texts of up to ten letters, digits and hyphens, which a symbol holds itself.
///
/// The orders, shoppers and products of most logs are such texts. They take no room in a symbol
/// table, whose size would else grow with the length of the log.
extension Symbol {
    private static let longest = 10
    private static let letters = Array(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-".utf8
    )
    /// The number of each byte among the letters, from 1; 0 for any other byte.
    private static let numbers = (0...255).map { byte in
        UInt64((letters.firstIndex(of: UInt8(byte)) ?? -1) + 1)
    }

    /// The symbol that holds `text`, or nil where no symbol can.
    init?(shortText text: [UInt8]) {
        guard (1...Symbol.longest).contains(text.count) else { return nil }
        var bits: UInt64 = 0
        for byte in text {
            let number = Symbol.numbers[Int(byte)]
            guard number > 0 else { return nil }
            bits = bits << 6 | number
        }
        self.init(bits: bits | Symbol.tableBit | Symbol.shortBit)
    }

    /// The text that the symbol holds itself, as ASCII; nil where it holds none.
    var shortText: [UInt8]? {
        guard isShortText else { return nil }
        var rest = bits & ~(Symbol.tableBit | Symbol.shortBit)
        var text: [UInt8] = []
        while rest != 0 {
            text.append(Symbol.letters[Int(rest & 0x3f) - 1])
            rest >>= 6
        }
        text.reverse()
        return text
    }
}
