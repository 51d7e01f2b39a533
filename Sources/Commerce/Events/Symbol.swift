/// An interned identifier: eight bytes that stand for the text of a user, a session, an order ...
///
/// The shop's own identifiers are a prefix and a number (`u42`), and the number *is* the symbol,
/// so that making, comparing and counting them touches no string. A short text of letters and
/// digits is held by the symbol itself. Any other one is kept once in a ``SymbolTable``, and the
/// symbol is its index there. Symbols of two symbol tables must not be mixed.
@usableFromInline package struct Symbol: Hashable, Sendable {
    /// 0: none; high bit clear: the shop's number; high bit set: an index in the symbol table, or,
    /// with the next bit set as well, a short text.
    @usableFromInline package let bits: UInt64

    @usableFromInline static var tableBit: UInt64 { 1 << 63 }
    static var shortBit: UInt64 { 1 << 62 }

    @inlinable
    package init(bits: UInt64) {
        self.bits = bits
    }

    /// The shop's own identifier `number`, from 1.
    @inlinable
    package init(number: UInt64) {
        self.init(bits: number)
    }

    @inlinable
    package init(tableIndex: Int) {
        self.init(bits: UInt64(tableIndex) | Symbol.tableBit)
    }

    /// Stands for an identifier that the event does not have.
    @inlinable package static var none: Symbol { Symbol(bits: 0) }

    /// Whether the event has this identifier at all (it may still be the empty text).
    @inlinable package var isPresent: Bool { bits != 0 }

    @inlinable package var tableIndex: Int? {
        bits >> 62 == 0b10 ? Int(bits & ~Symbol.tableBit) : nil
    }

    /// Whether it holds its text itself, which is then not empty.
    @inlinable package var isShortText: Bool { bits >> 62 == 0b11 }

    // Texts of up to ten letters, digits and hyphens are held by the symbol itself. The orders,
    // shoppers and products of most logs are such texts; in a symbol table, they would make it
    // grow with the length of the log.
    private static let longest = 10
    private static let letters = Array(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-".utf8
    )
    /// The number of each byte among the letters, from 1; 0 for any other byte.
    private static let numbers = (0...255).map { byte in
        UInt64((letters.firstIndex(of: UInt8(byte)) ?? -1) + 1)
    }

    /// The symbol that holds `text`, or nil if no symbol can.
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

    /// The text that the symbol holds itself, as ASCII; nil if it holds none.
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

/// What a symbol identifies; decides the prefix of the shop's own identifiers.
@usableFromInline package enum Namespace: UInt8, Sendable, CaseIterable {
    case user
    case session
    case cart
    case order
    case product
    case category
    /// Text without a numbered form: sources, search terms.
    case text

    /// What the shop's own identifiers of this namespace begin with.
    package var prefix: StaticString {
        switch self {
        case .user: "u"
        case .session: "s"
        case .cart: "cart-"
        case .order: "o"
        case .product: "p"
        case .category: "c"
        case .text: ""
        }
    }
}
