internal import ArgumentParser
internal import Commerce
internal import Logging
internal import Pipeline
internal import Synchronization

/// `--rate`: events per second, or `max`.
struct RateArgument: ExpressibleByArgument {
    var rate: RunOptions.Rate

    init?(argument: String) {
        if argument == "max" {
            rate = .maximum
            return
        }
        guard let value = Double(argument), value > 0, value <= 1e9 else { return nil }
        rate = .perSecond(value)
    }
}

/// `--speed`: a factor, or `max`.
struct SpeedArgument: ExpressibleByArgument {
    /// Nil for `max`.
    var factor: Double?

    init?(argument: String) {
        if argument == "max" { return }
        guard let value = Double(argument), value > 0, value.isFinite else { return nil }
        factor = value
    }
}

/// `--duration`: `250ms`, `60s`, `5m`, `2h`, `7d`.
struct DurationArgument: ExpressibleByArgument {
    var duration: Duration

    init?(argument: String) {
        guard let value = DurationText.parse(argument), value > .zero else { return nil }
        duration = value
    }
}

/// `--format` of the summary.
enum SummaryFormat: String, ExpressibleByArgument, CaseIterable {
    case text
    case json
}

/// `--log-level`.
enum LogLevelArgument: String, ExpressibleByArgument, CaseIterable {
    case debug
    case info
    case warning
    case error

    var level: Logger.Level {
        switch self {
        case .debug: .debug
        case .info: .info
        case .warning: .warning
        case .error: .error
        }
    }
}

extension InputFormat: ExpressibleByArgument {}

/// Shows the first records that were refused, as they are met, and how many more there were.
final class RejectionPrinter: Sendable {
    private static let shown = 20

    private let live: LiveLine
    private let count = Mutex(0)

    init(_ live: LiveLine) {
        self.live = live
    }

    func show(_ rejection: Rejection) {
        let number = count.withLock { count in
            count += 1
            return count
        }
        guard number <= RejectionPrinter.shown else { return }
        live.clear()
        Terminal.message("rejected: \(rejection)")
    }

    func finish() {
        let more = count.withLock { $0 } - RejectionPrinter.shown
        if more > 0 {
            Terminal.message("rejected: … and \(more) more; the report counts them by reason")
        }
    }
}
