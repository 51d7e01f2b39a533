internal import ArgumentParser
internal import Commerce
internal import Pipeline
internal import Synchronization

/// Shows the first rejections of each reason as they happen, and how many more there were.
final class RejectionPrinter: Sendable {
    private let live: LiveLine
    private let shown = Mutex(FirstOfEach())

    init(_ live: LiveLine) {
        self.live = live
    }

    func show(_ rejection: Rejection) {
        guard shown.withLock({ $0.takes(rejection.reason, at: rejection.line) }) else { return }
        live.clear()
        Terminal.message("rejected: \(rejection)")
    }

    func finish() {
        for line in shown.withLock(\.rest) {
            Terminal.message("rejected: \(line); the report counts them by reason")
        }
    }
}

/// What is shown of things that may be millions: the first ones of each reason, and how many more
/// there were.
private struct FirstOfEach: Sendable {
    /// As many as are shown of each reason.
    private static let shown = 20
    /// The most reasons that are distinguished; all others count as one.
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

/// `--max-rejected`: how many records of a log may be rejected, as a number or a share of all.
enum RejectionLimit: ExpressibleByArgument {
    case count(Int64)
    /// In percent of the records that were read.
    case share(Double)

    init?(argument: String) {
        if argument.hasSuffix("%") {
            guard let percent = Double(argument.dropLast()), (0...100).contains(percent) else {
                return nil
            }
            self = .share(percent)
        } else {
            guard let count = Int64(argument), count >= 0 else { return nil }
            self = .count(count)
        }
    }

    /// Why the log of `report` is not usable; nil if it is.
    ///
    /// Without a `limit` it is usable as long as anything could be read.
    static func refusal(of report: RunReport, beyond limit: RejectionLimit?) -> String? {
        let rejected = report.producers.reduce(0) { $0 + $1.rejected.values.reduce(0, +) }
        let read = report.producers.reduce(0) { $0 + ($1.records ?? 0) }
        guard rejected > 0 else { return nil }
        let all = "\(rejected) of \(rejected + read) records of the input were rejected"
        if read == 0 {
            return "nothing could be read: \(all); is it of another format?"
        }
        switch limit {
        case nil: return nil
        case .count(let most): return rejected > most ? "\(all), more than \(most)" : nil
        case .share(let percent):
            let isBeyond = Double(rejected) * 100 > percent * Double(rejected + read)
            return isBeyond ? "\(all), more than \(percent)%" : nil
        }
    }
}
