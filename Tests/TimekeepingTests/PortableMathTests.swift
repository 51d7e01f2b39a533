import Testing
import Timekeeping

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

struct PortableMathTests {
    /// Numbers over many orders of magnitude, and the edges of the logarithm's reduction.
    private static let positives: [Double] = {
        var chance = Randomness(seed: 11)
        let spread = (0..<20_000).map { _ in
            Double(
                sign: .plus,
                exponent: Int(chance.below(2000)) - 1000,
                significand: 1 + chance.unit()
            )
        }
        let nearOne = (0..<20_000).map { _ in 0.5 + chance.unit() * 1.5 }
        let edges = [
            1, 2, 0.5, 1.4142135623730951, 1.4142135623730949, 1.0.nextUp, 1.0.nextDown,
            Double.leastNonzeroMagnitude, .leastNormalMagnitude, .greatestFiniteMagnitude,
        ]
        return spread + nearOne + edges
    }()

    @Test func `the logarithm agrees with the C library within the stated error`() {
        var worst = 0.0
        for number in PortableMathTests.positives where number != 1 {
            let expected = log(number)
            worst = max(worst, abs(number.portableLogarithm - expected) / abs(expected))
        }
        #expect(worst < 1e-14)
        #expect(1.0.portableLogarithm == 0)
    }

    @Test func `the exponential agrees with the C library within the stated error`() {
        var chance = Randomness(seed: 12)
        var worst = 0.0
        let arguments = (0..<20_000).map { _ in chance.unit() * 1400 - 700 } + [-700, 0, 700]
        for argument in arguments {
            let expected = exp(argument)
            worst = max(worst, abs(argument.portableExponential - expected) / expected)
        }
        #expect(worst < 1e-14)
        #expect(0.0.portableExponential == 1)
    }

    @Test func `powers agree with the C library`() {
        var chance = Randomness(seed: 13)
        for _ in 0..<20_000 {
            let base = 1 + chance.unit() * 100_000
            let power = chance.unit() * 4 - 2
            let expected = pow(base, power)
            // The error of the logarithm counts as often as the power says.
            #expect(abs(base.portablePower(power) - expected) / expected < 1e-13)
        }
        #expect(abs(2.0.portablePower(10) - 1024) < 1e-10)
    }

    @Test func `the sine agrees with the C library within the stated error`() {
        var chance = Randomness(seed: 14)
        var worst = 0.0
        for _ in 0..<20_000 {
            // In the first turn, where the C library's argument is as exact as it can be.
            let turns = chance.unit() - 0.5
            worst = max(worst, abs(turns.portableSineOfTurns - sin(2 * Double.pi * turns)))
        }
        #expect(worst < 1e-15)
    }

    @Test(arguments: [
        (0.0, 0.0), (0.25, 1.0), (0.5, 0.0), (0.75, -1.0), (1.0, 0.0), (-0.25, -1.0),
        (1_000_000.25, 1.0),
        (-7.75, 1.0), (1.0 / 12, 0.5), (5.0 / 12, 0.5),
    ])
    func `the sine of well known angles is theirs`(turns: Double, expected: Double) {
        #expect(abs(turns.portableSineOfTurns - expected) < 1e-15)
    }
}
