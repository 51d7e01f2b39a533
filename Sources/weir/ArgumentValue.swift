internal import ArgumentParser
internal import Commerce
internal import Logging
internal import Pipeline
internal import Timekeeping

/// What options take: numbers and durations as documents have them, within their limits.
///
/// For the `transform` of an option.
enum ArgumentValue {
    /// A whole number in `range`: `1000`, `1e3`, `5k`.
    static func whole(_ range: ClosedRange<Int>) -> @Sendable (String) throws -> Int {
        { text in
            guard let value = Quantity(text)?.whole(), range.contains(Int(value)) else {
                throw ValidationError(
                    "expected a whole number from \(range.lowerBound) to \(range.upperBound)"
                )
            }
            return Int(value)
        }
    }

    /// Any number in `range`: `0.5`, `1e3`, `5k`.
    static func number(_ range: ClosedRange<Double>) -> @Sendable (String) throws -> Double {
        { text in
            guard let value = Quantity(text)?.double, range.contains(value) else {
                throw ValidationError(
                    "expected a number from \(written(range.lowerBound)) to "
                        + written(range.upperBound)
                )
            }
            return value
        }
    }

    /// `number` as it may be typed.
    static func written(_ number: Double) -> String {
        number == number.rounded() ? "\(Int64(number))" : "\(number)"
    }

    /// A rate in events per second.
    static let perSecond = number(LoadProfile.rates)

    /// A rate in events per second, or `max`.
    @Sendable static func rate(_ text: String) throws -> RunOptions.Rate {
        text == "max" ? .maximum : .perSecond(try perSecond(text))
    }

    /// A duration, such as `250ms`, `60s`, `1.5h`, `1h30m`, `7d` or `1w`: above 0 or from `least`,
    /// and up to `greatest`.
    static func duration(
        from least: Duration? = nil,
        to greatest: Duration = DurationText.longest
    ) -> @Sendable (String) throws -> Duration {
        { text in
            guard let value = DurationText.parse(text), value <= greatest,
                least.map({ value >= $0 }) ?? (value > .zero)
            else {
                let span = least.map { "from \(DurationText.write($0)) to" } ?? "at most"
                throw ValidationError(
                    "expected a duration such as 60s or 1h30m, \(span) "
                        + DurationText.write(greatest)
                )
            }
            return value
        }
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

/// `--log-level`.
enum LogLevelArgument: String, ExpressibleByArgument, CaseIterable {
    case debug
    case info
    case warning
    case error

    var level: Logger.Level { Logger.Level(rawValue: rawValue) ?? .warning }
}

extension InputFormat: ExpressibleByArgument {}
