internal import ArgumentParser
internal import Commerce
internal import Documents
internal import Logging
internal import Pipeline
internal import Timekeeping

/// `--rate`: events per second, or `max`.
struct RateArgument: ExpressibleByArgument {
    /// The events per second that may be asked for.
    static let limits = LoadProfile.rates

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
        guard let value = Quantity(argument)?.double else { return nil }
        rate = .perSecond(value)
    }
}

/// `--speed`: a factor, or `max`.
struct SpeedArgument: ExpressibleByArgument {
    /// Nil for `max`.
    var factor: Double?

    init?(argument: String) {
        if argument == "max" { return }
        guard let value = Quantity(argument)?.double, (1e-6...1e12).contains(value) else {
            return nil
        }
        factor = value
    }
}

/// Numbers of the command line, as documents have them: `1000`, `1e3`, `5k`, `1.5M`.
///
/// For the `transform` of an option.
enum NumberArgument {
    /// A whole number.
    static func whole(_ argument: String) throws -> Int {
        guard let value = Quantity(argument)?.whole() else {
            throw ValidationError("expected a whole number, such as 1000, 1e3 or 5k")
        }
        return Int(value)
    }

    /// Any number.
    static func decimal(_ argument: String) throws -> Double {
        guard let value = Quantity(argument)?.double else {
            throw ValidationError("expected a number, such as 0.5, 1e3 or 5k")
        }
        return value
    }
}

/// `--duration`: `250ms`, `60s`, `1.5h`, `1h30m`, `7d`, `1w`.
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
