internal import FoundationEssentials
internal import Reports
internal import Timekeeping

extension SLOReport {
    /// The measurement of a window, with the sums of its slices.
    package struct Measured: Codable, Sendable {
        /// `events` or `slices`: what the budget counts.
        package var unit: String
        /// From the start of the first slice to the end of the last one that has ended.
        package var start: String
        package var end: String
        package var sliceSeconds: Double
        /// Slices of the whole window, those ahead among them.
        package var slices: Int64
        /// Those of them that have ended.
        package var elapsed: Int64
        /// Those of them that began under maintenance, which count in nothing else.
        package var excluded: Int64
        /// Those of them in which something reported.
        package var observed: Int64
        /// Events; absent of a composite, the events of whose parts are not of one kind.
        package var good: Count?
        package var total: Count?
        package var components: [Component]
        package var judged: Judged?
        /// The observed share of the slices that have ended and were not excluded.
        package var coverage: Figure?
        /// The good share of what was observed.
        package var sli: Figure?
        /// The bad share of what was observed.
        package var errorRatio: Figure?
        /// The bad share of the whole window, what was not observed counting as nothing.
        package var spentShare: Figure?
        /// How many units the window may hold that were not asked for; 0 where it is exact.
        package var doubt: Int64
    }

    /// The events of one indicator.
    package struct Component: Codable, Sendable {
        package var name: String
        package var weight: String
        /// Where a component has one of its own.
        package var target: String?
        package var good: Count
        package var total: Count
        package var observed: Int32
        /// Under maintenance, in neither of the above.
        package var excludedGood: Count
        package var excludedTotal: Count
    }

    /// The verdicts on time slices.
    package struct Judged: Codable, Sendable {
        package var judged: Int32
        package var bad: Int32
        /// Without any event, which are good.
        package var empty: Int32
        package var excluded: Int32
        /// The bad shares of the slices, added up.
        package var badShares: Figure
    }

    /// What may be lost, what has been, and what is left, below 0 where more was.
    package struct Budget: Codable, Sendable {
        /// One less the target.
        package var share: String
        /// Events or slices that may be bad; absent where components count different things.
        package var allowed: Figure?
        package var spent: Figure?
        package var remaining: Figure?
        package var spentRatio: Figure?
        package var remainingRatio: Figure?
        /// For how long everything may be bad.
        package var allowedMinutes: Figure
        package var spentMinutes: Figure?
        package var remainingMinutes: Figure?
        /// Whether ``allowed`` rests on traffic that was not seen.
        package var isEstimated: Bool
        /// Whether nothing is left.
        package var isExhausted: Bool
    }

    /// The burn rate over one window.
    package struct BurnRate: Codable, Sendable {
        package var window: String
        package var value: Figure?
        package var measured: Measured
    }

    /// A burn-rate alert and what it is compared with.
    package struct Rule: Codable, Sendable {
        /// `objective/policy/rule`.
        package var alert: String
        package var severity: String
        package var tier: String?
        /// The burn rate to compare with.
        package var factor: String
        /// `>` unless a document says otherwise.
        package var comparison: String
        package var longWindow: String
        package var shortWindow: String?
        /// Below this many events in the long window it does not fire.
        package var minimumEvents: Int64
        package var isFiring: Bool
    }

    /// The share of the budget spent on a day.
    package struct Day: Codable, Sendable {
        /// As the walls of the objective's zone have it.
        package var date: String
        /// Bad of total, in the unit of the budget: events, or time slices.
        package var measured: Measured
        /// The part of the period's whole budget that the day spent.
        package var spentRatio: Figure
    }

    /// One time that an alert fired.
    package struct Alert: Codable, Sendable {
        /// The alert and when it started.
        package var id: String
        package var alert: String
        package var severity: String
        package var tier: String?
        package var start: String
        /// Nil while it is firing.
        package var end: String?
        /// The sums that fired it, in words.
        package var because: String
        /// The sums that ended it, in words.
        package var endedBecause: String?
    }

    /// The period before.
    package struct Previous: Codable, Sendable {
        package var start: String
        package var end: String
        package var sli: Figure?
        package var spentRatio: Figure?
        package var remainingRatio: Figure?
        package var coverage: Figure?
        /// How much the SLI differs from that of then.
        package var sliChange: Figure?
    }

    /// The budget left at an instant.
    package struct Point: Codable, Sendable {
        package var at: String
        /// Nil where nothing was observed.
        package var remainingRatio: Double?
        /// The burn rate since the point before; nil where nothing was observed since.
        package var burnRate: Double? = nil
    }
}

extension SLOReport.Measured {
    init(_ measurement: WindowMeasurement, of objective: Objective) {
        let components = objective.components.indices.map {
            SLOReport.Component(objective.components[$0], measurement, $0)
        }
        let single = objective.isComposite ? nil : components.first
        self.init(
            unit: measurement.unit.rawValue,
            start: measurement.window.lowerBound.description,
            end: measurement.window.upperBound.description,
            sliceSeconds: measurement.sliceWidth.inSeconds,
            slices: measurement.slices,
            elapsed: measurement.elapsed,
            excluded: measurement.excluded,
            observed: measurement.observed,
            good: single?.good,
            total: single?.total,
            components: components,
            judged: measurement.judged.map { SLOReport.Judged($0) },
            coverage: .init(measurement.coverage),
            sli: .init(measurement.sli),
            errorRatio: .init(measurement.errorRatio),
            spentShare: .init(measurement.spentShare),
            doubt: measurement.doubt
        )
    }
}

