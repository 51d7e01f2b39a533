import Testing
import Timekeeping

/// Blackman and Vigna's `xoshiro256starstar.c`, transcribed, to compare with.
private struct ReferenceXoshiro {
    var s: [UInt64]

    mutating func next() -> UInt64 {
        func rotl(_ x: UInt64, _ k: UInt64) -> UInt64 { (x << k) | (x >> (64 - k)) }
        let result = rotl(s[1] &* 5, 7) &* 9
        let t = s[1] << 17
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotl(s[3], 45)
        return result
    }
}

struct RandomnessTests {
    @Test func `SplitMix64 gives the published numbers of seed 1234567`() {
        var generator = SplitMix64(state: 1_234_567)
        let numbers = (0..<5).map { _ in generator.next() }
        #expect(
            numbers == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
                4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
            ]
        )
    }

    @Test func `the reference transcript gives the published numbers of state 1 2 3 4`() {
        var reference = ReferenceXoshiro(s: [1, 2, 3, 4])
        let numbers = (0..<10).map { _ in reference.next() }
        #expect(
            numbers == [
                11520, 0, 1_509_978_240, 1_215_971_899_390_074_240, 1_216_172_134_540_287_360,
                607_988_272_756_665_600, 16_172_922_978_634_559_625, 8_476_171_486_693_032_832,
                10_595_114_339_597_558_777, 2_904_607_092_377_533_576,
            ]
        )
    }

    @Test(arguments: [0, 1, 42, UInt64.max])
    func `the generator is xoshiro256 starstar seeded through SplitMix64`(seed: UInt64) {
        var mixer = SplitMix64(state: seed)
        var reference = ReferenceXoshiro(s: (0..<4).map { _ in mixer.next() })
        var chance = Randomness(seed: seed)
        for _ in 0..<1000 {
            #expect(chance.next() == reference.next())
        }
    }

    @Test func `the first number of seed 0 is the published one`() {
        var chance = Randomness(seed: 0)
        #expect(chance.next() == 0x99ec_5f36_cb75_f2b4)
    }

    @Test func `each purpose has a stream of its own`() {
        var one = Randomness(seed: 7, purpose: "arrivals")
        var other = Randomness(seed: 7, purpose: "sessions")
        var again = Randomness(seed: 7, purpose: "arrivals")
        let first = one.next()
        #expect(first != other.next())
        #expect(first == again.next())
    }

    @Test(arguments: [1, 2, 3, 7, 1000])
    func `numbers below a bound are below it and evenly spread`(bound: UInt64) {
        var chance = Randomness(seed: bound)
        var counts = [Int](repeating: 0, count: Int(bound))
        let draws = 1000 * Int(bound)
        for _ in 0..<min(draws, 200_000) {
            counts[Int(chance.below(bound))] += 1
        }
        let expected = Double(min(draws, 200_000)) / Double(bound)
        let deviation = counts.map { (Double($0) - expected) * (Double($0) - expected) / expected }
        // Mean bound - 1, variance twice that: five standard deviations.
        let freedom = Double(bound) - 1
        #expect(deviation.reduce(0, +) <= freedom + 5 * (2 * freedom).squareRoot())
    }

    @Test func `unit numbers lie from 0 to below 1 with the mean of an even spread`() {
        var chance = Randomness(seed: 3)
        var sum = 0.0
        for _ in 0..<100_000 {
            let number = chance.unit()
            #expect(number >= 0 && number < 1)
            sum += number
        }
        #expect(abs(sum / 100_000 - 0.5) < 0.005)
    }

    @Test func `exponential variates are not negative and have mean and variance 1`() {
        var chance = Randomness(seed: 4)
        var sum = 0.0
        var squares = 0.0
        let draws = 100_000
        for _ in 0..<draws {
            let variate = chance.exponential()
            #expect(variate >= 0)
            sum += variate
            squares += variate * variate
        }
        let mean = sum / Double(draws)
        #expect(abs(mean - 1) < 0.02)
        #expect(abs(squares / Double(draws) - mean * mean - 1) < 0.05)
    }
}
