/// How a log writes amounts of money.
///
/// An amount that can be read in two ways, such as `1.000` where no mark was named, or `7.00` in
/// a log with decimal commas, is doubtful, and refused.
package struct AmountFormat: Hashable, Sendable {
    /// A mark within a number.
    package enum Mark: String, Hashable, Sendable, CaseIterable {
        case point
        case comma
        case space
        case apostrophe

        /// The texts that are this mark.
        fileprivate var texts: [String] {
            switch self {
            case .point: ["."]
            case .comma: [","]
            // As typesetters have it, too.
            case .space: [" ", "\u{a0}", "\u{202f}"]
            case .apostrophe: ["'", "\u{2019}"]
            }
        }
    }

    /// What comes before the decimals; nil if nothing was said, and it is a point.
    package var decimal: Mark?
    /// What is between the thousands; nil for nothing.
    package var thousands: Mark?

    /// Decimal points, and nothing between the thousands.
    package init() {}

    package init(decimal: Mark, thousands: Mark?) {
        self.decimal = decimal
        self.thousands = thousands
    }

    /// The amount of `currency` that `text` writes, in minor units.
    func minorUnits(_ text: String, _ currency: Currency) throws(RejectionReason) -> Int64 {
        if decimal == nil, currency.minorDigits < 3, AmountFormat.looksGrouped(text) {
            throw RejectionReason(
                .doubtfulMoney,
                "\"\(text)\" is ambiguous: the point may be decimal or between thousands; say "
                    + "which with "
                    + "'decimal' in the mapping"
            )
        }
        if let amount = read(text, currency) { return amount }
        let others = [
            AmountFormat(decimal: .comma, thousands: .point),
            AmountFormat(decimal: .point, thousands: .comma),
        ]
        if others.contains(where: { $0 != self && $0.read(text, currency) != nil }) {
            throw RejectionReason(
                .doubtfulMoney,
                "\"\(text)\" uses marks other than those of the mapping (decimal "
                    + "\((decimal ?? .point).rawValue)); it could mean a hundred times as much"
            )
        }
        throw RejectionReason(.badMoney, Money.refusal(of: text, currency: currency))
    }

    /// Whether `text` is up to three digits, a point, and three digits.
    private static func looksGrouped(_ text: String) -> Bool {
        let parts = text.drop { $0 == "-" }.utf8.split(
            separator: UInt8(ascii: "."),
            omittingEmptySubsequences: false
        )
        return parts.count == 2 && (1...3).contains(parts[0].count) && parts[1].count == 3
            && parts.allSatisfy { $0.allSatisfy { (48...57).contains($0) } }
            && parts[0].first != UInt8(ascii: "0")
    }

    private func read(_ text: String, _ currency: Currency) -> Int64? {
        guard decimal != nil || thousands != nil else {
            return Money(decimal: text, currency: currency)?.minorUnits
        }
        var text = text
        if let thousands {
            for mark in thousands.texts { text = text.replacing(mark, with: "_") }
        }
        if let decimal, decimal != .point {
            if text.contains(".") { return nil }
            for mark in decimal.texts { text = text.replacing(mark, with: ".") }
        }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let groups = (parts.first ?? "").drop { $0 == "-" }
            .split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.count < 2 || !parts[1].contains("_"),
            groups.count == 1 || (1...3).contains(groups[0].count),
            groups.dropFirst().allSatisfy({ $0.count == 3 })
        else { return nil }
        return Money(decimal: text.replacing("_", with: ""), currency: currency)?.minorUnits
    }
}
