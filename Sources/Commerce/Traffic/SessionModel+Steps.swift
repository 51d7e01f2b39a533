internal import Timekeeping

// What each event of the funnel does to its session, and what it carries.

extension SessionModel {
    /// Makes the event `name`, which the session in `slot` is permitted.
    @inline(__always)
    mutating func perform(
        _ name: EventName,
        in slot: Int,
        at time: Timestamp,
        _ builder: inout BatchBuilder,
        _ chance: inout Randomness
    ) {
        switch name {
        case .viewItemList, .search:
            append(name, in: slot, at: time, value: 0, itemCount: 0, to: &builder)
        case .viewItem:
            let item = catalogue.item(products.rank(chance.next()), quantity: 1)
            sessions[slot].viewed = UInt32(truncatingIfNeeded: item.product.bits)
            append(name, in: slot, at: time, line: item, to: &builder)
        case .addToCart:
            let item = addLine(in: slot, &chance)
            append(name, in: slot, at: time, line: item, to: &builder)
        case .removeFromCart:
            // Apart from the call, which would else keep a copy of all sessions meanwhile.
            let item = removeLine(in: slot, &chance)
            append(name, in: slot, at: time, line: item, to: &builder)
        case .beginCheckout:
            sessions[slot].isCheckingOut = true
            appendCart(name, in: slot, at: time, to: &builder)
        case .purchase, .refund:
            buy(in: slot, at: time, &builder, &chance)
        }
    }

    /// Puts one to three pieces of the product viewed last, or else of a new one, into the cart.
    @inline(__always)
    private mutating func addLine(in slot: Int, _ chance: inout Randomness) -> Item {
        let quantity = Int32(truncatingIfNeeded: chance.below(3)) + 1
        var product = sessions[slot].viewed
        if product == 0 {
            product = UInt32(truncatingIfNeeded: products.rank(chance.next()))
        }
        sessions[slot].viewed = 0
        let first = slot * cartLimit
        let count = Int(sessions[slot].cartCount)
        let item = catalogue.item(UInt64(product), quantity: quantity)
        for index in first..<first + count where cartLines[index].product == product {
            cartLines[index].quantity += quantity
            return item
        }
        cartLines[first + count] = CartLine(product: product, quantity: quantity)
        sessions[slot].cartCount += 1
        return item
    }

    /// Takes all pieces of one product out of the cart.
    private mutating func removeLine(in slot: Int, _ chance: inout Randomness) -> Item {
        let first = slot * cartLimit
        let count = Int(sessions[slot].cartCount)
        let index = first + Int(chance.below(UInt64(count)))
        let line = cartLines[index]
        cartLines[index] = cartLines[first + count - 1]
        sessions[slot].cartCount -= 1
        return catalogue.item(UInt64(line.product), quantity: line.quantity)
    }

    @inline(never)
    private mutating func buy(
        in slot: Int,
        at time: Timestamp,
        _ builder: inout BatchBuilder,
        _ chance: inout Randomness
    ) {
        orderCount += 1
        appendCart(.purchase, in: slot, at: time, order: orderCount, to: &builder)
        let session = sessions[slot]
        if isRefunded(chance.next()) {
            let first = slot * cartLimit
            let count = Int(session.cartCount)
            refunds.add(
                RefundPool.Order(
                    number: orderCount,
                    user: session.user,
                    session: session.number,
                    lineCount: count
                ),
                lines: cartLines[first..<first + count]
            )
        }
        sessions[slot].cartCount = 0
        sessions[slot].isCheckingOut = false
    }

    private func isRefunded(_ random: UInt64) -> Bool {
        guard let refundThreshold else { return true }
        return random < refundThreshold
    }

    /// Refunds the waiting order at `index`: one half of them in full, of the others some lines.
    @inline(never)
    mutating func refund(
        _ index: Int,
        at time: Timestamp,
        in builder: inout BatchBuilder,
        _ chance: inout Randomness
    ) {
        let order = refunds.take(at: index, lines: &refundLines)
        let isFull = chance.below(2) == 0
        let firstItem = builder.items.count
        var value: Int64 = 0
        // One line comes back for certain, each of the others with probability one half.
        let certain = Int(chance.below(UInt64(refundLines.count)))
        for (place, line) in refundLines.enumerated() {
            guard isFull || place == certain || chance.below(2) == 0 else { continue }
            var quantity = line.quantity
            if !isFull {
                quantity = Int32(truncatingIfNeeded: chance.below(UInt64(quantity))) + 1
            }
            let item = catalogue.item(UInt64(line.product), quantity: quantity)
            value += item.price * Int64(quantity)
            builder.items.append(item)
        }
        builder.events.append(
            event(
                .refund,
                at: time,
                user: order.user,
                session: order.session,
                order: order.number,
                value: value,
                firstItem: firstItem,
                itemCount: builder.items.count - firstItem
            )
        )
    }

    /// Appends an event with the whole cart.
    private func appendCart(
        _ name: EventName,
        in slot: Int,
        at time: Timestamp,
        order: UInt64 = 0,
        to builder: inout BatchBuilder
    ) {
        let first = slot * cartLimit
        let count = Int(sessions[slot].cartCount)
        var value: Int64 = 0
        for line in cartLines[first..<first + count] {
            let item = catalogue.item(UInt64(line.product), quantity: line.quantity)
            value += item.price * Int64(line.quantity)
            builder.items.append(item)
        }
        builder.events.append(
            event(
                name,
                at: time,
                user: sessions[slot].user,
                session: sessions[slot].number,
                order: order,
                value: value,
                firstItem: builder.items.count - count,
                itemCount: count
            )
        )
    }

    /// Appends an event with `line` as its only item.
    @inline(__always)
    private func append(
        _ name: EventName,
        in slot: Int,
        at time: Timestamp,
        line: Item,
        to builder: inout BatchBuilder
    ) {
        append(
            name,
            in: slot,
            at: time,
            value: line.price * Int64(line.quantity),
            itemCount: 1,
            to: &builder
        )
        builder.items.append(line)
    }

    /// Appends an event of the session in `slot`, whose items come next.
    @inline(__always)
    private func append(
        _ name: EventName,
        in slot: Int,
        at time: Timestamp,
        value: Int64,
        itemCount: Int,
        to builder: inout BatchBuilder
    ) {
        builder.events.append(
            event(
                name,
                at: time,
                user: sessions[slot].user,
                session: sessions[slot].number,
                order: 0,
                value: value,
                firstItem: builder.items.count,
                itemCount: itemCount
            )
        )
    }

    @inline(__always)
    private func event(
        _ name: EventName,
        at time: Timestamp,
        user: UInt64,
        session: UInt64,
        order: UInt64,
        value: Int64,
        firstItem: Int,
        itemCount: Int
    ) -> Event {
        Event(
            id: numbering.id(at: time),
            time: time,
            source: stream,
            sequence: Int64(bitPattern: numbering.sequence),
            user: Symbol(number: user),
            session: Symbol(number: session),
            subject: Symbol(number: order == 0 ? session : order),
            subjectNamespace: name.subjectNamespace,
            transaction: Symbol(number: order),
            value: value,
            currency: itemCount == 0 ? .none : currency,
            firstItem: UInt32(truncatingIfNeeded: firstItem),
            itemCount: UInt16(truncatingIfNeeded: itemCount),
            name: name
        )
    }
}