extension SLOReport.Component {
    fileprivate init(
        _ component: ObjectiveComponent,
        _ measurement: WindowMeasurement,
        _ index: Int
    ) {
        let scale = measurement.scale
        let (sum, aside) = (measurement.components[index], measurement.excludedEvents[index])
        self.init(
            name: component.name,
            weight: component.weight.description,
            target: component.target?.description,
            good: .init(sum.good, scale),
            total: .init(sum.total, scale),
            observed: sum.observed,
            excludedGood: .init(aside.good, scale),
            excludedTotal: .init(aside.total, scale)
        )
    }
}

extension SLOReport.Judged {
    fileprivate init(_ sum: JudgedSum) {
        self.init(
            judged: sum.judged,
            bad: sum.bad,
            empty: sum.empty,
            excluded: sum.excluded,
            badShares: .init(ExactRatio(sum.badUnits, JudgedSum.unit))
        )
    }
}

extension SLOReport.Budget {
    init(_ budget: ErrorBudget) {
        self.init(
            share: budget.share.description,
            allowed: .init(budget.allowed),
            spent: .init(budget.spent),
            remaining: .init(budget.remaining),
            spentRatio: .init(budget.spentRatio),
            remainingRatio: .init(budget.remainingRatio),
            allowedMinutes: .init(minutesOf: budget.time),
            spentMinutes: budget.spentTime.map { .init(minutesOf: $0) },
            remainingMinutes: budget.remainingTime.map { .init(minutesOf: $0) },
            isEstimated: budget.isEstimated,
            isExhausted: budget.isExhausted
        )
    }
}

extension SLOReport {
    /// How many events there were, exactly: a whole number, or one with a fraction where what
    /// counts them has fractions.
    package struct Count: Codable, Hashable, Sendable {
        package var number: MeasuredNumber

        package init(_ number: MeasuredNumber) {
            self.number = number
        }

        /// So many units of a scale.
        init(_ units: Int128, _ scale: CountScale) {
            number = scale.events(units)
        }

        package init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let whole = try? container.decode(Int64.self) {
                self.init(MeasuredNumber(whole))
                return
            }
            let decimal = try container.decode(Decimal.self)
            guard let number = MeasuredNumber(decimal.description) else {
                throw DecodingError.dataCorruptedError(
                    in: container,
                    debugDescription: "a count has 36 digits at most"
                )
            }
            self.init(number)
        }

        /// A JSON number with all its digits.
        package func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            if number.scale == 0, let whole = Int64(exactly: number.digits) {
                try container.encode(whole)
            } else if let decimal = Decimal(string: number.description) {
                try container.encode(decimal)
            }
        }

        /// As people read it: to two decimals at most, with its thousands apart.
        var text: String {
            FigureText.number(ExactRatio(number.digits, .powerOfTen(number.scale)), digits: 2)
        }
    }
}

extension SLOReport.Count: ExpressibleByIntegerLiteral {
    package init(integerLiteral value: Int64) {
        self.init(MeasuredNumber(value))
    }
}

extension SLOReport.Count: CustomStringConvertible {
    /// All its digits.
    package var description: String { number.description }
}

extension SLOReport.Measured {
    /// Bad of total, in the unit that the budget counts: of a composite whose budget
    /// is of events, each of its parts, for their events are not of one kind.
    var badText: String {
        if let judged { return "\(judged.bad) of \(judged.judged) slices bad" }
        guard components.count > 1 else { return components.first.map(\.badText) ?? "none" }
        return components.map { "\($0.name): \($0.badText)" }.joined(separator: "; ")
    }

    /// The same for a table with a column for each: what was bad, and of how much.
    var badCells: (bad: String, total: String) {
        if let judged { return ("\(judged.bad) slices", "\(judged.judged) slices") }
        let counts = components.map { ($0.bad.text, $0.total.text) }
        guard components.count > 1 else { return counts.first ?? ("0", "0") }
        return (
            counts.map(\.0).joined(separator: " + "), counts.map(\.1).joined(separator: " + ")
        )
    }
}

extension SLOReport.Component {
    /// Those of ``total`` that are not ``good``.
    var bad: SLOReport.Count {
        .init(total.number.subtracting(good.number) ?? .zero)
    }

    fileprivate var badText: String { "\(bad.text) of \(total.text) events bad" }
}

extension AlertEvidence {
    /// The sums in words: `burn rate 15.2 over 1h (152 of 10,000 events bad) against > 14.4`.
    package func text(of objective: Objective) -> String {
        let badText = { SLOReport.Measured($0, of: objective).badText }
        switch self {
        case .burnRate(let long, let short, let rule):
            let parts = [long, short].compactMap { $0 }.map { reading -> String in
                let value = reading.value.map { FigureText.number($0, digits: 4) } ?? "unknown"
                return "\(value) over \(DurationText.write(reading.window)) "
                    + "(\(badText(reading.measurement)))"
            }
            return "burn rate \(parts.joined(separator: " and ")) against "
                + "\(rule.comparison.symbol) \(rule.factor)"
        case .budget(let measurement, let budget):
            let spent = FigureText.percent(SLOReport.Figure(budget.spentRatio))
            return "\(spent) of the budget spent (\(badText(measurement)))"
        case .silence(let since):
            return "nothing observed since \(since)"
        }
    }
}
