internal import Commerce

/// Numbers the texts that a warehouse in memory is given, from 0 in the order in which they come.
///
/// The text of a symbol is asked of its symbol table once only.
struct TextNumbers: Sendable {
    /// The shop's own symbols have small bits, and are looked up without a hash.
    private static let shopSymbols = 1 << 16

    private var texts: [String] = []
    /// By their bytes: two texts that Unicode calls equivalent are two.
    private var numbers: [[UInt8]: Int] = [:]
    private var symbols: SymbolTable?
    /// What the symbols of ``symbols`` stand for, by their bits.
    private var bySymbol: [UInt64: Int] = [:]
    /// The same for the shop's own: 0 for one that has not come yet, else 1 more.
    private var byShopSymbol: [Int32] = Array(repeating: 0, count: shopSymbols)

    /// The symbols that come next are of `symbols`.
    mutating func read(_ symbols: SymbolTable) {
        guard self.symbols !== symbols else { return }
        self.symbols = symbols
        bySymbol = [:]
        byShopSymbol = Array(repeating: 0, count: TextNumbers.shopSymbols)
    }

    /// The number of what `symbol` stands for; none stands for the empty text.
    mutating func number(of symbol: Symbol, in namespace: Namespace) -> Int {
        guard symbol.bits < UInt64(TextNumbers.shopSymbols) else {
            if let known = bySymbol[symbol.bits] { return known }
            let number = newNumber(of: symbol, namespace)
            bySymbol[symbol.bits] = number
            return number
        }
        let known = byShopSymbol[Int(symbol.bits)]
        if known != 0 { return Int(known) - 1 }
        let number = newNumber(of: symbol, namespace)
        byShopSymbol[Int(symbol.bits)] = Int32(number + 1)
        return number
    }

    private mutating func newNumber(of symbol: Symbol, _ namespace: Namespace) -> Int {
        let text = symbols?.text(of: symbol, in: namespace) ?? ""
        let bytes = Array(text.utf8)
        if let known = numbers[bytes] { return known }
        numbers[bytes] = texts.count
        texts.append(text)
        return texts.count - 1
    }

    /// The number of `text`, or nil where it has none yet.
    func known(_ text: String) -> Int? {
        numbers[Array(text.utf8)]
    }

    /// The text with that number.
    func text(of number: Int) -> String {
        texts[number]
    }
}
