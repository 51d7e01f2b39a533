import BigInt
import SLO
import Timekeeping

/// The same figures made the slow way: every slice is kept, and every answer is computed from all
/// of them with integers of any size.
struct NaiveLedger {
    struct Cell {
        var good = BigInt(0)
        var total = BigInt(0)
    }

    var objective: Objective
    /// In nanoseconds.
    var slice: Int64
    var maintenance: Range<Timestamp>?
    private(set) var cells: [[Int64: Cell]]

    init(_ objective: Objective, slice: Duration, maintenance: Range<Timestamp>? = nil) {
        self.objective = objective
        self.slice = slice.inNanoseconds
        self.maintenance = maintenance
        cells = objective.components.map { _ in [:] }
    }

    mutating func record(_ slice: Slice, of component: Int) {
        let number = slice.start.nanoseconds / self.slice
        cells[component][number, default: Cell()].good += BigInt(slice.good)
        cells[component][number, default: Cell()].total += BigInt(slice.total)
    }

    func isExcluded(_ start: Int64) -> Bool {
        maintenance?.contains(Timestamp(nanoseconds: start)) ?? false
    }

    /// The sums of the slices of `range` that are not excluded.
    func sum(_ component: Int, _ range: Range<Int64>) -> (cell: Cell, observed: Int) {
        var sum = Cell()
        var observed = 0
        for number in range where !isExcluded(number * slice) {
            guard let cell = cells[component][number] else { continue }
            observed += 1
            sum.good += cell.good
            sum.total += cell.total
        }
        return (sum, observed)
    }

    /// The bad share of the whole of `range`, and the bad share of what was observed in it.
    func occurrences(_ range: Range<Int64>) -> (spent: Fraction?, error: Fraction?) {
        let excluded = range.count { isExcluded($0 * slice) }
        let expected = range.count - excluded
        var spent: [Fraction?] = []
        var errors: [Fraction?] = []
        for component in cells.indices {
            let (cell, observed) = sum(component, range)
            let bad = cell.total - cell.good
            errors.append(cell.total > 0 ? Fraction(bad, cell.total) : nil)
            guard observed > 0, expected > 0 else {
                spent.append(nil)
                continue
            }
            spent.append(
                cell.total > 0
                    ? Fraction(bad * BigInt(observed), cell.total * BigInt(expected))
                    : Fraction(0, 1)
            )
        }
        return (combined(spent), combined(errors))
    }

    /// The same where slices of `width` base slices are judged.
    func judged(_ range: Range<Int64>, width: Int64) -> (spent: Fraction?, error: Fraction?) {
        var units = BigInt(0)
        var judged = 0
        var excluded = 0
        for number in range {
            if isExcluded(number * width * slice) {
                excluded += 1
                continue
            }
            guard let verdict = verdict(number, width: width) else { continue }
            judged += 1
            units += verdict
        }
        let expected = range.count - excluded
        guard judged > 0, expected > 0 else { return (nil, nil) }
        return (
            Fraction(units, BigInt(expected) * Fraction.unit),
            Fraction(units, BigInt(judged) * Fraction.unit)
        )
    }

    /// The bad share of one time slice in units of 10^-18, or nil where it has no verdict.
    func verdict(_ number: Int64, width: Int64) -> BigInt? {
        let parts = (number * width)..<((number + 1) * width)
        let sums = cells.indices.map { sum($0, parts) }
        if case .timeslices(_, let target) = objective.budgeting {
            let isBad = sums.contains { sum in
                sum.cell.total > 0
                    && Fraction(sum.cell.good, sum.cell.total) < Fraction(target)
            }
            if isBad { return Fraction.unit }
        }
        guard sums.allSatisfy({ $0.observed > 0 }) else { return nil }
        guard case .ratioTimeslices = objective.budgeting else { return 0 }
        return zip(objective.components, sums).reduce(BigInt(0)) { units, part in
            guard part.1.cell.total > 0 else { return units }
            let bad = Fraction(part.1.cell.total - part.1.cell.good, part.1.cell.total)
            return units + (cells.count > 1 ? bad.units(weight: part.0.weight) : bad.units)
        }
    }

    private func combined(_ parts: [Fraction?]) -> Fraction? {
        guard cells.count > 1 else { return parts[0] }
        guard parts.contains(where: { $0 != nil }) else { return nil }
        let units = zip(objective.components, parts).reduce(BigInt(0)) { sum, part in
            sum + (part.1?.units(weight: part.0.weight) ?? 0)
        }
        return Fraction(units, Fraction.unit)
    }
}

/// A fraction of integers of any size.
struct Fraction: Equatable, Comparable, CustomStringConvertible {
    static let unit = BigInt(10).power(18)

    var numerator: BigInt
    var denominator: BigInt

    init(_ numerator: BigInt, _ denominator: BigInt) {
        self.numerator = numerator
        self.denominator = denominator
    }

    init(_ decimal: ExactDecimal) {
        self.init(BigInt(decimal.digits), BigInt(10).power(decimal.scale))
    }

    init(_ ratio: ExactRatio) {
        self.init(BigInt(ratio.numerator), BigInt(ratio.denominator))
    }

    /// To 18 decimals, to the nearest, of two to the even one.
    var units: BigInt { Fraction.rounded(numerator * Fraction.unit, denominator) }

    func units(weight: ExactDecimal) -> BigInt {
        Fraction.rounded(units * BigInt(weight.digits), BigInt(10).power(weight.scale))
    }

    static func rounded(_ numerator: BigInt, _ denominator: BigInt) -> BigInt {
        let (quotient, rest) = numerator.quotientAndRemainder(dividingBy: denominator)
        if rest * 2 == denominator { return quotient % 2 == 0 ? quotient : quotient + 1 }
        return rest * 2 > denominator ? quotient + 1 : quotient
    }

    static func == (left: Fraction, right: Fraction) -> Bool {
        left.numerator * right.denominator == right.numerator * left.denominator
    }

    static func < (left: Fraction, right: Fraction) -> Bool {
        left.numerator * right.denominator < right.numerator * left.denominator
    }

    var description: String { "\(numerator)/\(denominator)" }
}
