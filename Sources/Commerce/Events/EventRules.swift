public import Timekeeping

/// Why an event that was read may not be stored or counted.
@usableFromInline package enum RuleViolation: UInt8, Sendable, CaseIterable {
    case transactionMissing
    case transactionEmpty
    case timeTooEarly
    case timeInFuture
    case valueNegative
    case valueTooLarge
    case currencyMissing
    case itemsMissing
    case quantityNotPositive

    /// Its class: constant, for reports and metric labels.
    package var label: String {
        switch self {
        case .transactionMissing: "transaction-id-missing"
        case .transactionEmpty: "transaction-id-empty"
        case .timeTooEarly: "time-too-early"
        case .timeInFuture: "time-in-future"
        case .valueNegative: "value-negative"
        case .valueTooLarge: "value-too-large"
        case .currencyMissing: "currency-missing"
        case .itemsMissing: "items-missing"
        case .quantityNotPositive: "quantity-not-positive"
        }
    }

    /// What is wrong and what was expected.
    package var explanation: String {
        switch self {
        case .transactionMissing: "a purchase or refund needs data.transaction_id"
        case .transactionEmpty:
            "data.transaction_id is empty, which would make all such orders one"
        case .timeTooEarly: "time lies before the earliest the pipeline accepts"
        case .timeInFuture: "time lies further ahead of the clock than the pipeline accepts"
        case .valueNegative: "data.value is negative; a refund carries the positive amount"
        case .valueTooLarge: "data.value, or its items together, are beyond 10^12 minor units"
        case .currencyMissing: "data.value needs data.currency"
        case .itemsMissing:
            "this event needs at least one item; only a refund of a whole order, with its "
                + "data.value, needs none"
        case .quantityNotPositive: "an item's quantity must be at least 1"
        }
    }
}

/// What an event must satisfy to be stored and counted; every subscriber applies the same rules,
/// so that what is stored and what is counted agree.
@usableFromInline package struct EventRules: Sendable {
    /// Events before this are attributed to a broken clock (an unset one says 1970).
    @usableFromInline package var earliest: Timestamp
    /// How far an event may lie ahead of the clock.
    @usableFromInline package var aheadLimit: Duration
    /// The events beside those of GA4's shop, by which what is read once more is judged.
    package var events = EventDeclarations()

    /// The most that an event, or all lines of one together, may be worth in minor units: sums over
    /// millions of such events still fit.
    @usableFromInline package static var largestValue: Int64 { 1_000_000_000_000 }

    /// Accepts what happened since 1980 and up to a day ahead of the clock.
    package static let standard = EventRules(
        earliest: Timestamp(seconds: 315_532_800),
        aheadLimit: .seconds(86_400)
    )

    package init(earliest: Timestamp, aheadLimit: Duration) {
        self.earliest = earliest
        self.aheadLimit = aheadLimit
    }

    /// Looks for a violation of `event`.
    ///
    /// - Parameters:
    ///   - event: An event of a batch.
    ///   - items: The items of that batch.
    ///   - symbols: What its symbols mean.
    ///   - latest: The latest time that is accepted: now plus ``aheadLimit``.
    /// - Returns: The first violation, or nil if the event is sound.
    @inlinable
    package func violation(
        of event: Event,
        _ items: UnsafeBufferPointer<Item>,
        _ symbols: SymbolTable,
        latest: Timestamp
    ) -> RuleViolation? {
        if event.time < earliest { return .timeTooEarly }
        if event.time > latest { return .timeInFuture }
        if event.value < 0 { return .valueNegative }
        if event.value > EventRules.largestValue { return .valueTooLarge }
        if event.value != 0 && event.currency == .none { return .currencyMissing }
        switch event.name {
        case .purchase, .refund:
            guard event.transaction.isPresent else { return .transactionMissing }
            if event.transaction.tableIndex != nil, symbols.isEmpty(event.transaction) {
                return .transactionEmpty
            }
            fallthrough
        case .viewItem, .addToCart, .removeFromCart, .beginCheckout:
            if event.itemCount == 0 {
                // GA4 refunds a whole order by its transaction and value alone.
                return event.name == .refund && event.value > 0 ? nil : .itemsMissing
            }
            // At most 2^16 times the largest value, which fits.
            var sum: UInt64 = 0
            for index in event.itemRange {
                let item = items[index]
                if item.quantity < 1 { return .quantityNotPositive }
                let worth = item.price.magnitude.multipliedFullWidth(by: UInt64(item.quantity))
                if worth.high != 0 || worth.low > UInt64(EventRules.largestValue) {
                    return .valueTooLarge
                }
                sum += worth.low
            }
            return sum > UInt64(EventRules.largestValue) ? .valueTooLarge : nil
        case .viewItemList, .search, .custom:
            return nil
        }
    }

    /// The violations of the events in `places` of `batch`, ascending; empty if all are sound.
    @inlinable
    package func violations(
        in batch: Batch,
        _ places: some Sequence<Int>,
        latest: Timestamp
    ) -> [(place: Int, violation: RuleViolation)] {
        var violations: [(place: Int, violation: RuleViolation)] = []
        let symbols = batch.symbols
        // Through pointers: this runs once an event and subscriber, and a reference count an
        // event would cost more than all the comparisons.
        batch.events.withUnsafeBufferPointer { events in
            batch.items.withUnsafeBufferPointer { items in
                for place in places {
                    if let violation = violation(of: events[place], items, symbols, latest: latest)
                    {
                        violations.append((place, violation))
                    }
                }
            }
        }
        return violations
    }
}
