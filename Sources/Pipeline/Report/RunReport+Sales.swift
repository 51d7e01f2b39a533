package import Reports

extension RunReport {
    private static let shownMonths = 24
    private static let shownProducts = 10

    /// What the shop sold, or nothing where the pipeline has no warehouse.
    var salesSections: [Section] {
        guard let warehouse else { return [] }
        let totals = warehouse.totals
        var blocks: [ReportDocument.Block] = [
            .note(Cell("all that the warehouse holds, of earlier runs too")),
            .facts(RunReport.facts(of: warehouse)),
        ]
        if !totals.events.isEmpty {
            let events = Table(
                "Events by name",
                [.text("event"), .number("count")],
                of: RunReport.byCount(totals.events)
            ) {
                [Cell($0.name), .count($0.count)]
            }
            blocks.append(.table(events))
        }
        if !warehouse.months.isEmpty {
            blocks.append(.table(RunReport.monthTable(warehouse.months)))
        }
        // A product that was only viewed has not been sold.
        let sold = warehouse.topProducts.filter { $0.units > 0 }
        if !sold.isEmpty {
            let products = Table(
                "Top products",
                [.text("product"), .number("orders"), .number("units"), .number("revenue")],
                of: sold,
                limit: RunReport.shownProducts
            ) {
                [
                    Cell($0.product), .count($0.orders), .count($0.units),
                    Cell(ReportNumbers.money($0.revenue, $0.currency)),
                ]
            }
            blocks.append(.table(products))
        }
        return [Section(title: "Sales", blocks: blocks)]
    }

    private static func facts(of warehouse: Warehouse) -> [Fact] {
        let totals = warehouse.totals
        var facts = [
            Fact("orders", .count(totals.orders)),
            Fact("units", .count(totals.units)),
            Fact("revenue", revenue(totals.sales)),
            Fact("refunds", refunds(totals.sales)),
            Fact("average order value", averages(totals.sales)),
            Fact(
                "conversion",
                conversion(totals, otherwise: noData),
                remark: "sessions that bought, of those that viewed a product"
            ),
            Fact("shoppers", distinct(totals.shoppers, otherwise: noData)),
            Fact("sessions", distinct(totals.sessions, otherwise: noData)),
        ]
        if let repeated = warehouse.repeatedOrders, repeated > 0 {
            facts.append(
                Fact(
                    "repeated orders kept",
                    .count(repeated, ifAny: .warning),
                    remark: "purchases of an order that was counted under another id"
                )
            )
        }
        if let conflicts = warehouse.conflicts, conflicts > 0 {
            facts.append(
                Fact(
                    "conflicts kept",
                    .count(conflicts, ifAny: .warning),
                    remark: "events whose id was counted with another content"
                )
            )
        }
        if warehouse.lateEvents > 0 {
            facts.append(Fact("late events kept", .count(warehouse.lateEvents, ifAny: .warning)))
        }
        if warehouse.deadLetters > 0 {
            facts.append(Fact("dead letters kept", .count(warehouse.deadLetters, ifAny: .warning)))
        }
        return facts
    }

    private static func monthTable(_ months: [Window]) -> Table {
        let head: [Column] = [
            .text("month"), .number("orders"), .number("units"), .number("revenue"),
            .number("refunds"), .number("average order"), .number("shoppers"),
        ]
        return Table("Months", head, of: months, limit: shownMonths) { month in
            [
                Cell(month.label), .count(month.orders), .count(month.units),
                revenue(month.sales, otherwise: .absent),
                refunds(month.sales, otherwise: .absent),
                averages(month.sales, otherwise: .absent),
                distinct(month.shoppers, otherwise: .absent),
            ]
        }
    }

    // MARK: - Cells

    static var noData: Cell { Cell("no data", .absent) }

    static func revenue(_ sales: [Sales], otherwise: Cell = noData) -> Cell {
        joined(sales.map { ReportNumbers.money($0.revenue, $0.currency) }, otherwise)
    }

    static func refunds(_ sales: [Sales], otherwise: Cell = noData) -> Cell {
        joined(sales.map { ReportNumbers.money($0.refunded, $0.currency) }, otherwise)
    }

    static func averages(_ sales: [Sales], otherwise: Cell = noData) -> Cell {
        let texts = sales.compactMap { sale in
            sale.averageOrderValue.map { ReportNumbers.money($0, sale.currency) }
        }
        return joined(texts, otherwise)
    }

