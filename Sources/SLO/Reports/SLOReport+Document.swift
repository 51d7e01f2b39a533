package import Reports
internal import Timekeeping

extension SLOReport {
    typealias Cell = ReportDocument.Cell
    typealias Fact = ReportDocument.Fact
    typealias Table = ReportDocument.Table
    typealias Section = ReportDocument.Section

    /// The report, for any format.
    package var document: ReportDocument {
        ReportDocument(
            kind: "SLO report",
            title: objectives.count == 1 ? objectives[0].title : "Objectives",
            subject: "report",
            verdict: verdict,
            facts: [
                Fact("as of", Cell(asOf)),
                Fact("history", Cell(source)),
                Fact("objectives", .count(Int64(objectives.count))),
            ],
            sections: [overview] + objectives.map(\.section),
            cards: objectives.prefix(6).map(\.card),
            plots: objectives.compactMap { $0.plot(marking: deployments ?? []) },
            footer: "Schema version \(schemaVersion) · as of \(asOf)"
        )
    }

    private var verdict: Cell {
        guard !objectives.isEmpty else { return Cell("no objectives", .absent) }
        let counts = ObjectiveState.allCases.map { state in
            (state, objectives.count { $0.state == state.rawValue })
        }
        let text = counts.filter { $0.1 > 0 }.map { "\($0.1) \($0.0.rawValue)" }
            .joined(separator: ", ")
        let worst = counts.filter { $0.1 > 0 }.map { $0.0.mark }
        if worst.contains(.bad) { return Cell(text, .bad) }
        if worst.contains(.absent) { return Cell(text, .absent) }
        return Cell(text, worst.contains(.warning) ? .warning : .good)
    }

    private var overview: Section {
        let table = Table(
            "objectives",
            [
                .text("objective"), .text("state"), .number("SLI"), .number("target"),
                .number("budget left"), .number("minutes left"), .number("covered"), .text("why"),
            ],
            of: objectives
        ) { objective in
            [
                Cell(objective.name), Cell(objective.state, objective.mark),
                Cell(FigureText.percent(objective.measured.sli)),
                Cell(FigureText.percent(target: objective.target)),
                Cell(FigureText.percent(objective.budget.remainingRatio, digits: 2)),
                Cell(FigureText.number(objective.budget.remainingMinutes)),
                Cell(FigureText.percent(objective.measured.coverage)),
                Cell(objective.reason),
            ]
        }
        return Section(title: "Overview", blocks: [.table(table)])
    }
}

extension ObjectiveState {
    /// Whether it is good or bad news.
    package var mark: ReportDocument.Mark {
        switch self {
        case .ok: .good
        case .atRisk, .partial: .warning
        case .breached: .bad
        case .noData: .absent
        }
    }
}

extension SLOReport.Objective {
    var mark: ReportDocument.Mark { ObjectiveState(rawValue: state)?.mark ?? .absent }
    var title: String { displayName ?? name }

    var line: String {
        "\(name): \(state), SLI \(FigureText.percent(measured.sli)) of "
            + "\(FigureText.percent(target: target)), budget left "
            + "\(FigureText.percent(budget.remainingRatio, digits: 2)), "
            + "covered \(FigureText.percent(measured.coverage)); \(reason)"
    }

    var card: ReportDocument.Fact {
        ReportDocument.Fact(
            title,
            .init(FigureText.percent(budget.remainingRatio, digits: 2), mark),
            remark: "of the budget left, \(state)"
        )
    }

    /// What is left of the budget over the period.
    var plot: Plot? { plot(marking: []) }

