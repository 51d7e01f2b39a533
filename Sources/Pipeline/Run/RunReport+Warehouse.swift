internal import Commerce
internal import Stages
internal import Timekeeping

extension RunReport.Warehouse {
    /// How many windows of a grain are listed; the totals are over all.
    private static let listedWindows = 1000

    /// What a warehouse holds: the totals from the window over all time, which lacks nothing,
    /// and the days and months as it keeps them, of which some lack what `terms` say.
    static func read(
        _ warehouse: RunStores.Named<any Warehouse>,
        terms: CountingTerms
    ) async throws -> Self {
        let store = warehouse.store
        let days = try await store.windows(.day, categories: .total)
        let months = try await store.windows(.month, categories: .total)
        let everything = try await store.windows(.all, categories: .total)
        let exceptions = try await store.exceptions()
        return RunReport.Warehouse(
            store: warehouse.label,
            totals: RunReport.Totals(everything, everything.first),
            months: windows(months) { date in
                "\(date.year)-\(date.month < 10 ? "0" : "")\(date.month)"
            },
            days: windows(days) { Timestamp(midnightOf: $0)?.description.prefix(10) ?? "" },
            topProducts: try await store.topProducts(atMost: 10).map { row in
                RunReport.Product(
                    product: row.product,
                    orders: row.cell.orders,
                    units: row.cell.units,
                    revenue: Money(minorUnits: row.cell.revenue, currency: row.currency).decimal,
                    currency: row.currency.code
                )
            },
            lateEvents: exceptions.late,
            deadLetters: exceptions.deadLetters,
            repeatedOrders: exceptions.repeatedOrders,
            conflicts: exceptions.conflicts,
            gaps: terms.gaps.isEmpty ? nil : terms.gaps.map(RunReport.Gap.init),
            dropped: terms.dropped.isEmpty ? nil : terms.dropped.map(\.part.text)
        )
    }

    /// One entry a window, with all its currencies.
    private static func windows(
        _ rows: [WindowRow],
        label: (CivilDate) -> some StringProtocol
    ) -> [RunReport.Window] {
        var windows: [RunReport.Window] = []
        var start = rows.startIndex
        while start < rows.endIndex {
            let end = rows[start...].firstIndex { $0.start != rows[start].start } ?? rows.endIndex
            let totals = RunReport.Totals(Array(rows[start..<end]), rows[start])
            windows.append(
                RunReport.Window(
                    label: String(label(rows[start].start.date)),
                    orders: totals.orders,
                    units: totals.units,
                    sales: totals.sales,
                    shoppers: totals.shoppers
                )
            )
            start = end
        }
        return windows.suffix(listedWindows)
    }
}

extension RunReport.Gap {
    fileprivate init(_ part: KeptPart) {
        self.init(
            part: part.part.text,
            missing: part.missing,
            lacksDistinct: part.lacksDistinct
        )
    }
}

extension RunReport.Totals {
    /// The sums of `rows`, which may be of several windows and currencies, with the distinct
    /// counts of `whole`.
    fileprivate init(_ rows: [WindowRow], _ whole: WindowRow?) {
        var events: [String: Int64] = [:]
        for name in EventName.allCases {
            events[name.ga4] = rows.reduce(0) { $0 + $1.cell[name] }
        }
        // order-free: sorted
        let sales = Dictionary(grouping: rows, by: \.currency)
            .sorted { $0.key.code < $1.key.code }
            .filter { $0.key != .none }
            .map { RunReport.Sales($0.key, $0.value) }
        let conversion = whole?.conversion
        self.init(
            events: events,
            orders: rows.reduce(0) { $0 + $1.cell.orders },
            units: rows.reduce(0) { $0 + $1.cell.units },
            sales: sales,
            shoppers: whole?.distinct[.shoppers].map(RunReport.Distinct.init),
            sessions: whole?.distinct[.sessions].map(RunReport.Distinct.init),
            conversion: conversion?.share,
            conversionExact: conversion?.isExact
        )
    }
}

extension RunReport.Sales {
    fileprivate init(_ currency: Currency, _ rows: [WindowRow]) {
        let revenue = rows.reduce(Int64(0)) { $0.addingSaturated($1.cell.revenue) }
        let refunded = rows.reduce(Int64(0)) { $0.addingSaturated($1.cell.refunded) }
        let orders = rows.reduce(0) { $0 + $1.cell.orders }
        self.init(
            currency: currency.code,
            revenue: Money(minorUnits: revenue, currency: currency).decimal,
            revenueMinor: revenue,
            refunded: Money(minorUnits: refunded, currency: currency).decimal,
            refundedMinor: refunded,
            averageOrderValue: orders > 0
                ? Money(
                    minorUnits: revenue.addingSaturated(orders / 2) / orders,
                    currency: currency
                ).decimal
                : nil
        )
    }
}

extension RunReport.Distinct {
    fileprivate init(_ count: DistinctCount) {
        self.init(count: count.count, exact: count.isExact)
    }
}
