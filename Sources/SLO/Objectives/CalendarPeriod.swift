/// A length of time that a calendar knows.
package struct CalendarPeriod: Hashable, Sendable {
    /// The units of OpenSLO's durations.
    package enum Unit: String, Hashable, Sendable, CaseIterable {
        case minute = "m"
        case hour = "h"
        case day = "d"
        case week = "w"
        case month = "M"
        case quarter = "Q"
        case year = "Y"

        /// The length as OpenSLO's reference has it: a month is 30 days, a year is 365.
        package var nominalLength: Duration {
            switch self {
            case .minute: .seconds(60)
            case .hour: .seconds(3600)
            case .day: .seconds(86_400)
            case .week: .seconds(7 * 86_400)
            case .month: .seconds(30 * 86_400)
            case .quarter: .seconds(90 * 86_400)
            case .year: .seconds(365 * 86_400)
            }
        }
    }

    /// At least 1.
    package var count: Int
    package var unit: Unit

    package init(count: Int, unit: Unit) {
        precondition((1...100_000).contains(count), "a period is at least one unit")
        self.count = count
        self.unit = unit
    }

    package var nominalLength: Duration { unit.nominalLength * count }
}

extension CalendarPeriod: CustomStringConvertible {
    /// As OpenSLO writes it: `1M`.
    package var description: String { "\(count)\(unit.rawValue)" }
}
