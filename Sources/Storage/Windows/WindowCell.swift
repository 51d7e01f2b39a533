package import Commerce
package import Timekeeping

/// What is counted in one window for one category: sums only, so that cells add up.
package struct WindowCell: Sendable {
    /// Events by name, in the order of ``EventName/allCases``.
    package var events: InlineArray<9, Int64> = InlineArray(repeating: 0)
    /// Purchases that are further parts of an order, and none of their own.
    package var orderParts: Int64 = 0
    /// Pieces bought.
    package var units: Int64 = 0
    /// Value of purchases in minor units.
    package var revenue: Int64 = 0
    /// Value of refunds in minor units, positive.
    package var refunded: Int64 = 0

    /// An empty cell.
    @inlinable
    package init() {}

    /// How many events of `name` were counted.
    package subscript(name: EventName) -> Int64 {
        events[Int(name.rawValue)]
    }

    /// All events.
    package var total: Int64 {
        var sum: Int64 = 0
        for index in events.indices {
            sum += events[index]
        }
        return sum
    }

    /// Orders: a purchase is one, unless it is a further part of another.
    package var orders: Int64 { self[.purchase] - orderParts }

    /// Adds what `other` counted.
    @inlinable
    package static func += (left: inout WindowCell, right: WindowCell) {
        for index in left.events.indices {
            left.events[index] += right.events[index]
        }
        left.orderParts += right.orderParts
        left.units = left.units.addingSaturated(right.units)
        left.revenue = left.revenue.addingSaturated(right.revenue)
        left.refunded = left.refunded.addingSaturated(right.refunded)
    }
}

/// Which window, category and currency a cell is of.
package struct WindowKey: Hashable, Sendable {
    package var grain: Grain
    package var start: Timestamp
    /// ``Symbol/none`` for the total over all categories, in which each event counts once.
    package var category: Symbol
    package var currency: Currency

    package init(grain: Grain, start: Timestamp, category: Symbol, currency: Currency) {
        self.grain = grain
        self.start = start
        self.category = category
        self.currency = currency
    }
}

/// Which window and custom event a count is of.
package struct CustomEventKey: Hashable, Sendable {
    package var grain: Grain
    package var start: Timestamp
    package var name: CustomName

    package init(grain: Grain, start: Timestamp, name: CustomName) {
        self.grain = grain
        self.start = start
        self.name = name
    }
}

/// What is counted of one product in one window.
package struct ProductCell: Hashable, Sendable {
    package var views: Int64 = 0
    /// Orders that hold the product.
    package var orders: Int64 = 0
    package var units: Int64 = 0
    /// In minor units.
    package var revenue: Int64 = 0

    /// An empty cell.
    @inlinable
    package init() {}
}

/// Which window, product and currency a product's cell is of.
package struct ProductKey: Hashable, Sendable {
    package var grain: Grain
    package var start: Timestamp
    package var product: Symbol
    package var currency: Currency

    package init(grain: Grain, start: Timestamp, product: Symbol, currency: Currency) {
        self.grain = grain
        self.start = start
        self.product = product
        self.currency = currency
    }
}

/// What is counted distinctly in a window.
package enum Measure: String, Hashable, Sendable, CaseIterable {
    /// Users with any event.
    case shoppers
    /// Sessions with any event.
    case sessions
    /// Sessions in which a product was viewed.
    case viewingSessions = "viewing_sessions"
    /// Sessions in which something was bought.
    case buyingSessions = "buying_sessions"

    /// Its place in ``allCases``.
    @inlinable
    package var place: Int {
        switch self {
        case .shoppers: 0
        case .sessions: 1
        case .viewingSessions: 2
        case .buyingSessions: 3
        }
    }

    // What raw values bring along compares and hashes their texts.

    @inlinable
    package static func == (left: Measure, right: Measure) -> Bool {
        left.place == right.place
    }

    @inlinable
    package func hash(into hasher: inout Hasher) {
        hasher.combine(place)
    }
}

/// Which distinct count a sketch is of.
package struct SketchKey: Hashable, Sendable {
    package var grain: Grain
    package var start: Timestamp
    package var measure: Measure
    /// ``Symbol/none`` for all categories.
    package var category: Symbol

    package init(grain: Grain, start: Timestamp, measure: Measure, category: Symbol) {
        self.grain = grain
        self.start = start
        self.measure = measure
        self.category = category
    }

    /// How many values the sketch counts exactly.
    package var capacity: Int {
        SketchKey.capacity(grain, ofOneCategory: category.isPresent)
    }

    /// How many values a sketch counts exactly: fewer for a single category, of which there are
    /// many.
    package static func capacity(_ grain: Grain, ofOneCategory: Bool) -> Int {
        ofOneCategory ? min(grain.sketchCapacity / 4, 1 << 11) : grain.sketchCapacity
    }
}
