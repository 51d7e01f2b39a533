import Broker
import Commerce
import Stages
import Storage
import TestSupport
import Timekeeping

/// Product views at an even rate, each due at its own time.
struct UniformSource: EventSource {
    let shop: Shop
    let count: Int
    let interval: Duration
    var stream: Symbol { shop.symbols.symbol(for: "uniform", in: .text) }
    var symbols: SymbolTable { shop.symbols }
    private var made = 0

    /// `count` events, the first at ``Shop/epoch``, `interval` apart.
    init(shop: Shop, count: Int, every interval: Duration) {
        self.shop = shop
        self.count = count
        self.interval = interval
    }

    mutating func fill(
        _ builder: inout BatchBuilder,
        until horizon: Timestamp,
        limit: Int
    ) -> Timestamp? {
        builder.firstOffset = Int64(made + 1)
        var filled = 0
        while made < count {
            let time = Shop.epoch + .nanoseconds(interval.inNanoseconds * Int64(made))
            guard time <= horizon, filled < limit else { return time }
            made += 1
            filled += 1
            builder.append(shop.event(made, at: time), item: shop.item())
        }
        return nil
    }
}
