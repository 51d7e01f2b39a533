package import Timekeeping

/// A service level objective with every reference resolved.
package struct Objective: Hashable, Sendable {
    /// Unique among the objectives of a run.
    package var name: String
    package var displayName: String?
    package var service: String
    /// The team that answers for it.
    package var owner: String?
    package var description: String?
    /// The share that has to be good: at least 0 and below 1.
    package var target: ExactDecimal
    package var budgeting: BudgetingMethod
    package var timeWindow: TimeWindow
    /// One part, or several with weights: a composite.
    package var components: [ObjectiveComponent]
    /// With fewer events in the period nothing is said about it.
    package var minimumEvents: Int64
    package var maintenance: [MaintenanceWindow]
    package var alertPolicies: [AlertPolicy]

    package init(
        name: String,
        displayName: String? = nil,
        service: String,
        owner: String? = nil,
        description: String? = nil,
        target: ExactDecimal,
        budgeting: BudgetingMethod,
        timeWindow: TimeWindow,
        components: [ObjectiveComponent],
        minimumEvents: Int64 = 0,
        maintenance: [MaintenanceWindow] = [],
        alertPolicies: [AlertPolicy] = []
    ) {
        precondition(Objective.isTarget(target), "a target is at least 0 and below 1")
        precondition(!components.isEmpty, "an objective has an indicator")
        self.name = name
        self.displayName = displayName
        self.service = service
        self.owner = owner
        self.description = description
        self.target = target
        self.budgeting = budgeting
        self.timeWindow = timeWindow
        self.components = components
        self.minimumEvents = minimumEvents
        self.maintenance = maintenance
        self.alertPolicies = alertPolicies
    }

    /// Whether a number can be a target: with 1 there would be no budget to spend.
    package static func isTarget(_ number: ExactDecimal) -> Bool {
        number >= .zero && number < .one
    }

    /// The share that may be bad.
    package var budget: ExactDecimal { target.complement }

    package var isComposite: Bool { components.count > 1 }
}

/// How the error budget is counted (OpenSLO `budgetingMethod`).
package enum BudgetingMethod: Hashable, Sendable {
    /// Events: good ones out of all.
    case occurrences
    /// Slices: one is good where its good share is at least `target`.
    case timeslices(window: Duration, target: ExactDecimal)
    /// The mean over the slices of each one's good share.
    case ratioTimeslices(window: Duration)

    /// OpenSLO's name of it.
    package var name: String {
        switch self {
        case .occurrences: "Occurrences"
        case .timeslices: "Timeslices"
        case .ratioTimeslices: "RatioTimeslices"
        }
    }

    /// The length of a slice, where slices are judged.
    package var sliceWindow: Duration? {
        switch self {
        case .occurrences: nil
        case .timeslices(let window, _), .ratioTimeslices(let window): window
        }
    }
}

/// An indicator within an objective; a composite has several.
///
/// A component of a composite may have a target of its own, which is laxer than the objective's:
/// it burns its own budget, and the composite's at the same rate.
package struct ObjectiveComponent: Hashable, Sendable {
    /// Unique within the objective.
    package var name: String
    package var indicator: Indicator
    /// Above 0 (OpenSLO `compositeWeight`) and at most ``largestWeight``.
    ///
    /// Weights are taken as they are, not divided by their sum.
    package var weight: ExactDecimal
    /// The share that has to be good in a slice of this component; nil for the objective's own.
    package var sliceTarget: ExactDecimal?
    /// The share that has to be good of this component; nil for the objective's own.
    package var target: ExactDecimal?

    /// Keeps every sum of weighted shares within 128 bits.
    package static let largestWeight = ExactDecimal(1_000_000_000_000)

    package init(
        name: String,
        indicator: Indicator,
        weight: ExactDecimal = .one,
        sliceTarget: ExactDecimal? = nil,
        target: ExactDecimal? = nil
    ) {
        precondition(
            weight > .zero && weight <= ObjectiveComponent.largestWeight,
            "a weight is above 0 and at most a million millions"
        )
        self.name = name
        self.indicator = indicator
        self.weight = weight
        self.sliceTarget = sliceTarget
        self.target = target
    }
}

