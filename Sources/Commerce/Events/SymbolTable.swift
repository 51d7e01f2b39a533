internal import Synchronization
public import Timekeeping

/// The texts of the symbols of one run; every stage may use it at once.
///
/// Grows with the number of *distinct* long foreign identifiers, by some thirty bytes each beside
/// the text, and never shrinks: the reader of a log begins another one when it ``isFull``, and a
/// symbol table goes with the last batch that has its symbols. The shop's own identifiers are
/// numbers, and short texts are symbols themselves: neither takes room in it.
@usableFromInline package final class SymbolTable: Sendable {
    private struct Entries {
        /// The texts one after the other.
        private var bytes: [UInt8] = []
        /// Where each text ends.
        private var ends: [Int] = []
        /// FNV-1a of each text, finalised: the same in every run.
        private(set) var hashes: [UInt64] = []
        /// The index of each text and 1 more, by a hash of its bytes; 0 for an empty place.
        ///
        /// At most half of the places are taken.
        private var places: [UInt32] = Array(repeating: 0, count: 64)

        /// What they take in memory, without what is reserved for more.
        var byteCount: Int {
            bytes.count + ends.count * 16 + places.count * 4
        }

        /// The bytes of the text at `index`.
        ///
        /// By their bytes: two spellings that Unicode calls equivalent are two identifiers.
        func text(at index: Int) -> ArraySlice<UInt8> {
            bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]]
        }

        /// The index of `text`, which is added where it is new.
        mutating func index(of text: [UInt8]) -> Int {
            var place = home(of: text)
            while places[place] != 0 {
                let index = Int(places[place]) - 1
                if self.text(at: index).elementsEqual(text) { return index }
                place = (place + 1) & (places.count - 1)
            }
            bytes.append(contentsOf: text)
            ends.append(bytes.count)
            hashes.append(SymbolTable.hash(text))
            places[place] = UInt32(ends.count)
            if 2 * ends.count > places.count { grow() }
            return ends.count - 1
        }

        /// Where the search for a text begins; different in every process, so that no input can
        /// write texts that all begin at one.
        private func home(of text: some Collection<UInt8>) -> Int {
            var hasher = Hasher()
            text.forEach { hasher.combine($0) }
            return hasher.finalize() & (places.count - 1)
        }

        private mutating func grow() {
            places = Array(repeating: 0, count: 2 * places.count)
            for index in ends.indices {
                var place = home(of: text(at: index))
                while places[place] != 0 { place = (place + 1) & (places.count - 1) }
                places[place] = UInt32(index + 1)
            }
        }
    }

    private let entries = Mutex(Entries())

    /// The names of custom events, few as a rule.
    private let customNames = Mutex<[String]>([])

    /// So many names of custom events there may be: each has sums of its own in every window.
    package static let customNameLimit = 1000

    /// How much there is room for, in bytes, until it is full.
    private let limit: Int

    /// An empty symbol table, which is full from `limit` bytes on.
    package init(limit: Int = 2 << 20) {
        self.limit = limit
    }

    /// Whether a log that goes on had better do so in another one; this one goes on to take texts.
    package var isFull: Bool { entries.withLock { $0.byteCount >= limit } }

    /// An empty symbol table of the same limit.
    package func successor() -> SymbolTable { SymbolTable(limit: limit) }

    /// The symbol here of what `symbol` stands for in `other`.
    package func adopt(_ symbol: Symbol, of other: SymbolTable) -> Symbol {
        // All but texts are the same in every symbol table.
        guard let index = symbol.tableIndex else { return symbol }
        let text = other.entries.withLock { Array($0.text(at: index)) }
        return Symbol(tableIndex: entries.withLock { $0.index(of: text) })
    }

    /// What stands for the name `text` of a custom event; nil where there are too many names.
    package func customName(for text: String) -> CustomName? {
        customNames.withLock { names in
            // By bytes: texts that Unicode calls equivalent are different names.
            if let place = names.firstIndex(where: { $0.utf8.elementsEqual(text.utf8) }) {
                return CustomName(number: UInt16(place + 1))
            }
            guard names.count < SymbolTable.customNameLimit else { return nil }
            names.append(text)
            return CustomName(number: UInt16(names.count))
        }
    }

    /// The name that `name` stands for; empty for ``CustomName/none``.
    package func text(of name: CustomName) -> String {
        name == .none ? "" : customNames.withLock { $0[Int(name.number) - 1] }
    }

    /// The symbol of `text`; the same text in the same namespace always has the same one.
    package func symbol(for text: String, in namespace: Namespace) -> Symbol {
        if let number = SymbolTable.shopNumber(text, in: namespace) {
            return Symbol(number: number)
        }
        let bytes = Array(text.utf8)
        if let symbol = Symbol(shortText: bytes) {
            return symbol
        }
        return Symbol(tableIndex: entries.withLock { $0.index(of: bytes) })
    }

    /// The text of `symbol`; empty for ``Symbol/none``.
    package func text(of symbol: Symbol, in namespace: Namespace) -> String {
        if let index = symbol.tableIndex {
            return entries.withLock { String(decoding: $0.text(at: index), as: UTF8.self) }
        }
        if let text = symbol.shortText {
            return String(decoding: text, as: UTF8.self)
        }
        return symbol.isPresent ? "\(namespace.prefix)\(symbol.bits)" : ""
    }

    /// Whether `symbol` stands for the empty text, which is not the same as being absent.
    @usableFromInline package func isEmpty(_ symbol: Symbol) -> Bool {
        guard let index = symbol.tableIndex else { return !symbol.isPresent }
        return entries.withLock { $0.text(at: index).isEmpty }
    }

    /// Appends the text of `symbol` as UTF-8.
    package func append(_ symbol: Symbol, in namespace: Namespace, to bytes: inout [UInt8]) {
        if let index = symbol.tableIndex {
            bytes += entries.withLock { Array($0.text(at: index)) }
        } else if let text = symbol.shortText {
            bytes += text
        } else if symbol.isPresent {
            namespace.prefix.withUTF8Buffer { bytes.append(contentsOf: $0) }
            bytes.appendDecimal(Int(symbol.bits))
        }
    }

    /// A hash of what `symbol` stands for: the same in every run and every symbol table.
    @inlinable
    package func stableHash(of symbol: Symbol) -> UInt64 {
        if symbol.bits & Symbol.tableBit == 0 { return SplitMix64.mix(symbol.bits) }
        guard let index = symbol.tableIndex else { return shortHash(of: symbol) }
        return textHash(at: index)
    }

    @usableFromInline
    package func shortHash(of symbol: Symbol) -> UInt64 {
        SymbolTable.hash(symbol.shortText ?? [])
    }

    @usableFromInline
    package func textHash(at index: Int) -> UInt64 {
        entries.withLock { $0.hashes[index] }
    }

    private static func hash(_ text: [UInt8]) -> UInt64 { SplitMix64.mix(fnv1a(text)) }

    /// The number of a text in the shop's own canonical form (`u42`, not `u042`), else nil.
    private static func shopNumber(_ text: String, in namespace: Namespace) -> UInt64? {
        guard namespace != .text else { return nil }
        var text = text
        return text.withUTF8 { bytes in
            let prefix = namespace.prefix
            let count = prefix.utf8CodeUnitCount
            guard bytes.count > count, bytes.count - count <= 18,
                prefix.withUTF8Buffer({ bytes.starts(with: $0) }),
                bytes[count] != UInt8(ascii: "0")
            else { return nil }
            var number: UInt64 = 0
            for byte in bytes[count...] {
                guard (48...57).contains(byte) else { return nil }
                number = number * 10 + UInt64(byte - 48)
            }
            return number
        }
    }
}

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
