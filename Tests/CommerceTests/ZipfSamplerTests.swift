import Commerce
import Testing
import Timekeeping

struct ZipfSamplerTests {
    /// By a table, and without one.
    @Test(
        arguments: [
            (1, 0.0), (2, 0.5), (3, 1), (4, 1.3), (5, 3), (6, 0.99999), (7, 10),
        ] as [(UInt64, Double)],
        [ZipfSampler.tableLimit, 0]
    )
    func `frequencies agree with the law`(_ law: (seed: UInt64, exponent: Double), limit: Int) {
        let (seed, exponent) = law
        let count = 200
        let draws = 200_000
        let sampler = ZipfSampler(count: count, exponent: exponent, tableLimit: limit)
        var chance = Randomness(seed: seed)
        var seen = [Int](repeating: 0, count: count)
        for _ in 0..<draws {
            seen[Int(sampler.rank(chance.next())) - 1] += 1
        }
        let weights = (1...count).map { Double($0).portablePower(-exponent) }
        let sum = weights.reduce(0, +)
        var statistic = 0.0
        var cells = 0.0
        var rareSeen = 0.0
        var rareExpected = 0.0
        for (weight, number) in zip(weights, seen) {
            let expected = weight / sum * Double(draws)
            guard expected >= 5 else {
                rareSeen += Double(number)
                rareExpected += expected
                continue
            }
            statistic += (Double(number) - expected) * (Double(number) - expected) / expected
            cells += 1
        }
        if rareExpected > 0 {
            statistic += (rareSeen - rareExpected) * (rareSeen - rareExpected) / rareExpected
            cells += 1
        }
        // Chi-square has mean n - 1 and variance 2(n - 1): four standard deviations.
        #expect(statistic < cells - 1 + 4 * (2 * (cells - 1)).squareRoot())
    }

    @Test func `the whole range of random numbers stays within the ranks`() {
        for exponent in [0, 0.7, 1, 2, 10] {
            for (count, limit) in [
                (1, 1000), (2, 1000), (3, 1000), (1000, 1000), (1, 0), (2, 0), (1000, 0),
                (1_000_000_000, 0),
            ] {
                let sampler = ZipfSampler(count: count, exponent: exponent, tableLimit: limit)
                for random in [0, 1, UInt64.max / 2, UInt64.max - 1, UInt64.max] {
                    #expect((1...UInt64(count)).contains(sampler.rank(random)))
                }
            }
        }
    }

    /// A thousand million shoppers take no table: of the law's sum, H(10^9) = 21.3005, the first
    /// has 1, and the first thousand have H(10^3) = 7.48547.
    @Test func `the law holds for more ranks than there is memory`() {
        let sampler = ZipfSampler(count: 1_000_000_000, exponent: 1)
        var chance = Randomness(seed: 8)
        let ranks = (0..<200_000).map { _ in sampler.rank(chance.next()) }
        let first = Double(ranks.count { $0 == 1 }) / 200_000
        let head = Double(ranks.count { $0 <= 1000 }) / 200_000
        // Deviations of sqrt(p (1 - p) / n): 0.00047 and 0.00107.
        #expect(abs(first - 1 / 21.3005) < 4 * 0.00047)
        #expect(abs(head - 7.48547 / 21.3005) < 4 * 0.00107)
        #expect(ranks.contains { $0 > 500_000_000 })
    }

    @Test func `an alias table gives every outcome its exact share`() {
        // Shares that are sixteenths come out exactly, counted over an even grid.
        let weights: [Double] = [1, 5, 0, 2, 8]
        let table = AliasTable(weights: weights)
        var counts = [Int](repeating: 0, count: weights.count)
        let steps: UInt64 = 80_000
        for step in 0..<steps {
            counts[table.outcome(step &* (UInt64.max / steps) &+ 12_345)] += 1
        }
        for (count, weight) in zip(counts, weights) {
            #expect(abs(Double(count) - weight / 16 * Double(steps)) <= 10)
        }
        #expect(counts[2] == 0)
    }

    @Test func `prices and categories follow from the number and the seed`() {
        var shop = ShopOptions()
        shop.products = 20_000
        let catalogue = Catalogue(shop: shop, seed: 9)
        let again = Catalogue(shop: shop, seed: 9)
        let other = Catalogue(shop: shop, seed: 10)
        var cheap = 0
        var different = 0
        for product in 1...UInt64(shop.products) {
            let price = catalogue.price(ofProduct: product)
            #expect(shop.priceRange.contains(price))
            #expect(price == again.price(ofProduct: product))
            #expect(catalogue.category(ofProduct: product) == (product - 1) % 50 + 1)
            different += price == other.price(ofProduct: product) ? 0 : 1
            // Half of the logarithmic scale: the geometric mean of the ends.
            cheap += price < 3154 ? 1 : 0
        }
        #expect(abs(cheap - 10_000) < 400)
        #expect(different > 19_000)
        let item = catalogue.item(7, quantity: 3)
        #expect(item.price == catalogue.price(ofProduct: 7))
        #expect(item.product == Symbol(number: 7) && item.category == Symbol(number: 7))
    }

    @Test func `a shop with one price sells everything at it`() {
        var shop = ShopOptions.small
        shop.priceRange = 100...100
        let catalogue = Catalogue(shop: shop, seed: 1)
        #expect((1...200).allSatisfy { catalogue.price(ofProduct: $0) == 100 })
    }
}
