internal import Documents
package import Reports

/// Every sum behind every figure of an objective, so that a person can redo them by hand.
package struct SLOExplanation: WrittenReport, Sendable {
    typealias Cell = ReportDocument.Cell
    typealias Fact = ReportDocument.Fact
    typealias Section = ReportDocument.Section

    private let objective: SLOReport.Objective
    private let report: SLOReport

    /// The explanation of `objective` in `report`.
    package init(_ objective: SLOReport.Objective, in report: SLOReport) {
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
            verdict: Cell("\(objective.state): \(objective.reason)", objective.mark),
            facts: [
                Fact("as of", Cell(report.asOf)),
                Fact("target", Cell(objective.target)),
                Fact("budget share", Cell("1 - \(objective.target) = \(objective.budget.share)")),
                Fact("method", Cell(objective.budgetingMethod)),
                Fact("revision", Cell(objective.revision)),
            ],
            sections: ([windowSection, sliSection, budgetSection] + burnSections + [projection])
                .map(\.whole),
            footer: "as of \(report.asOf)"
        )
    }

    private var measured: SLOReport.Measured { objective.measured }

    private var windowSection: Section {
        Section(
            title: "The period",
            blocks: [
                .facts(
                    [
                        Fact(
                            "period",
                            Cell("\(objective.window.start) to \(objective.window.end)")
                        ),
                        Fact("slices read", Cell("\(measured.start) to \(measured.end)")),
                    ] + Self.slices(of: measured)
                )
            ]
        )
    }

    /// How many slices of what width a window has, and what became of them.
    private static func slices(of measured: SLOReport.Measured) -> [Fact] {
        let expected = max(0, measured.elapsed - measured.excluded)
        var facts = [
            Fact("slices", Cell("\(measured.slices) of \(width(of: measured))")),
            Fact("ended", Cell("\(measured.elapsed)")),
            Fact("excluded", Cell("\(measured.excluded) under maintenance")),
            Fact("to observe", Cell("\(measured.elapsed) - \(measured.excluded) = \(expected)")),
            Fact(
                "coverage",
                Cell("\(measured.observed) / \(expected) = \(decimal(measured.coverage))")
            ),
        ]
        if measured.doubt > 0 {
            facts.append(Fact("edge", Cell("may hold \(measured.doubt) units not asked for")))
        }
        return facts
    }

    private static func width(of measured: SLOReport.Measured) -> String {
        let nanoseconds = (measured.sliceSeconds * 1e9).rounded()
        return DurationText.write(.nanoseconds(Int64(nanoseconds)))
    }

    private static func decimal(_ figure: SLOReport.Figure?) -> String {
        figure?.decimal ?? "none, for nothing was counted"
    }

    // MARK: - SLI

    private var sliSection: Section {
        Section(
            title: "SLI",
            blocks: [.facts(Self.counts(measured, isComposite: isComposite))]
        )
    }

    private var isComposite: Bool { measured.components.count > 1 }

    private static func counts(_ measured: SLOReport.Measured, isComposite: Bool) -> [Fact] {
        var facts: [Fact] = []
        for component in measured.components {
            let name = isComposite ? "bad of \(component.name)" : "bad"
            facts.append(
                Fact(
                    name,
                    Cell("\(component.total) - \(component.good) good = \(component.bad)"),
                    remark: isComposite
                        ? "weight \(component.weight)"
                            + (component.target.map { ", target \($0): × budget / (1 - \($0))" }
                                ?? "")
                        : ""
                )
            )
        }
        if let judged = measured.judged {
            facts += [
                Fact("slices judged", Cell("\(judged.judged), \(judged.empty) without events")),
                Fact("bad slices", Cell("\(judged.bad)")),
                Fact("bad shares", Cell(judged.badShares.decimal), remark: "added up"),
                Fact(
                    "error ratio",
                    Cell(
                        "\(judged.badShares.decimal) / \(judged.judged) = "
                            + decimal(measured.errorRatio)
                    )
                ),
            ]
        } else if isComposite {
            facts.append(
                Fact(
                    "error ratio",
                    Cell(decimal(measured.errorRatio)),
                    remark: "each component's bad / total to 18 decimals, times its weight, "
                        + "added up"
                )
            )
        } else if let events = measured.components.first {
            facts.append(
                Fact(
                    "error ratio",
                    Cell("\(events.bad) / \(events.total) = \(decimal(measured.errorRatio))")
                )
            )
        }
        facts.append(
            Fact("SLI", Cell("1 - \(decimal(measured.errorRatio)) = \(decimal(measured.sli))"))
        )
        return facts
    }

    // MARK: - Budget

    private var budgetSection: Section {
        let budget = objective.budget
        let counted = measured.slices - measured.excluded
        var facts = Self.spentShare(measured, isComposite: isComposite)
        facts += [
            Fact(
                "spent",
                Cell("spent share / \(budget.share) = \(Self.decimal(budget.spentRatio))"),
                remark: "of the budget"
            ),
            Fact(
                "left",
                Cell(
                    "1 - \(Self.decimal(budget.spentRatio)) = "
                        + Self.decimal(budget.remainingRatio)
                )
            ),
        ]
        if let allowed = budget.allowed, let spent = budget.spent {
            let formula =
                measured.judged != nil
                ? "\(counted) × \(budget.share)"
                : "\(measured.components[0].total) × \(counted) / \(measured.observed) × "
                    + budget.share
            facts += [
                Fact(
                    "allowed",
                    Cell("\(formula) = \(allowed.decimal) \(measured.unit)"),
                    remark: budget.isEstimated ? "at the traffic observed" : ""
                ),
                Fact(
                    "left",
                    Cell(
                        "\(allowed.decimal) - \(spent.decimal) = "
                            + "\(Self.decimal(budget.remaining)) \(measured.unit)"
                    )
                ),
            ]
        }
        facts += [
            Fact(
                "in time",
                Cell(
                    "\(counted) × \(Self.width(of: measured)) × \(budget.share) = "
                        + "\(budget.allowedMinutes.decimal) min"
                ),
                remark: "spent \(Self.decimal(budget.spentMinutes)), left "
                    + Self.decimal(budget.remainingMinutes)
            ),
            Fact("overspent", Cell(comparison(">", "1", of: measured.spentShare))),
        ]
        return Section(title: "Error budget", blocks: [.facts(facts)])
    }

    /// The bad share of a window, what was not observed counting as nothing.
    private static func spentShare(
        _ measured: SLOReport.Measured,
        isComposite: Bool
    ) -> [Fact] {
        let counted = measured.slices - measured.excluded
        let formula: String
        if let judged = measured.judged {
            formula = "\(judged.badShares.decimal) / \(counted) slices"
        } else if isComposite {
            formula = "each component's bad × observed / (total × \(counted)), weighted"
        } else {
            let events = measured.components[0]
            formula = "\(events.bad) × \(measured.observed) / (\(events.total) × \(counted))"
        }
        return [Fact("spent share", Cell("\(formula) = \(decimal(measured.spentShare))"))]
    }

    /// `n × 10^k > f × b × d`, the products that decide, written out.
    private func comparison(
        _ symbol: String,
        _ factor: String,
        of figure: SLOReport.Figure?
    ) -> String {
        guard let ratio = figure?.ratio, let factor = ExactDecimal(factor),
            let budget = ExactDecimal(objective.budget.share)
        else { return "not decided, for nothing was counted" }
        let scale = Int128(Int64.powerOfTen(factor.scale))
            .multipliedReportingOverflow(by: Int128(Int64.powerOfTen(budget.scale)))
        let threshold = Int128(factor.digits) * Int128(budget.digits)
        let left = ratio.numerator.multipliedReportingOverflow(by: scale.partialValue)
        let right = threshold.multipliedReportingOverflow(by: ratio.denominator)
        let comparison =
            ThresholdComparison.allCases.first { $0.symbol == symbol } ?? .greaterThan
        let holds = ratio.compares(comparison, to: factor, of: budget)
        let fraction = "\(ratio.numerator)/\(ratio.denominator) \(symbol) \(factor) × \(budget)"
        guard !left.overflow, !right.overflow else {
            return "\(fraction): \(holds ? "yes" : "no"), in 256 bits"
        }
        return "\(fraction): \(left.partialValue) \(symbol) \(right.partialValue): "
            + (holds ? "yes" : "no")
    }

    // MARK: - Burn rates

    private var burnSections: [Section] {
        let sections = objective.burnRates.map { rate in
            let value = Self.decimal(rate.value)
            var facts = [
                Fact("window", Cell("\(rate.measured.start) to \(rate.measured.end)"))
            ]
            facts += Self.slices(of: rate.measured)
            facts += Self.counts(rate.measured, isComposite: isComposite).filter {
                $0.name != "SLI"
            }
            facts += Self.spentShare(rate.measured, isComposite: isComposite)
            facts.append(
                Fact("burn rate", Cell("spent share / \(objective.budget.share) = \(value)"))
            )
            return Section(title: "Burn rate over \(rate.window)", blocks: [.facts(facts)])
        }
        guard !objective.rules.isEmpty else { return sections }
        let rules = objective.rules.flatMap { rule in
            [rule.longWindow, rule.shortWindow].compactMap { $0 }.map { window -> Fact in
                let share = objective.burnRates.first { $0.window == window }?.measured.spentShare
                return Fact(
                    rule.alert,
                    Cell("\(window): \(comparison(rule.comparison, rule.factor, of: share))"),
                    remark: rule.isFiring ? "firing" : ""
                )
            }
        }
        return sections + [Section(title: "Alerts", blocks: [.facts(rules)])]
    }

    private var projection: Section {
        let left = Self.decimal(objective.budget.remainingRatio)
        let rate = objective.burnRates.first { $0.window == objective.projectionWindow }?.value
        return Section(
            title: "Projection",
            blocks: [
                .facts([
                    Fact(
                        "formula",
                        Cell(
                            "\(left) × \(Int64(objective.window.seconds)) s / "
                                + "\(Self.decimal(rate)) after \(report.asOf)"
                        ),
                        remark: "left × period / burn rate over \(objective.projectionWindow)"
                    ),
                    Fact(
                        "exhausted",
                        Cell(objective.projectedExhaustion ?? "not within the period")
                    ),
                ])
            ]
        )
    }
}
