/// What is shown of things that may be millions: the first ones of each reason, and how many more
/// there were.
struct FirstOfEach: Sendable {
    /// As many as are shown of each reason.
    private static let shown = 20
    /// As many reasons as are told apart; all others are one.
    private static let reasons = 50

    /// By reason: how many there were, and the line of the first one.
    private var found: [String: (count: Int, line: Int)] = [:]
    /// The reasons in the order in which they came.
    private var order: [String] = []

    /// Counts one at `line`; whether it is among those that are shown.
    mutating func takes(_ reason: String, at line: Int) -> Bool {
        let isKnown = found[reason] != nil
        let name = isKnown || order.count < FirstOfEach.reasons ? reason : ""
        if found[name] == nil { order.append(name) }
        found[name, default: (0, line)].count += 1
        return found[name]?.count ?? 0 <= FirstOfEach.shown
    }

    /// A line for each reason of which there were more.
    var rest: [String] {
        order.compactMap { reason in
            guard let (count, line) = found[reason], count > FirstOfEach.shown else { return nil }
            return "… and \(count - FirstOfEach.shown) more "
                + (reason.isEmpty ? "of other kinds" : "like line \(line)")
        }
    }
}
