internal import Synchronization
public import Timekeeping

/// The texts behind the symbols of one run; safe to use from every stage at once.
///
/// Grows with the number of *distinct* long foreign identifiers and never shrinks within a run;
/// the shop's own identifiers are numbers, and short texts are symbols themselves: neither takes
/// room in it.
@usableFromInline package final class Lexicon: Sendable {
    private struct Entries {
        /// By their bytes: two spellings that Unicode calls equivalent are two identifiers.
        var indices: [[UInt8]: Int] = [:]
        var texts: [String] = []
        /// FNV-1a of each text, finalised: the same in every run.
        var hashes: [UInt64] = []
    }

    private let entries = Mutex(Entries())

    /// An empty lexicon.
    package init() {}

    /// The symbol of `text`; the same text in the same namespace always has the same one.
    package func symbol(for text: String, in namespace: Namespace) -> Symbol {
        if let number = Lexicon.shopNumber(text, in: namespace) {
            return Symbol(number: number)
        }
        let bytes = Array(text.utf8)
        if let symbol = Symbol(shortText: bytes) {
            return symbol
        }
        return entries.withLock { entries in
            if let index = entries.indices[bytes] {
                return Symbol(lexiconIndex: index)
            }
            let index = entries.texts.count
            entries.texts.append(text)
            entries.hashes.append(Lexicon.hash(bytes))
            entries.indices[bytes] = index
            return Symbol(lexiconIndex: index)
        }
    }

    /// The text of `symbol`; empty for ``Symbol/none``.
    package func text(of symbol: Symbol, in namespace: Namespace) -> String {
        if let index = symbol.lexiconIndex {
            return entries.withLock { $0.texts[index] }
        }
        if let text = symbol.shortText {
            return String(decoding: text, as: UTF8.self)
        }
        return symbol.isPresent ? "\(namespace.prefix)\(symbol.bits)" : ""
    }

    /// Whether `symbol` stands for the empty text, which is not the same as being absent.
    @usableFromInline package func isEmpty(_ symbol: Symbol) -> Bool {
        guard let index = symbol.lexiconIndex else { return !symbol.isPresent }
        return entries.withLock { $0.texts[index].isEmpty }
    }

    /// Appends the text of `symbol` as UTF-8.
    package func append(_ symbol: Symbol, in namespace: Namespace, to bytes: inout [UInt8]) {
        if symbol.lexiconIndex != nil {
            bytes.append(contentsOf: text(of: symbol, in: namespace).utf8)
        } else if let text = symbol.shortText {
            bytes += text
        } else if symbol.isPresent {
            namespace.prefix.withUTF8Buffer { bytes.append(contentsOf: $0) }
            bytes.appendDecimal(Int(symbol.bits))
        }
    }

    /// A hash of what `symbol` stands for: the same in every run and every lexicon.
    @inlinable
    package func stableHash(of symbol: Symbol) -> UInt64 {
        if symbol.isShortText { return shortHash(of: symbol) }
        guard let index = symbol.lexiconIndex else { return SplitMix64.mix(symbol.bits) }
        return textHash(at: index)
    }

    @usableFromInline
    package func shortHash(of symbol: Symbol) -> UInt64 {
        Lexicon.hash(symbol.shortText ?? [])
    }

    @usableFromInline
    package func textHash(at index: Int) -> UInt64 {
        entries.withLock { $0.hashes[index] }
    }

    private static func hash(_ text: [UInt8]) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        return SplitMix64.mix(hash)
    }

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
