internal import FoundationEssentials
internal import Reports

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
