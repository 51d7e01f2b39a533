package import Reports
internal import Timekeeping

/// Every sum behind every figure of an objective, so that a person can redo them by hand.
package struct SLOExplanation: WrittenReport, Sendable {
    private typealias Fact = ReportDocument.Fact
    private typealias Section = ReportDocument.Section

    private let definition: Objective
    private let objective: SLOReport.Objective
    private let report: SLOReport

    /// The explanation of what `report` says of an objective, which is defined as `definition`.
    package init(
        _ objective: SLOReport.Objective,
        of definition: Objective,
        in report: SLOReport
    ) {
        self.definition = definition
        self.objective = objective
        self.report = report
    }

    /// The sums are those of the report.
    package func encode(to encoder: any Encoder) throws {
        try report.encode(to: encoder)
    }

    /// The explanation, for any form.
    package var document: ReportDocument {
        ReportDocument(
            kind: "SLO explained",
            title: objective.title,
            subject: "objective",
            verdict: ReportDocument.Cell("\(objective.state): \(objective.reason)", objective.mark),
            facts: [
                Self.fact("as of", report.asOf),
                Self.fact("target", "\(definition.target)"),
                Self.fact("budget share", "1 - \(definition.target) = \(definition.budget)"),
                Self.fact("method", definition.budgeting.name),
                Self.fact("revision", objective.revision),
            ],
            sections: ([period, sli, budget] + burnRates + [projection]).map(\.whole),
            footer: "as of \(report.asOf)"
        )
    }

    private static func fact(_ name: String, _ text: String, _ remark: String = "") -> Fact {
        Fact(name, ReportDocument.Cell(text), remark: remark)
    }

    private func section(_ title: String, _ facts: [Fact]) -> Section {
        Section(title: title, blocks: [.facts(facts)])
    }

    private static func decimal(_ figure: SLOReport.Figure?) -> String {
        figure?.decimal ?? "none, for nothing was counted"
    }

    private var measured: SLOReport.Measured { objective.measured }

    // MARK: - Period and SLI

    private var period: Section {
        section(
            "The period",
            [
                Self.fact("period", "\(objective.window.start) to \(objective.window.end)"),
                Self.fact("slices read", "\(measured.start) to \(measured.end)"),
            ] + Self.slices(of: measured)
        )
    }

    /// How many slices of what width a window has, and what became of them.
    private static func slices(of measured: SLOReport.Measured) -> [Fact] {
        let expected = max(0, measured.elapsed - measured.excluded)
        let facts = [
            fact("slices", "\(measured.slices) of \(width(of: measured))"),
            fact("ended", "\(measured.elapsed)"),
            fact("excluded", "\(measured.excluded) under maintenance"),
            fact("to observe", "\(measured.elapsed) - \(measured.excluded) = \(expected)"),
            fact("coverage", "\(measured.observed) / \(expected) = \(decimal(measured.coverage))"),
        ]
        return measured.doubt == 0
            ? facts
            : facts + [fact("edge", "may hold \(measured.doubt) units not asked for")]
    }

    private static func width(of measured: SLOReport.Measured) -> String {
        let nanoseconds = (measured.sliceSeconds * 1e9).rounded()
        return DurationText.write(.nanoseconds(Int64(nanoseconds)))
    }

    private var sli: Section {
        let (ratio, sli) = (Self.decimal(measured.errorRatio), Self.decimal(measured.sli))
        return section("SLI", counts(measured) + [Self.fact("SLI", "1 - \(ratio) = \(sli)")])
    }

    /// What was bad of how much, and the error ratio that it gives.
    private func counts(_ measured: SLOReport.Measured) -> [Fact] {
        let isComposite = definition.isComposite
        var facts = measured.components.map { component in
            let own = component.target.map { ", target \($0): × budget / (1 - \($0))" } ?? ""
            return Self.fact(
                isComposite ? "bad of \(component.name)" : "bad",
                "\(component.total) - \(component.good) good = \(component.bad)",
                isComposite ? "weight \(component.weight)\(own)" : ""
            )
        }
        let ratio = Self.decimal(measured.errorRatio)
        if let judged = measured.judged {
            let shares = judged.badShares.decimal
            facts += [
                Self.fact("slices judged", "\(judged.judged), \(judged.empty) without events"),
                Self.fact("bad slices", "\(judged.bad)"),
                Self.fact("bad shares", shares, "added up"),
                Self.fact("error ratio", "\(shares) / \(judged.judged) = \(ratio)"),
            ]
        } else if isComposite {
            let remark = "each component's bad / total to 18 decimals, times its weight, added up"
            facts.append(Self.fact("error ratio", ratio, remark))
        } else if let events = measured.components.first {
            facts.append(Self.fact("error ratio", "\(events.bad) / \(events.total) = \(ratio)"))
        }
        return facts
    }

    // MARK: - Budget

    private var budget: Section {
        let budget = objective.budget
        let counted = measured.slices - measured.excluded
        let (spent, left) = (Self.decimal(budget.spentRatio), Self.decimal(budget.remainingRatio))
        var facts = [
            spentShare(measured),
            Self.fact("spent", "spent share / \(budget.share) = \(spent)", "of the budget"),
            Self.fact("left", "1 - \(spent) = \(left)"),
        ]
        if let allowed = budget.allowed, let spent = budget.spent {
            let base =
                measured.judged != nil
                ? "\(counted)"
                : "\(measured.components[0].total) × \(counted) / \(measured.observed)"
            facts += [
                Self.fact(
                    "allowed",
                    "\(base) × \(budget.share) = \(allowed.decimal) \(measured.unit)",
                    budget.isEstimated ? "at the traffic observed" : ""
                ),
                Self.fact(
                    "left",
                    "\(allowed.decimal) - \(spent.decimal) = \(Self.decimal(budget.remaining)) "
                        + measured.unit
                ),
            ]
        }
        facts += [
            Self.fact(
                "in time",
                "\(counted) × \(Self.width(of: measured)) × \(budget.share) = "
                    + "\(budget.allowedMinutes.decimal) min",
                "spent \(Self.decimal(budget.spentMinutes)), left "
                    + Self.decimal(budget.remainingMinutes)
            ),
            Self.fact("overspent", comparison(.greaterThan, .one, of: measured.spentShare)),
        ]
        return section("Error budget", facts)
    }

    /// The bad share of a window, what was not observed counting as nothing.
    private func spentShare(_ measured: SLOReport.Measured) -> Fact {
        let counted = measured.slices - measured.excluded
        let formula: String
        if let judged = measured.judged {
            formula = "\(judged.badShares.decimal) / \(counted) slices"
        } else if definition.isComposite {
            formula = "each component's bad × observed / (total × \(counted)), weighted"
        } else {
            let events = measured.components[0]
            formula = "\(events.bad) × \(measured.observed) / (\(events.total) × \(counted))"
        }
        return Self.fact("spent share", "\(formula) = \(Self.decimal(measured.spentShare))")
    }

    /// `n × 10^k > f × b × d`, the products that decide, written out.
    private func comparison(
        _ comparison: ThresholdComparison,
        _ factor: ExactDecimal,
        of figure: SLOReport.Figure?
    ) -> String {
        guard let ratio = figure?.ratio else { return "not decided, for nothing was counted" }
        let budget = definition.budget
        let scale = Int128(Int64.powerOfTen(factor.scale))
            .multipliedReportingOverflow(by: Int128(Int64.powerOfTen(budget.scale)))
        let threshold = Int128(factor.digits) * Int128(budget.digits)
        let left = ratio.numerator.multipliedReportingOverflow(by: scale.partialValue)
        let right = threshold.multipliedReportingOverflow(by: ratio.denominator)
        let answer = ratio.compares(comparison, to: factor, of: budget) ? "yes" : "no"
        let symbol = comparison.symbol
        let fraction = "\(ratio.numerator)/\(ratio.denominator) \(symbol) \(factor) × \(budget)"
        return left.overflow || right.overflow
            ? "\(fraction): \(answer), in 256 bits"
            : "\(fraction): \(left.partialValue) \(symbol) \(right.partialValue): \(answer)"
    }

    // MARK: - Burn rates

    private var burnRates: [Section] {
        let sections = objective.burnRates.map { rate in
            let value = Self.decimal(rate.value)
            let window = "\(rate.measured.start) to \(rate.measured.end)"
            return section(
                "Burn rate over \(rate.window)",
                [Self.fact("window", window)] + Self.slices(of: rate.measured)
                    + counts(rate.measured)
                    + [
                        spentShare(rate.measured),
                        Self.fact("burn rate", "spent share / \(definition.budget) = \(value)"),
                    ]
            )
        }
        let rules = objective.rules.flatMap { rule in
            [rule.longWindow, rule.shortWindow].compactMap { $0 }.map { window -> Fact in
                let share = objective.burnRates.first { $0.window == window }?.measured.spentShare
                let op = ThresholdComparison.allCases.first { $0.symbol == rule.comparison }
                let sum = comparison(
                    op ?? .greaterThan,
                    ExactDecimal(rule.factor) ?? .one,
                    of: share
                )
                return Self.fact(rule.alert, "\(window): \(sum)", rule.isFiring ? "firing" : "")
            }
        }
        return rules.isEmpty ? sections : sections + [section("Alerts", rules)]
    }

    private var projection: Section {
        let left = Self.decimal(objective.budget.remainingRatio)
        let rate = objective.burnRates.first { $0.window == objective.projectionWindow }?.value
        return section(
            "Projection",
            [
                Self.fact(
                    "formula",
                    "\(left) × \(Int64(objective.window.seconds)) s / \(Self.decimal(rate)) "
                        + "after \(report.asOf)",
                    "left × period / burn rate over \(objective.projectionWindow)"
                ),
                Fact("exhausted", objective.exhaustion),
            ]
        )
    }
}
