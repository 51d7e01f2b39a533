internal import Timekeeping

/// What the shop sells: price and category follow from a product's number and the seed alone.
package struct Catalogue: Sendable {
    /// How many categories there are; product n is in category (n - 1) mod this + 1.
    package let categories: Int
    /// How many products there are, numbered from 1.
    package let products: Int
    /// Price above ``categoryBits``, category below: one look-up in eight bytes fetches both.
    ///
    /// Empty in a shop of more than ``tableLimit`` products, of which each is computed when it is
    /// asked for.
    private let entries: [UInt64]
    private let prices: ClosedRange<Int64>
    /// The whole of the scale of prices.
    private let spread: Double
    private let salt: UInt64

    /// So many products have a table: 8 MiB of it.
    static let tableLimit = 1 << 20

    /// In minor units; all prices lie below it.
    package static var priceLimit: Int64 { 1 << 40 }

    static var categoryBits: UInt64 { 24 }
    static var categoryMask: UInt64 { (1 << categoryBits) - 1 }

    /// The products of `shop`, with prices that `seed` decides.
    ///
    /// Prices lie evenly on a logarithmic scale, so that cheap products are many.
    package init(shop: ShopOptions, seed: UInt64) {
        precondition(shop.products > 0, "a shop needs at least one product")
        precondition(
            shop.categories > 0 && shop.categories < 1 << 24,
            "a shop has from 1 to 2^24 - 1 categories"
        )
        precondition(
            shop.priceRange.lowerBound > 0 && shop.priceRange.upperBound < Catalogue.priceLimit,
            "prices lie between 1 and 2^40 - 1 minor units"
        )
        let (products, categories, prices) = (shop.products, shop.categories, shop.priceRange)
        // One more than the dearest: truncating then gives each price its share of the scale.
        let spread = ((Double(prices.upperBound) + 1) / Double(prices.lowerBound)).portableLogarithm
        let salt = SplitMix64.mix(seed ^ 0x7072_6963_6573)
        entries =
            products > Catalogue.tableLimit
            ? []
            : (0..<UInt64(products)).map {
                Catalogue.entry($0, categories, prices, spread: spread, salt: salt)
            }
        (self.products, self.categories, self.prices) = (products, categories, prices)
        (self.spread, self.salt) = (spread, salt)
    }

    private static func entry(
        _ index: UInt64,
        _ categories: Int,
        _ prices: ClosedRange<Int64>,
        spread: Double,
        salt: UInt64
    ) -> UInt64 {
        let place = Double(SplitMix64.mix(salt &+ index) >> 11) * 0x1p-53
        let price = Int64(Double(prices.lowerBound) * (place * spread).portableExponential)
        let clamped = Swift.min(Swift.max(price, prices.lowerBound), prices.upperBound)
        return UInt64(clamped) << categoryBits | (index % UInt64(categories) + 1)
    }

    @inline(__always)
    private func entry(_ product: UInt64) -> UInt64 {
        entries.isEmpty
            ? Catalogue.entry(product - 1, categories, prices, spread: spread, salt: salt)
            : entries[Int(product) - 1]
    }

    /// The price of `product`, from 1, in minor units.
    @inline(__always)
    package func price(ofProduct product: UInt64) -> Int64 {
        Int64(entry(product) >> Catalogue.categoryBits)
    }

    /// The category of `product`, from 1, as a number from 1.
    @inline(__always)
    package func category(ofProduct product: UInt64) -> UInt64 {
        entry(product) & Catalogue.categoryMask
    }

    /// A line of an event: `quantity` pieces of `product`, which counts from 1.
    @inline(__always)
    package func item(_ product: UInt64, quantity: Int32) -> Item {
        let entry = entry(product)
        return Item(
            product: Symbol(number: product),
            category: Symbol(number: entry & Catalogue.categoryMask),
            price: Int64(entry >> Catalogue.categoryBits),
            quantity: quantity
        )
    }
}
