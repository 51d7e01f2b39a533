internal import Timekeeping

// Time slices, for `Timeslices` and `RatioTimeslices`. One is judged when it has ended, on those
// of its parts that were observed, and again when late counts arrive for it. OpenSLO is silent on
// the rest; this is what holds here:
// - a slice of which nothing was observed has no verdict, and lacks from the coverage;
// - an observed slice without events is good: no promise was broken in it;
// - a slice that begins under maintenance is excluded;
// - a share that equals the slice target is good;
// - a composite's slice is bad as soon as one component's is, and has no other verdict while a
//   component was not observed.

extension ObjectiveTracker {
    /// Opens time slices, and judges those that have ended since.
    mutating func judgeSlices(until instant: Timestamp, isFirst: Bool) {
        guard let judgedLength, let end = judged?.end else { return }
        let current = instant.nanoseconds.flooringQuotient(judgedLength)
        guard isFirst || current >= end else { return }
        var schedule = MaintenanceSchedule(objective.maintenance)
        // In place: no other copy of the sums is alive here, or all of them would be copied.
        judged?.advance(to: current) { number in
            let start = Timestamp(nanoseconds: number * judgedLength)
            return JudgedSum(excluded: schedule.isUnderMaintenance(at: start) ? 1 : 0)
        }
        let oldest = judged?.open.lowerBound ?? current
        for number in max(isFirst ? current : end - 1, oldest)..<max(current, oldest) {
            judge(number)
        }
    }

    /// Makes the verdict on a time slice what its events now say, if it has ended.
    mutating func judge(_ number: Int64) {
        guard let judgedLength, let now, let open = judged?.open, open.contains(number),
            now.nanoseconds >= (number + 1) * judgedLength,
            let before = judged?.value(of: number)
        else { return }
        let after = before.excluded > 0 ? JudgedSum(excluded: 1) : verdict(on: number)
        if before != after {
            judged?.add(after - before, to: number)
        }
    }

    private func verdict(on number: Int64) -> JudgedSum {
        let parts = (judgedLength ?? sliceLength) / sliceLength
        let range = (number * parts)..<((number + 1) * parts)
        var badUnits: Int128 = 0
        var hasEvents = false
        var isUnobserved = false
        for (component, sums) in zip(objective.components, events) {
            let sum = sums.sum(of: range).sum
            isUnobserved = isUnobserved || sum.observed == 0
            hasEvents = hasEvents || sum.total > 0
            guard sum.total > 0 else { continue }
            switch objective.budgeting {
            case .occurrences: break
            case .timeslices(_, let target):
                if ExactRatio(Int128(sum.good), Int128(sum.total))
                    < ExactRatio(component.sliceTarget ?? target)
                {
                    badUnits = JudgedSum.unit
                }
            case .ratioTimeslices:
                let share = Int128.decimalUnits(of: Int128(sum.bad), in: Int128(sum.total))
                badUnits += objective.isComposite ? component.weigh(share) : share
            }
        }
        let isBad = badUnits > 0
        if case .timeslices = objective.budgeting, isBad {
            return JudgedSum(badUnits: badUnits, judged: 1, bad: 1)
        }
        if isUnobserved { return .zero }
        return JudgedSum(
            badUnits: badUnits,
            judged: 1,
            bad: isBad ? 1 : 0,
            empty: hasEvents ? 0 : 1
        )
    }
}

extension Int128 {
    /// `part` / `whole` in units of 10^-18, to the nearest one and to the even one of two.
    ///
    /// `part` is not negative and not above `whole`.
    static func decimalUnits(of part: Int128, in whole: Int128) -> Int128 {
        let product = part.magnitude.multipliedFullWidth(by: JudgedSum.unit.magnitude)
        let (quotient, rest) = whole.magnitude.dividingFullWidth(product)
        return Int128(quotient + (isRoundedUp(rest, whole.magnitude, quotient) ? 1 : 0))
    }

    fileprivate static func isRoundedUp(
        _ rest: UInt128,
        _ divisor: UInt128,
        _ quotient: UInt128
    ) -> Bool {
        rest > divisor - rest || (rest == divisor - rest && quotient % 2 == 1)
    }
}

extension ObjectiveComponent {
    /// `units` times the weight, to the nearest unit and to the even one of two.
    func weigh(_ units: Int128) -> Int128 {
        let product = units.magnitude * UInt128(weight.digits.magnitude)
        let divisor = UInt128(Int64.powerOfTen(weight.scale).magnitude)
        let (quotient, rest) = product.quotientAndRemainder(dividingBy: divisor)
        let up = rest > 0 && Int128.isRoundedUp(rest, divisor, quotient)
        return Int128(quotient + (up ? 1 : 0))
    }
}
