internal import ArgumentParser
internal import Commerce
internal import Documents
internal import Logging
internal import Pipeline

/// `--rate`: events per second, or `max`.
struct RateArgument: ExpressibleByArgument {
    /// The events per second that may be asked for.
    static let limits = 1e-6...1e9

    /// The limits in words.
    static let span = "above 0, from 0.000001 to 1000000000 events per second"

    var rate: RunOptions.Rate

    /// Whether the rate is one that can be asked for.
    var isSound: Bool {
        if case .perSecond(let rate) = rate { RateArgument.limits.contains(rate) } else { true }
    }

    init?(argument: String) {
        if argument == "max" {
            rate = .maximum
            return
        }
        guard let value = Double(argument), value.isFinite else { return nil }
        rate = .perSecond(value)
    }
}

/// `--speed`: a factor, or `max`.
struct SpeedArgument: ExpressibleByArgument {
    /// Nil for `max`.
    var factor: Double?

    init?(argument: String) {
        if argument == "max" { return }
        guard let value = Double(argument), (1e-6...1e12).contains(value) else { return nil }
        factor = value
    }
}

/// `--duration`: `250ms`, `60s`, `5m`, `2h`, `7d`.
struct DurationArgument: ExpressibleByArgument {
    var duration: Duration

    init(duration: Duration) {
        self.duration = duration
    }

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
