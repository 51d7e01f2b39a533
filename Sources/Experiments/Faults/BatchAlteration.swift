internal import Broker
internal import Commerce
internal import Synchronization
internal import Timekeeping

/// Makes of a batch what a fault makes of it: another batch with the same identities.
final class BatchAlteration: Sendable {
    private let injector: FaultInjector
    /// Of the batch before.
    private let lastOrder = Mutex(Symbol.none)

    init(injector: FaultInjector) {
        self.injector = injector
    }

    /// `batch` as changed by `occurrence`; the batch itself if no event changes.
    func alter(_ batch: Batch, _ occurrence: FaultPlan.Occurrence) -> Batch {
        var events = batch.events
        var items = batch.items
        var changed = 0
        var lastOrder = lastOrder.withLock { $0 }
        for place in events.indices {
            let event = events[place]
            let isHit = occurrence.hits(event.id.low ^ event.id.high, seed: injector.plan.seed)
            let order = event.transaction
            if isHit, change(&events[place], &items, occurrence.fault, batch, lastOrder) {
                changed += 1
            }
            if order.isPresent { lastOrder = order }
        }
        self.lastOrder.withLock { $0 = lastOrder }
        guard changed > 0 else { return batch }
        // An event with another time is still sent when it was to be sent.
        let isTime = [.late, .clockSkew].contains(occurrence.fault.kind)
        let sendTimes = isTime ? batch.events.indices.map(batch.due) : batch.sendTimes
        injector.touch(occurrence, count: changed)
        return Batch(
            events: events,
            items: items,
            origin: batch.origin,
            symbols: batch.symbols,
            originals: batch.originals,
            schedule: batch.schedule,
            sendTimes: sendTimes,
            flaws: batch.flaws
        )
    }

    /// Changes one event; says whether there was anything to change.
    private func change(
        _ event: inout Event,
        _ items: inout [Item],
        _ fault: ScenarioDocument.Fault,
        _ batch: Batch,
        _ lastOrder: Symbol
    ) -> Bool {
        let isOrder = event.name == .purchase || event.name == .refund
        switch fault.kind {
        case .late: event.time = event.time - fault.by
        case .clockSkew: event.time = event.time + fault.by
        case .malformed: event.value = -max(1, event.value)
        case .schemaChange:
            guard event.value != 0 else { return false }
            event.currency = .none
        case .emptyTransaction:
            guard isOrder else { return false }
            event.transaction = batch.symbols.symbol(for: "", in: .order)
        case .repeatedTransaction:
            guard isOrder, lastOrder.isPresent else { return false }
            event.transaction = lastOrder
        case .oversized:
            return enlarge(&event, &items, to: fault.limit)
        case .alter:
            guard event.value != 0 else { return false }
            event.value = Int64((Double(event.value) * fault.factor).rounded())
        case .flashSale:
            return wantOneProduct(event, &items, batch)
        case .botFlood:
            // Of `factor` times the load, all but one part is too much.
            let part = SplitMix64.mix(event.id.low &+ injector.plan.seed)
            guard Double(part >> 11) * 0x1p-53 >= 1 / fault.factor else { return false }
            becomeBotView(&event, &items, batch)
        default: return false
        }
        return true
    }

    private func enlarge(_ event: inout Event, _ items: inout [Item], to limit: Int) -> Bool {
        guard let first = items[event.itemRange].first, limit > event.itemCount else {
            return false
        }
        event.firstItem = UInt32(truncatingIfNeeded: items.count)
        event.itemCount = UInt16(clamping: limit)
        items += repeatElement(first, count: Int(event.itemCount))
        return true
    }

    /// The product that comes first in the catalogue is the one that everybody wants.
    private func wantOneProduct(_ event: Event, _ items: inout [Item], _ batch: Batch) -> Bool {
        guard !event.itemRange.isEmpty else { return false }
        let wanted = batch.symbols.symbol(for: "flash-sale", in: .product)
        for place in event.itemRange {
            items[place].product = wanted
        }
        return true
    }

    private func becomeBotView(_ event: inout Event, _ items: inout [Item], _ batch: Batch) {
        event.name = .viewItemList
        event.user = batch.symbols.symbol(for: "bot", in: .user)
        event.session = batch.symbols.symbol(for: "bot", in: .session)
        event.transaction = .none
        event.value = 0
        event.currency = .none
        event.itemCount = 0
    }
}
