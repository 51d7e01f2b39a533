package import Timekeeping

/// Follows one objective: takes slices, and answers for any window, its budget and its alerts.
///
/// A value without clock: ``advance(to:)`` tells it the time, ``record(_:of:)`` what was counted,
/// ``evaluate()`` moves its alerts. Slices may arrive in any order within the lateness of its
/// resolution; the figures are the same.
package struct ObjectiveTracker: Sendable {
    /// How much of the past is kept.
    package enum Retention: Hashable, Sendable {
        /// Fine near now and coarse with age, over two periods: bounded and small.
        case live
        /// Every slice of this span: exact.
        case exact(Duration)
    }

    package let objective: Objective
    package let revision: Revision
    /// The width of a slice.
    package let slice: Duration
    /// The unit in which its slices are counted.
    package let scale: CountScale
    /// The latest instant that was handed in.
    package private(set) var now: Timestamp?
    /// When the first instant was handed in.
    package private(set) var began: Timestamp?
    package private(set) var faults = SliceDefects()
    /// The end of the last slice, by component, in which something reported.
    package private(set) var lastReports: [Timestamp?]
    /// The end of the last slice, by component, in which there was an event.
    package private(set) var lastEvents: [Timestamp?]
    package internal(set) var alerts: [AlertMachine]
    /// The end of the latest slice in which anything was bad; nil where nothing ever was.
    private(set) var lastBad: Timestamp?
    /// The alerts, by their place, that hold where nothing was spent.
    private(set) var isRestless: [Bool] = []

    var events: [SlidingSums<EventSum>]
    /// The events under maintenance, where there is any to come.
    var aside: [SlidingSums<EventSum>]
    var judged: SlidingSums<JudgedSum>?
    private var schedule: MaintenanceSchedule
    /// The width of a slice in nanoseconds.
    package let sliceLength: Int64
    /// The width of a judged time slice in nanoseconds, where the budget counts those.
    package let judgedLength: Int64?

    /// A tracker that knows nothing yet.
    ///
    /// The slice divides the slice window of the objective's budgeting method; windows that are no
    /// multiple of it are rounded up to one.
    package init(
        _ objective: Objective,
        slice: Duration,
        scale: CountScale = .whole,
        retention: Retention = .live
    ) {
        precondition(
            ObjectiveTracker.fits(slice: slice, objective),
            "the slice divides the slice window of the objective"
        )
        self.objective = objective
        self.slice = slice
        self.scale = scale
        revision = objective.revision
        sliceLength = slice.inNanoseconds
        judgedLength = objective.budgeting.sliceWindow?.inNanoseconds
        let resolution = { (width: Duration) -> SliceResolution in
            switch retention {
            case .live: .live(slice: width, span: objective.reach)
            case .exact(let span): .exact(slice: width, span: span + width)
            }
        }
        events = objective.components.map { _ in SlidingSums(resolution(slice)) }
        aside = objective.maintenance.isEmpty ? [] : events
        judged = objective.budgeting.sliceWindow.map { SlidingSums(resolution($0)) }
        lastReports = objective.components.map { _ in nil }
        lastEvents = lastReports
        schedule = MaintenanceSchedule(objective.maintenance)
        alerts = AlertMachine.machines(of: objective, revision: revision)
        isRestless = alerts.map { holdsOnNothing($0.rule) }
    }

    /// A tracker of what is counted from `instant` on.
    package init(_ objective: Objective, slice: Duration, begun instant: Timestamp) {
        self.init(objective, slice: slice)
        advance(to: instant)
    }

    /// Whether an objective can be followed in slices of this width.
    package static func fits(slice: Duration, _ objective: Objective) -> Bool {
        guard slice > .zero else { return false }
        guard let window = objective.budgeting.sliceWindow else { return true }
        return window.inNanoseconds % slice.inNanoseconds == 0
    }

    /// Takes note of the time, and opens the slices up to it.
    ///
    /// An instant before the latest one is counted and changes nothing.
    package mutating func advance(to instant: Timestamp) {
        if let now, instant < now {
            faults.count(.clockStep)
            return
        }
        let isFirst = now == nil
        now = instant
        began = began ?? instant
        let current = instant.nanoseconds.flooringQuotient(sliceLength)
        guard isFirst || current >= events[0].end else { return }
        let length = sliceLength
        var schedule = schedule
        for index in events.indices {
            schedule = self.schedule
            events[index].advance(to: current) { number in
                let start = Timestamp(nanoseconds: number * length)
                return EventSum(excluded: schedule.isUnderMaintenance(at: start) ? 1 : 0)
            }
        }
        for index in aside.indices { aside[index].advance(to: current) }
        judgeSlices(until: instant, isFirst: isFirst)
        self.schedule = schedule
    }

    /// Adds the counts of a slice, or of a part of it, to what it has.
    ///
    /// Counts that cannot be are not taken; ``faults`` has them.
    package mutating func record(_ slice: Slice, of component: Int = 0) {
        if let fault = slice.fault(in: scale) {
            faults.count(fault)
            return
        }
        let number = slice.start.nanoseconds.flooringQuotient(sliceLength)
        let open = events[component].open
        guard open.contains(number) else {
            faults.count(number >= open.upperBound ? .ahead : .tooLate)
            return
        }
        let before = events[component].value(of: number)
        let isExcluded = before.excluded > 0
        let held = isExcluded ? aside[component].value(of: number) : before
        guard held.total + slice.total <= scale.largestTotal else {
            faults.count(.implausible)
            return
        }
        var sum = EventSum(good: slice.good, total: slice.total)
        if isExcluded {
            aside[component].add(sum, to: number)
        } else {
            sum.observed = before.observed == 0 ? 1 : 0
            events[component].add(sum, to: number)
        }
        let end = Timestamp(nanoseconds: (number + 1) * sliceLength)
        lastReports[component] = max(lastReports[component] ?? end, end)
        if slice.total > 0 { lastEvents[component] = max(lastEvents[component] ?? end, end) }
        if slice.bad > 0 { lastBad = max(lastBad ?? end, end) }
        if let judgedLength {
            judge((number * sliceLength).flooringQuotient(judgedLength))
        }
    }

    /// Takes note of values that a source could not make slices of.
    package mutating func note(_ others: SliceDefects) {
        faults.add(others)
    }

    /// The events of a component in slices that began under maintenance.
    func excludedEvents(of component: Int, in range: Range<Int64>) -> EventSum {
        aside.isEmpty ? .zero : aside[component].sum(of: range).sum
    }

    /// Whether the slice before now began under maintenance.
    var isUnderMaintenance: Bool {
        guard let open = events.first?.open, open.count > 1 else { return false }
        return events[0].value(of: open.upperBound - 2).excluded > 0
    }
}

extension Objective {
    /// How far back anything is asked for: over the period and the one before it, and over every
    /// window of an alert.
    fileprivate var reach: Duration {
        let windows = alertPolicies.flatMap(\.rules).compactMap { rule in
            if case .burnRate(let alert) = rule { alert.longWindow } else { nil }
        }
        return max(timeWindow.longestLength * 2, windows.max() ?? .zero)
    }
}

extension TimeWindow {
    /// The length of the longest period; a month of a calendar may have 31 days.
    fileprivate var longestLength: Duration {
        switch self {
        case .rolling(let duration): duration
        case .calendar: nominalLength + nominalLength / 28 + .seconds(2 * 86_400)
        }
    }
}

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
