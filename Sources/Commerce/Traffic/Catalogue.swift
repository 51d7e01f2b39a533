internal import Timekeeping

/// What the shop sells: price and category follow from a product's number and the seed alone.
package struct Catalogue: Sendable {
    /// How many categories there are; product n is in category (n - 1) mod this + 1.
    package let categories: Int
    /// Price above ``categoryBits``, category below: one look-up in eight bytes fetches both.
    let entries: [UInt64]

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
            shop.priceRange.lowerBound > 0 && shop.priceRange.upperBound < 1 << 40,
            "prices lie between 1 and 2^40 - 1 minor units"
        )
        let cheapest = Double(shop.priceRange.lowerBound)
        // One more than the dearest: truncating then gives each price its share of the scale.
        let spread = ((Double(shop.priceRange.upperBound) + 1) / cheapest).portableLogarithm
        categories = shop.categories
        let salt = SplitMix64.mix(seed ^ 0x7072_6963_6573)
        entries = (0..<UInt64(shop.products)).map { index in
            let place = Double(SplitMix64.mix(salt &+ index) >> 11) * 0x1p-53
            let price = Int64(cheapest * (place * spread).portableExponential)
            let clamped = Swift.min(
                Swift.max(price, shop.priceRange.lowerBound),
                shop.priceRange.upperBound
            )
            let category = index % UInt64(shop.categories) + 1
            return UInt64(clamped) << Catalogue.categoryBits | category
        }
    }

    /// How many products there are, numbered from 1.
    package var products: Int { entries.count }

    /// The price of `product`, from 1, in minor units.
    @inline(__always)
    package func price(ofProduct product: UInt64) -> Int64 {
        Int64(entries[Int(product) - 1] >> Catalogue.categoryBits)
    }

    /// The category of `product`, from 1, as a number from 1.
    @inline(__always)
    package func category(ofProduct product: UInt64) -> UInt64 {
        entries[Int(product) - 1] & Catalogue.categoryMask
    }

    /// A line of an event: `quantity` pieces of `product`, which counts from 1.
    @inline(__always)
    package func item(_ product: UInt64, quantity: Int32) -> Item {
        let entry = entries[Int(product) - 1]
        return Item(
            product: Symbol(number: product),
            category: Symbol(number: entry & Catalogue.categoryMask),
            price: Int64(entry >> Catalogue.categoryBits),
            quantity: quantity
        )
    }
}