extension Objective {
    /// Whether its history is what a data source answers, and not what a run has kept.
    package var isQueried: Bool {
        let kinds = components.flatMap(\.indicator.sources).map(\.kind)
        return kinds.contains(.prometheus) && !kinds.contains(.unread)
    }

    /// Whether it is measured by something that is not read here, so that there is no history.
    package var isUnread: Bool {
        components.flatMap(\.indicator.sources).contains { $0.kind == .unread }
    }
}

extension ObjectiveComponent {
    /// The cost of this component's bad share to a composite with `budget`: in units of 10^-18,
    /// times its weight.
    func weigh(_ units: Int128, of budget: ExactDecimal) -> Int128 {
        let cost = cost(of: units, from: budget).magnitude
        return Int128(
            cost.rounded(
                times: UInt128(weight.digits.magnitude),
                over: UInt128(Int64.powerOfTen(weight.scale))
            )
        )
    }

    /// What a bad share of this component is of the budget of the whole, in units of 10^-18.
    ///
    /// A component with a budget of its own burns it at the rate share / own budget, and that of
    /// the whole at the same rate: share · whole budget / own budget. The whole has the strictest
    /// target, so that this is never more than the share.
    func cost(of units: Int128, from budget: ExactDecimal) -> Int128 {
        guard let own = target?.complement else { return units }
        let scale = max(own.scale, budget.scale)
        func whole(_ number: ExactDecimal) -> UInt128 {
            UInt128(number.digits.magnitude)
                * UInt128(Int64.powerOfTen(scale - number.scale))
        }
        return Int128(units.magnitude.rounded(times: whole(budget), over: whole(own)))
    }
}

extension UInt128 {
    /// This times `factor` over `divisor`, to the nearest whole and to the even one of two.
    ///
    /// The result must fit, as it does if `factor` is not above `divisor`.
    func rounded(times factor: UInt128, over divisor: UInt128) -> UInt128 {
        let (quotient, rest) = divisor.dividingFullWidth(multipliedFullWidth(by: factor))
        let isUp = rest > divisor - rest || (rest == divisor - rest && quotient % 2 == 1)
        return isUp && rest > 0 ? quotient + 1 : quotient
    }
}

/// A digest of a meaning: the same for the same meaning on every machine and in every version.
package struct Revision: Hashable, Sendable, CustomStringConvertible {
    /// Sixteen hexadecimal digits.
    package let description: String

    /// The revision that was written down as `text`.
    package init(_ text: String) {
        description = text
    }

    /// The digest of `fields` in their order: 64-bit FNV-1a, each field led by its length, so
    /// that no two lists read alike.
    fileprivate init(of fields: [String]) {
        let hash = fnv1a(fields.map { "\($0.utf8.count):\($0)" }.joined().utf8)
        description = hash.text(width: 16, radix: 16)
    }
}

extension Objective {
    /// Changes with whatever changes the figures: the target, the budgeting method, the window,
    /// the indicators with their weights, the gate, the maintenance.
    ///
    /// Names, texts, the owner and the alerts do not change it.
    package var revision: Revision {
        Revision(of: meaning)
    }

    private var meaning: [String] {
        var fields = ["target", target.description, "budgeting", budgeting.name]
        switch budgeting {
        case .occurrences: break
        case .timeslices(let window, let target):
            fields += ["\(window.inNanoseconds)", target.description]
        case .ratioTimeslices(let window):
            fields += ["\(window.inNanoseconds)"]
        }
        switch timeWindow {
        case .rolling(let duration): fields += ["rolling", "\(duration.inNanoseconds)"]
        case .calendar(let window):
            fields += [
                "calendar", window.start.description, window.period.description,
                window.zone.identifier,
            ]
        }
        fields += ["minimum events", "\(minimumEvents)"]
        for component in components {
            fields += ["component", component.name, component.weight.description]
            fields += [component.sliceTarget?.description ?? "-"]
            // What has none of its own keeps the revision it had.
            if let target = component.target { fields += ["of its own", target.description] }
            fields += component.indicator.meaning
        }
        for window in maintenance {
            fields += [
                "maintenance", window.start.description, window.zone.identifier,
                "\(window.duration.inNanoseconds)", window.every?.description ?? "-",
                window.until?.description ?? "-",
            ]
        }
        return fields
    }
}

