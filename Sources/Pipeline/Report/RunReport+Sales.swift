internal import Commerce
internal import Documents
internal import Reports

extension RunReport {
    private static let shownMonths = 24
    private static let shownProducts = 10
    private static let shownEvents = 30

    /// What the shop sold, or nothing where the pipeline has no warehouse.
    var salesSections: [Section] {
        guard let warehouse else { return [] }
        let totals = warehouse.totals
        var blocks: [ReportDocument.Block] = [
            .note(Cell("all that the warehouse holds, of earlier runs too")),
            .facts(RunReport.facts(of: warehouse)),
        ]
        if !totals.events.isEmpty {
            let most = totals.events.values.max() ?? 0
            let events = Table(
                "Events by name",
                [.text("event"), .number("count")],
                of: RunReport.byCount(totals.events),
                limit: RunReport.shownEvents
            ) {
                [Cell($0.name), .count($0.count).bar(Double($0.count), of: Double(most))]
            }
            blocks.append(.table(events))
        }
        if !warehouse.months.isEmpty {
            blocks.append(.table(RunReport.monthTable(warehouse.months)))
        }
        // A product that was only viewed has not been sold.
        let sold = warehouse.topProducts.filter { $0.units > 0 }
        let most = sold.map { Double($0.revenue) ?? 0 }.max() ?? 0
        if !sold.isEmpty {
            let products = Table(
                "Top products",
                [.text("product"), .number("orders"), .number("units"), .number("revenue")],
                of: sold,
                limit: RunReport.shownProducts
            ) {
                [
                    Cell($0.product), .count($0.orders), .count($0.units),
                    Cell(ReportNumbers.money($0.revenue, $0.currency))
                        .bar(Double($0.revenue) ?? 0, of: most),
                ]
            }
            blocks.append(.table(products))
        }
        return [Section(title: "Sales", blocks: blocks)]
    }

    private static func facts(of warehouse: Warehouse) -> [Fact] {
        let totals = warehouse.totals
        // What was counted without its distinct counts has none because they are not kept.
        let lacking = totals.events.isEmpty ? noData : notKept
        var facts = [
            Fact("orders", .count(totals.orders)),
            Fact("units", .count(totals.units)),
            Fact("revenue", revenue(totals.sales)),
            Fact("refunds", refunds(totals.sales)),
            Fact("average order value", averages(totals.sales)),
            Fact(
                "conversion",
                conversion(totals, otherwise: totals.sessions == nil ? lacking : noData),
                remark: "sessions that bought, of those that viewed a product"
            ),
            Fact("shoppers", distinct(totals.shoppers, otherwise: lacking)),
            Fact("sessions", distinct(totals.sessions, otherwise: lacking)),
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
        if let undeclared = warehouse.undeclaredEvents {
            facts.append(
                Fact(
                    "events not declared",
                    // order-free: a sum
                    .count(undeclared.values.reduce(0, +), ifAny: .warning),
                    remark: names(ofUndeclared: undeclared)
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

    /// The names that are not declared, those that may be mistakes with what was meant.
    private static func names(ofUndeclared counts: [String: Int64]) -> String {
        let shown = 5
        let known = EventName.ga4Cases.map(\.ga4)
        var names = byCount(counts).prefix(shown).map { name, _ in
            nearestName(to: name, in: known).map { "\(name) (\($0)?)" } ?? name
        }
        if counts.count > shown { names.append("\(counts.count - shown) more") }
        return "kept and counted by name: " + names.joined(separator: ", ")
    }

    private static func monthTable(_ months: [Window]) -> Table {
        let head: [Column] = [
            .text("month"), .number("orders"), .number("units"), .number("revenue"),
            .number("refunds"), .number("average order"), .number("shoppers"),
        ]
        let most = highest(months.prefix(shownMonths))
        return Table("Months", head, of: months, limit: shownMonths) { month in
            [
                Cell(month.label), .count(month.orders), .count(month.units),
                revenue(month.sales, otherwise: .absent).bar(amount(month), of: most),
                refunds(month.sales, otherwise: .absent),
                averages(month.sales, otherwise: .absent),
                distinct(month.shoppers, otherwise: .absent),
            ]
        }
    }

    /// The revenue of a window in one currency; of several, the orders compare.
    private static func amount(_ window: Window) -> Double {
        guard window.sales.count == 1, let sales = window.sales.first else {
            return Double(window.orders)
        }
        return Double(sales.revenueMinor)
    }

    private static func highest(_ windows: some Collection<Window>) -> Double {
        windows.map(amount).max() ?? 0
    }

    // MARK: - Cells

    static var noData: Cell { Cell("no data", .absent) }
    /// The pipeline does not keep distinct counts.
    static var notKept: Cell { Cell("not kept", .absent) }

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
}