    private static func joined(_ texts: [String], _ otherwise: Cell) -> Cell {
        texts.isEmpty ? otherwise : Cell(texts.joined(separator: ", "))
    }

    /// A conversion, with ≈ before an estimate.
    static func conversion(_ totals: Totals, otherwise: Cell) -> Cell {
        guard let share = totals.conversion else { return otherwise }
        let mark = totals.conversionExact == false ? "≈ " : ""
        return Cell(mark + ReportNumbers.percent(share))
    }

    /// A distinct count, with ≈ before an estimate.
    static func distinct(_ distinct: Distinct?, otherwise: Cell) -> Cell {
        guard let distinct else { return otherwise }
        return Cell((distinct.exact ? "" : "≈ ") + ReportNumbers.count(distinct.count))
    }

    /// The run over time: rate, backlog, and the latency of each stage.
    package var plots: [Plot] {
        let marks = (deployments ?? []).map {
            Plot.Mark(time: $0.seconds, label: "deployed \($0.version)")
        }
        return ([ratePlot, backlogPlot] + latencyPlots).map { plot in
            var plot = plot
            plot.marks = marks
            return plot
        }
    }

    private var timeAxis: PlotAxis {
        PlotAxis.time(end: samples.map(\.seconds).filter(\.isFinite).max() ?? durationSeconds)
    }

    /// Averages over a slice belong to its middle.
    private var middles: [Double] {
        var previous = 0.0
        return samples.map { sample in
            defer { previous = sample.seconds }
            return (previous + sample.seconds) / 2
        }
    }

    private func values(
        ofStage name: String,
        _ value: (StageSample) -> Double?
    ) -> [Double?] {
        samples.map { sample in
            sample.stages.first { $0.name == name }.flatMap(value)
        }
    }

    private var ratePlot: Plot {
        var series = [
            Plot.Series(
                name: "published",
                ink: .ground,
                values: samples.map(\.publishedRate),
                format: ReportNumbers.rate
            )
        ]
        series += stages.enumerated().map { index, stage in
            Plot.Series(
                name: "\(stage.name) acknowledged",
                ink: .member(index),
                values: values(ofStage: stage.name) { $0.rate },
                format: ReportNumbers.rate
            )
        }
        return Plot(
            title: "Rate",
            caption: "events per second",
            series: series,
            times: middles,
            horizontal: timeAxis,
            vertical: .quantity(highest: RunReport.highest(series), unit: "/s", whole: false)
        )
    }

    private var backlogPlot: Plot {
        let known = subscriptions.map(\.name)
        let others = Set(samples.flatMap(\.backlog.keys)).subtracting(known).sorted()
        let series = (known + others).enumerated().map { index, name in
            Plot.Series(
                name: name,
                ink: .member(index),
                values: samples.map { $0.backlog[name].map(Double.init) }
            ) {
                ReportNumbers.count(Int64(exactly: $0.rounded()) ?? .max)
            }
        }
        return Plot(
            title: "Backlog",
            caption: "unsettled messages by subscription",
            series: series,
            times: samples.map(\.seconds),
            horizontal: timeAxis,
            vertical: .quantity(highest: RunReport.highest(series), unit: "", whole: true)
        )
    }

    /// One plot a stage, all on the same scale so that stages compare at a glance.
    private var latencyPlots: [Plot] {
        let names = Set(stages.map(\.name))
        let all = samples.flatMap(\.stages).filter { names.contains($0.name) }
            .flatMap { [$0.p50Ms, $0.p99Ms, $0.maxMs].compactMap(\.self) }
        let axis = PlotAxis.latency(milliseconds: all)
        let degrees: [(String, (StageSample) -> Double?)] = [
            ("p50", { $0.p50Ms }), ("p99", { $0.p99Ms }), ("max", { $0.maxMs }),
        ]
        return stages.map { stage in
            Plot(
                title: "Latency of \(stage.name)",
                caption: "from \(input.latencyFrom) to acknowledgement, logarithmic",
                series: degrees.enumerated().map { index, degree in
                    Plot.Series(
                        name: degree.0,
                        ink: .degree(index),
                        values: values(ofStage: stage.name, degree.1)
                    ) {
                        ReportNumbers.latency(milliseconds: $0)
                    }
                },
                times: middles,
                horizontal: timeAxis,
                vertical: axis
            )
        }
    }

    private static func highest(_ series: [Plot.Series]) -> Double {
        series.flatMap(\.values).compactMap(\.self).max() ?? 0
    }
}