extension Indicator {
    /// Changes with whatever changes what is counted, so that counts of another meaning are not
    /// added to these.
    package var revision: Revision {
        Revision(of: meaning)
    }

    fileprivate var meaning: [String] {
        var fields: [String]
        switch self {
        case .ratio(let ratio):
            fields = ["ratio", ratio.isCounter ? "counter" : "gauge"]
            switch ratio.terms {
            case .goodTotal: fields.append("good and total")
            case .badTotal: fields.append("bad and total")
            case .raw(_, let type): fields.append("raw \(type.rawValue)")
            }
        case .threshold(let threshold):
            fields = ["threshold", threshold.comparison.rawValue, threshold.value.description]
        }
        for source in sources {
            fields += ["source", source.kind.rawValue, source.dataSource]
            switch source.measure {
            case .meter(let name, let average):
                if let average { fields += ["averageOver", average.description] }
                fields += ["meter", name]
            case .query(let query, let form):
                if let form { fields += ["gives", form.rawValue] }
                fields += ["query", query]
            case .unread: break
            }
        }
        return fields
    }
}

/// Planned work, whose slices count neither as good nor as bad and are shown as excluded.
package struct MaintenanceWindow: Hashable, Sendable {
    package var reason: String
    /// When the first one starts, on the wall of the zone.
    package var start: CivilDateTime
    package var zone: CivilZone
    package var duration: Duration
    /// How often it comes again; nil if it does not.
    package var every: CalendarPeriod?
    /// The windows start before this; nil if they go on.
    package var until: CivilDateTime?

    package init(
        reason: String,
        start: CivilDateTime,
        zone: CivilZone,
        duration: Duration,
        every: CalendarPeriod? = nil,
        until: CivilDateTime? = nil
    ) {
        precondition(duration > .zero, "maintenance takes time")
        self.reason = reason
        self.start = start
        self.zone = zone
        self.duration = duration
        self.every = every
        self.until = until
    }
}

/// Answers whether there is maintenance at an instant, and remembers until when that holds.
package struct MaintenanceSchedule: Sendable {
    private let windows: [MaintenanceWindow]
    private var answer = false
    /// The instants for which ``answer`` holds.
    private var holds = Timestamp.distantPast..<Timestamp.distantPast

    package init(_ windows: [MaintenanceWindow]) {
        self.windows = windows
    }

    /// Whether `instant` lies in one of the windows.
    package mutating func isUnderMaintenance(at instant: Timestamp) -> Bool {
        if windows.isEmpty { return false }
        if holds.contains(instant) { return answer }
        answer = false
        var end = Timestamp.distantFuture
        for window in windows {
            let (isUnderway, until) = window.state(at: instant)
            answer = answer || isUnderway
            end = min(end, until)
        }
        holds = instant..<end
        return answer
    }
}

extension MaintenanceWindow {
    /// Whether it is underway at `instant`, and until when that is not going to change.
    package func state(at instant: Timestamp) -> (isUnderway: Bool, until: Timestamp) {
        let first = zone.instant(at: start)
        guard instant >= first else { return (false, first) }
        let end = until.map(zone.instant) ?? .distantFuture
        guard let every else {
            let over = first + duration
            return instant < over ? (true, over) : (false, .distantFuture)
        }
        let period = CalendarWindow(start: start, period: every, zone: zone)
            .period(containing: instant)
        guard period.lowerBound < end else { return (false, .distantFuture) }
        let over = min(period.lowerBound + duration, period.upperBound)
        return instant < over ? (true, over) : (false, period.upperBound)
    }
}
