/// A log of a shop with three sources, as CloudEvents: made by the test, the same every time.
struct ShopLog {
    /// SplitMix64: small, and the same everywhere.
    struct Dice {
        var state: UInt64

        mutating func roll(_ sides: Int) -> Int {
            state &+= 0x9e37_79b9_7f4a_7c15
            var bits = state
            bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
            bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
            return Int((bits ^ (bits >> 31)) % UInt64(sides))
        }
    }

    /// One JSON object a line; the event of line n has the id `e-n`.
    var text = ""

    /// - Parameters:
    ///   - count: How many events.
    ///   - seconds: When the event of an index happens, in seconds since the start of 2024.
    init(count: Int, seconds: (Int) -> Int) {
        var dice = Dice(state: 1997)
        for index in 0..<count {
            let kind = dice.roll(100)
            let name =
                kind < 60
                ? "view_item" : kind < 75 ? "add_to_cart" : kind < 95 ? "purchase" : "refund"
            let source = ["north", "south", "web"][dice.roll(3)]
            text += ShopLog.line(
                id: "e-\(index + 1)",
                source: "/shop/\(source)",
                name: name,
                time: ShopLog.time(seconds(index)),
                transaction: kind < 75 ? nil : "t-\(index + 1)",
                user: "u-\(dice.roll(400))",
                product: "p-\(dice.roll(50))",
                quantity: 1 + dice.roll(3),
                cents: 100 + dice.roll(50_000)
            )
        }
    }

    /// One event, with its line end.
    static func line(
        id: String,
        source: String = "/shop/web",
        name: String = "purchase",
        time: String = "2024-01-01T00:00:00Z",
        transaction: String?,
        user: String = "u-1",
        product: String = "p-1",
        quantity: Int = 1,
        cents: Int = 1250
    ) -> String {
        func money(_ cents: Int) -> String {
            "\(cents / 100).\(cents % 100 < 10 ? "0" : "")\(cents % 100)"
        }
        let order = transaction.map { #""transaction_id":"\#($0)","# } ?? ""
        return """
            {"specversion":"1.0","id":"\(id)","source":"\(source)","type":"\(name)",\
            "time":"\(time)","data":{"user_id":"\(user)",\(order)"currency":"USD",\
            "value":\(money(cents * quantity)),"items":[{"item_id":"\(product)",\
            "item_category":"c-\(product.utf8.count)","price":\(money(cents)),\
            "quantity":\(quantity)}]}}

            """
    }

    /// RFC 3339, for the first 28 days of 2024.
    static func time(_ seconds: Int) -> String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let (day, rest) = (seconds / 86_400, seconds % 86_400)
        return "2024-01-\(two(day + 1))T\(two(rest / 3600)):\(two(rest / 60 % 60))"
            + ":\(two(rest % 60))Z"
    }
}
