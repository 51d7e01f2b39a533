internal import Timekeeping

// Time slices, for `Timeslices` and `RatioTimeslices`. One is judged when it has ended, on those
// of its parts that were observed, and again when late counts arrive for it. OpenSLO is silent on
// the rest; this is what holds here:
// - a slice of which nothing was observed has no verdict, and lacks from the coverage;
// - an observed slice without events is good: no promise was broken in it;
// - a slice that begins under maintenance is excluded;
// - a share that equals the slice target is good;
// - a composite's slice is bad as soon as one component's is, and has no other verdict while a
//   component was not observed; where components have targets of their own it costs what the
//   dearest of those that failed costs.

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
                if ExactRatio(sum.good, sum.total)
                    < ExactRatio(component.sliceTarget ?? target)
                {
                    let cost = component.cost(of: JudgedSum.unit, from: objective.budget)
                    badUnits = max(badUnits, cost)
                }
            case .ratioTimeslices:
                let share = Int128.decimalUnits(of: sum.bad, in: sum.total)
                badUnits +=
                    objective.isComposite ? component.weigh(share, of: objective.budget) : share
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
        Int128(part.magnitude.rounded(times: JudgedSum.unit.magnitude, over: whole.magnitude))
    }
}
