// The C library's log and exp differ in the last bit between machines; a seeded run may not.
// These use only the four operations that IEEE 754 rounds exactly, in a fixed order.

extension Double {
    @usableFromInline static var ln2: Double { 0x1.62e42fefa39efp-1 }
    /// The highest 32 bits of ln 2, whose products with small integers are exact, and the rest.
    @usableFromInline static var ln2High: Double { 0x1.62e42feep-1 }
    @usableFromInline static var ln2Low: Double { 0x1.a39ef35793c76p-33 }

    /// The natural logarithm of a positive finite number; relative error below 1e-14.
    @inlinable
    package var portableLogarithm: Double {
        precondition(self > 0 && isFinite, "the logarithm needs a positive finite number")
        var exponent = Double(self.exponent)
        var fraction = significand  // in [1, 2)
        if fraction > 1.414_213_562_373_095_1 {
            fraction /= 2
            exponent += 1
        }
        // ln m = 2 artanh((m - 1) / (m + 1)), with the argument below 0.1716.
        let ratio = (fraction - 1) / (fraction + 1)
        let square = ratio * ratio
        var sum = 1.0 / 21
        for divisor in stride(from: 19.0, through: 1, by: -2) {
            sum = sum * square + 1 / divisor
        }
        return 2 * ratio * sum + exponent * Double.ln2
    }

    /// e to this power; relative error below 1e-14 for arguments between -700 and 700.
    @inlinable
    package var portableExponential: Double {
        precondition(abs(self) <= 700, "the exponential would overflow")
        let scale = (self / Double.ln2).rounded()
        let rest = (self - scale * Double.ln2High) - scale * Double.ln2Low
        var sum = 1.0
        for divisor in stride(from: 18.0, through: 1, by: -1) {
            sum = sum * rest / divisor + 1
        }
        return sum * Double(sign: .plus, exponent: Int(scale), significand: 1)
    }

    /// This positive number to `power`.
    @inlinable
    package func portablePower(_ power: Double) -> Double {
        (power * portableLogarithm).portableExponential
    }

    /// The sine of this many whole turns (1 is a full circle); absolute error below 1e-15.
    ///
    /// Turns, because they are reduced to the first quarter exactly, however many they are.
    @inlinable
    package var portableSineOfTurns: Double {
        precondition(isFinite, "the sine needs a finite number")
        var turns = self - rounded()  // in [-1/2, 1/2]
        if turns > 0.25 {
            turns = 0.5 - turns
        } else if turns < -0.25 {
            turns = -0.5 - turns
        }
        let angle = turns * 0x1.921fb54442d18p2
        let square = angle * angle
        var sum = 1.0
        for factor in stride(from: 22.0, through: 2, by: -2) {
            sum = 1 - sum * square / (factor * (factor + 1))
        }
        return angle * sum
    }
}
