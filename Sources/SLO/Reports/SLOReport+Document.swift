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
                Fact("as of", Cell.instant(asOf)),
                Fact("history", Cell(source)),
                Fact("objectives", .count(Int64(objectives.count))),
            ],
            sections: [overview] + objectives.map { $0.section(marking: deployments ?? []) },
            cards: objectives.prefix(12).map(\.card),
            footer: "Schema version \(schemaVersion) · as of \(ReportNumbers.instant(asOf))"
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
                .number("budget left"), .number("minutes left"), .number("covered"),
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
            ]
        }
        let why = objectives.map { "\($0.name): \($0.reason)" }
        return Section(
            title: "Overview",
            blocks: [.table(table), .list(title: "why", items: why, more: 0)]
        )
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

    /// SLI against target, what is left, how fast it goes, and when nothing will be left.
    var card: ReportDocument.Fact {
        let sli = FigureText.percent(measured.sli)
        let left = FigureText.percent(budget.remainingRatio, digits: 2)
        let fast = burnRates.first { $0.value != nil }
        let burn = fast.map {
            "; burning \(FigureText.number($0.value, digits: 1)) × over \($0.window)"
        }
        let end =
            budget.isExhausted
            ? "; nothing left"
            : projectedExhaustion.map { "; lasts to \(ReportNumbers.instant($0))" }
        return ReportDocument.Fact(
            title,
            .init("\(sli) of \(FigureText.percent(target: target))", mark),
            remark: measured.sli == nil
                ? state : "\(left) of the budget left\(burn ?? "")\(end ?? "")"
        )
    }

    typealias Cell = ReportDocument.Cell
    typealias Fact = ReportDocument.Fact
    typealias Table = ReportDocument.Table

    /// The objective's part of the report, with a line at each of `deployments`.
    func section(marking deployments: [SLOReport.Deployment]) -> ReportDocument.Section {
        var blocks: [ReportDocument.Block] = []
        if !overrides.isEmpty {
            let text =
                "reckoned with \(overrides.joined(separator: ", ")) in place of what the "
                + "documents say"
            blocks.append(.note(Cell(text, .warning)))
        }
        if let timeline = timeline(marking: deployments) { blocks.append(.timeline(timeline)) }
        blocks.append(.facts(facts.map(\.whole)))
        blocks.append(.table(burnTable))
        if !worstDays.isEmpty { blocks.append(.table(dayTable)) }
        if !alerts.isEmpty {
            let reasons = alerts.prefix(10).map {
                "\(ReportNumbers.instant($0.start)) \($0.alert): \($0.because)"
            }
            let more = Int64(alerts.count - reasons.count)
            blocks.append(.table(episodeTable))
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
        return projectedExhaustion.map { Cell(ReportNumbers.instant($0), .warning) }
            ?? Cell("not within the period")
    }

    private var facts: [Fact] {
        var facts = [
            Fact("state", Cell(state, mark), remark: reason),
            Fact("SLI", Cell(FigureText.percent(measured.sli, digits: 6)), remark: sliRemark),
            Fact("target", Cell(FigureText.percent(target: target)), remark: budgetingMethod),
            Fact(
                "period",
                Cell(
                    "\(ReportNumbers.instant(window.start)) to "
                        + ReportNumbers.instant(window.end)
                ),
                remark: windowRemark
            ),
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
        for notice in notices ?? [] {
            let whom = notice.targets.map { "\($0.name) (\($0.target))" }
            facts.append(
                Fact(
                    "\(notice.policy) notifies",
                    Cell(whom.isEmpty ? "nobody" : whom.joined(separator: ", "))
                )
            )
        }
        return facts
    }

    private var budgetFacts: [Fact] {
        let whole = Fact(
            "budget",
            Cell("\(FigureText.number(budget.allowedMinutes)) min"),
            remark: "\(FigureText.amount(budget.allowed)) \(measured.unit)"
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
                remark: "\(FigureText.amount(budget.spent)) \(unit), "
                    + FigureText.percent(budget.spentRatio)
            ),
            Fact(
                "left",
                Cell("\(FigureText.number(budget.remainingMinutes)) min", mark),
                remark: "\(FigureText.amount(budget.remaining)) \(unit), "
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
                .text("window"), .number("burn rate"), .number("an alert above"),
                .number("bad"), .number("total"), .number("covered"),
            ],
            of: burnRates
        ) { rate in
            let (bad, total) = rate.measured.badCells
            return [
                Cell(rate.window), Cell(FigureText.number(rate.value, digits: 4)),
                Cell(rules.first { $0.longWindow == rate.window }?.factor),
                Cell(bad), Cell(total), Cell(FigureText.percent(rate.measured.coverage)),
            ]
        }
    }

    private var dayTable: Table {
        Table(
            "worst days",
            [.text("day"), .number("spent"), .number("of the budget"), .text("bad")],
            of: worstDays
        ) { day in
            // In the time of the budget, which is one unit for every objective.
            let minutes = day.spentRatio.ratio.flatMap { spent in
                budget.allowedMinutes.ratio.map { $0.multiplied(by: spent) }
            }
            return [
                Cell(day.date), Cell(minutes.map { FigureText.number($0, digits: 2) + " min" }),
                Cell(FigureText.percent(day.spentRatio)), Cell(day.measured.badText),
            ]
        }
    }

    private var episodeTable: Table {
        Table(
            "alerts, those that fired together as one",
            [
                .text("fired"), .number("for"), .text("worst"), .number("spent"),
                .number("alerts"), .text("the first of them"),
            ],
            of: episodes,
            limit: 50
        ) { episode in
            [
                Cell.instant(episode.start),
                episode.seconds.map { Cell(ReportNumbers.duration(seconds: $0)) }
                    ?? Cell("still firing", .bad),
                Cell(episode.severity, episode.severity == "page" ? .bad : .warning),
                Cell(episode.spent.map { "about \(ReportNumbers.percent($0))" }),
                .count(Int64(episode.alerts.count)), Cell(episode.alerts.first),
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
                Cell.instant(seen.start), Cell.instant(seen.end),
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

    /// A ratio in per cent, as short as it may be: never rounded to all or nothing, and never to
    /// the other side of `target`, a decimal text.
    package static func share(_ figure: SLOReport.Figure?, target: String) -> String {
        guard let ratio = figure?.ratio else { return "–" }
        let marks = [ExactRatio.zero, .one] + (ExactDecimal(target).map { [ExactRatio($0)] } ?? [])
        for digits in 1...8 {
            let text = percent(figure, digits: digits)
            guard let shown = ExactDecimal(text.dropLast().replacing(",", with: "")) else { break }
            let rounded = ExactRatio(shown).multiplied(by: ExactRatio(1, 100))
            let isTrue = marks.allSatisfy { mark in
                (rounded < mark) == (ratio < mark) && (mark < rounded) == (mark < ratio)
            }
            if isTrue { return text }
        }
        return percent(figure, digits: 12)
    }

    /// A number, to `digits` decimals at most.
    package static func number(_ figure: SLOReport.Figure?, digits: Int = 2) -> String {
        guard let ratio = figure?.ratio else { return "–" }
        return number(ratio, digits: digits)
    }

    /// How many there are or may be: from a thousand on, a part of one says nothing.
    static func amount(_ figure: SLOReport.Figure?) -> String {
        number(figure, digits: abs(figure?.value ?? 0) < 1000 ? 2 : 0)
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
