internal import SLO

extension CalendarPeriod {
    /// The period that `text` names as OpenSLO writes durations, or nil where it names none:
    /// digits and one letter, where `m` is a minute and `M` a month.
    init?(shorthand text: String) {
        guard let letter = text.last, let unit = Unit(rawValue: String(letter)) else { return nil }
        let digits = text.dropLast()
        guard digits.utf8.allSatisfy({ (48...57).contains($0) }), let count = Int(digits),
            (1...100_000).contains(count)
        else { return nil }
        self.init(count: count, unit: unit)
        // A hundred years, so that instants do not overflow.
        guard nominalLength <= .seconds(36_500 * 86_400) else { return nil }
    }
}
