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
