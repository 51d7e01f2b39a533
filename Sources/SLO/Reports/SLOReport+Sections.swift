internal import Reports
internal import Timekeeping

extension SLOReport.Objective {
    typealias Cell = ReportDocument.Cell
    typealias Fact = ReportDocument.Fact
    typealias Table = ReportDocument.Table

    /// The objective's part of the report.
    var section: ReportDocument.Section {
        var blocks: [ReportDocument.Block] = []
        if !overrides.isEmpty {
            let text =
                "reckoned with \(overrides.joined(separator: ", ")) in place of what the "
                + "documents say"
            blocks.append(.note(Cell(text, .warning)))
        }
        blocks.append(.facts(facts.map(\.whole)))
        blocks.append(.table(burnTable))
        if !worstDays.isEmpty { blocks.append(.table(dayTable)) }
        if !alerts.isEmpty {
            let reasons = alerts.prefix(20).map { "\($0.start) \($0.alert): \($0.because)" }
            let more = Int64(alerts.count - reasons.count)
            blocks.append(.table(alertTable))
            blocks.append(.list(title: "why they fired", items: Array(reasons), more: more))
        }
        if revisions.contains(where: { !$0.isCurrent }) {
            blocks.append(.table(revisionTable))
        }
        if let assumptions {
            blocks.append(.list(title: "how its queries are read", items: assumptions, more: 0))
        }
        if !faults.isEmpty {
            let items = faults.map { "\($0.fault): \(ReportNumbers.count($0.count))" }
            blocks.append(.list(title: "what the source got wrong", items: items, more: 0))
        }
        return ReportDocument.Section(title: title, blocks: blocks)
    }

    private var facts: [Fact] {
        var facts = [
            Fact("state", Cell(state, mark), remark: reason),
            Fact("SLI", Cell(FigureText.percent(measured.sli, digits: 6)), remark: sliRemark),
            Fact("target", Cell(FigureText.percent(target: target)), remark: budgetingMethod),
            Fact("period", Cell("\(window.start) to \(window.end)"), remark: windowRemark),
            Fact(
                "covered",
                Cell(FigureText.percent(measured.coverage)),
                remark: "\(ReportNumbers.count(measured.observed)) of "
                    + "\(ReportNumbers.count(max(0, measured.elapsed - measured.excluded))) slices"
            ),
        ]
        facts += budgetFacts
        if budget.isExhausted {
            facts.append(Fact("exhausted", Cell("already", .bad), remark: "nothing is left"))
        } else if measured.sli != nil {
            facts.append(
                Fact(
                    "exhausted",
                    projectedExhaustion.map { Cell($0, .warning) }
                        ?? Cell("not within the period"),
                    remark: "if it goes on as over the last \(projectionWindow)"
                )
            )
        }
        if measured.excluded > 0 {
            facts.append(
                Fact("excluded", .count(measured.excluded), remark: "slices under maintenance")
            )
        }
        if let previous {
            facts.append(
                Fact(
                    "period before",
                    Cell("SLI \(FigureText.percent(previous.sli, digits: 6))"),
                    remark: "change \(FigureText.points(previous.sliChange)), budget left then "
                        + FigureText.percent(previous.remainingRatio, digits: 2)
                )
            )
        }
        if let owner { facts.append(Fact("owner", Cell(owner))) }
        return facts
    }

    private var budgetFacts: [Fact] {
        let whole = Fact(
            "budget",
            Cell("\(FigureText.number(budget.allowedMinutes)) min"),
            remark: "\(FigureText.number(budget.allowed)) \(measured.unit)"
                + (budget.isEstimated ? ", at the traffic observed" : "")
        )
        guard budget.spentRatio != nil else { return [whole] }
        let isOverspent = budget.remainingRatio?.ratio.map { $0 < .zero } ?? false
        let mark: ReportDocument.Mark = isOverspent ? .bad : .none
        let unit = measured.unit
        return [
            whole,
            Fact(
                "spent",
                Cell("\(FigureText.number(budget.spentMinutes)) min", mark),
                remark: "\(FigureText.number(budget.spent)) \(unit), "
                    + FigureText.percent(budget.spentRatio)
            ),
            Fact(
                "left",
                Cell("\(FigureText.number(budget.remainingMinutes)) min", mark),
                remark: "\(FigureText.number(budget.remaining)) \(unit), "
                    + FigureText.percent(budget.remainingRatio)
            ),
        ]
    }

    private var sliRemark: String { measured.badText }

    private var windowRemark: String {
        "\(window.kind) \(window.length)" + (window.timeZone.map { ", \($0)" } ?? "")
    }

    private var burnTable: Table {
        Table(
            "burn rates",
            [
                .text("window"), .number("burn rate"), .number("bad"), .number("total"),
                .number("covered"),
            ],
            of: burnRates
        ) { rate in
            let (bad, total) = rate.measured.badCells
            return [
                Cell(rate.window), Cell(FigureText.number(rate.value, digits: 4)),
                Cell(bad), Cell(total), Cell(FigureText.percent(rate.measured.coverage)),
            ]
        }
    }

    private var dayTable: Table {
        Table(
            "worst days",
            [.text("day"), .number("bad"), .number("total"), .number("of the budget")],
            of: worstDays
        ) { day in
            let (bad, total) = day.measured.badCells
            return [
                Cell(day.date), Cell(bad), Cell(total), Cell(FigureText.percent(day.spentRatio)),
            ]
        }
    }

    private var alertTable: Table {
        Table(
            "alerts",
            [
                .text("alert"), .text("severity"), .text("fired"), .text("resolved"),
            ],
            of: alerts,
            limit: 100
        ) {
            [
                Cell($0.alert), Cell($0.severity, .bad), Cell($0.start),
                $0.end.map { Cell($0) } ?? Cell("still firing", .bad),
            ]
        }
    }

    private var revisionTable: Table {
        Table(
            "versions in the history (the figures are reckoned under the current one, \(revision))",
            [
                .text("revision"), .text("indicator"), .text("from"), .text("to"),
                .text("is"),
            ],
            of: revisions
        ) { seen in
            [
                Cell(seen.revision), Cell("\(seen.component) \(seen.indicatorRevision)"),
                Cell(seen.start), Cell(seen.end),
                seen.isCurrent
                    ? Cell("current")
                    : seen.isCounted
                        ? Cell("earlier, counted", .warning)
                        : Cell("another indicator, not counted", .warning),
            ]
        }
    }
}