    /// What is left of the budget over the period, with a line at each of `deployments`.
    func plot(marking deployments: [SLOReport.Deployment]) -> Plot? {
        let instants = burnDown.compactMap { Timestamp(rfc3339: $0.at) }
        guard let start = Timestamp(rfc3339: window.start), instants.count == burnDown.count,
            instants.count > 1
        else { return nil }
        let series = Plot.Series(
            name: "budget left",
            ink: .member(0),
            values: burnDown.map { $0.remainingRatio.map { $0 * 100 } }
        ) {
            ReportNumbers.fixed($0, 1) + "%"
        }
        // One point draws no line.
        guard series.values.count(where: { $0 != nil }) > 1 else { return nil }
        let times = instants.map { ($0 - start).inSeconds }
        var plot = Plot(
            title: "Error budget of \(title)",
            caption: "per cent of the budget that is left; overspent is drawn as none",
            series: [series],
            times: times,
            horizontal: .time(end: times.last ?? 1),
            vertical: .quantity(highest: 100, unit: "%", whole: false)
        )
        plot.marks = deployments.compactMap { deployment in
            Timestamp(rfc3339: deployment.marked).map { marked in
                Plot.Mark(
                    time: (marked - start).inSeconds,
                    label: "deployed \(deployment.version)"
                )
            }
        }
        return plot
    }

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

    /// When the budget is spent, if it goes on as lately.
    var exhaustion: Cell {
        if budget.isExhausted { return Cell("already", .bad) }
        return projectedExhaustion.map { Cell($0, .warning) } ?? Cell("not within the period")
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
            facts.append(Fact("exhausted", exhaustion, remark: "nothing is left"))
        } else if measured.sli != nil {
            let remark = "if it goes on as over the last \(projectionWindow)"
            facts.append(Fact("exhausted", exhaustion, remark: remark))
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

extension ReportDocument.Fact {
    /// The fact with its remark in its value, since Markdown shows no remarks.
    var whole: ReportDocument.Fact {
        guard !remark.isEmpty else { return self }
        return ReportDocument.Fact(name, .init("\(value.text) (\(remark))", value.mark))
    }
}

extension ReportDocument.Section {
    /// The section with every remark in its value.
    var whole: ReportDocument.Section {
        let blocks = blocks.map { block -> ReportDocument.Block in
            if case .facts(let facts) = block { .facts(facts.map(\.whole)) } else { block }
        }
        return ReportDocument.Section(title: title, blocks: blocks)
    }
}

/// Exact figures as people read them: cut off and never rounded up, so that 99.999% is not 100%.
package enum FigureText {
    /// A ratio in per cent, to `digits` decimals.
    package static func percent(_ figure: SLOReport.Figure?, digits: Int = 4) -> String {
        guard let ratio = figure?.ratio else { return "–" }
        return number(ratio.multiplied(by: ExactRatio(100, 1)), digits: digits) + "%"
    }

    /// A number, to `digits` decimals at most.
    package static func number(_ figure: SLOReport.Figure?, digits: Int = 2) -> String {
        guard let ratio = figure?.ratio else { return "–" }
        return number(ratio, digits: digits)
    }

    static func number(_ ratio: ExactRatio, digits: Int) -> String {
        var text = ratio.decimal(digits)
        while text.contains("."), text.hasSuffix("0") || text.hasSuffix(".") {
            text.removeLast()
        }
        if text == "-0" { return "0" }
        let sign = text.hasPrefix("-") ? "-" : ""
        let parts = text.drop { $0 == "-" }.split(separator: ".")
        let whole = parts.first.map { ReportNumbers.grouped($0) } ?? "0"
        return sign + whole + (parts.count > 1 ? ".\(parts[1])" : "")
    }

    /// A difference of ratios in percentage points, with its sign.
    static func points(_ figure: SLOReport.Figure?) -> String {
        guard let ratio = figure?.ratio else { return "–" }
        let text = number(ratio.multiplied(by: ExactRatio(100, 1)), digits: 4)
        return (text.hasPrefix("-") || text == "0" ? "" : "+") + text + " points"
    }

    /// The target, a decimal text, in per cent with all its digits.
    package static func percent(target: String) -> String {
        guard let decimal = ExactDecimal(target) else { return target }
        let ratio = ExactRatio(decimal).multiplied(by: ExactRatio(100, 1))
        return number(ratio, digits: 16) + "%"
    }
}
