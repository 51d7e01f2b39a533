/// Seeded randomness: xoshiro256** (Blackman and Vigna, 2018), seeded through SplitMix64.
///
/// The same seed gives the same numbers on every machine. Only integer arithmetic and the
/// exactly rounded operations of IEEE 754 are used.
@usableFromInline package struct Randomness: RandomNumberGenerator, Sendable {
    @usableFromInline var state: (UInt64, UInt64, UInt64, UInt64)

    /// The stream that `seed` names.
    package init(seed: UInt64) {
        var mixer = SplitMix64(state: seed)
        state = (mixer.next(), mixer.next(), mixer.next(), mixer.next())
    }

    /// A stream of its own for one `purpose`, so that drawing more for one leaves the others
    /// as they were.
    package init(seed: UInt64, purpose: StaticString) {
        self.init(seed: seed ^ purpose.withUTF8Buffer { fnv1a($0) })
    }

    @inlinable
    package mutating func next() -> UInt64 {
        let product = state.1 &* 5
        let result = (product << 7 | product >> 57) &* 9
        let shifted = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= shifted
        state.3 = state.3 << 45 | state.3 >> 19
        return result
    }

    /// A number below `bound`, by Lemire's multiplication without the rejection step: the
    /// bias is below `bound` / 2^64.
    @inlinable
    package mutating func below(_ bound: UInt64) -> UInt64 {
        next().multipliedFullWidth(by: bound).high
    }

    /// A number in [0, 1) with 53 random bits.
    @inlinable
    package mutating func unit() -> Double {
        Double(next() >> 11) * 0x1p-53
    }

    /// An exponential variate of mean 1.
    @inlinable
    package mutating func exponential() -> Double {
        // 1 - unit() lies in (0, 1], where the logarithm is finite.
        -(1 - unit()).portableLogarithm
    }
}

/// Vigna's SplitMix64: spreads a seed over the state of another generator, and hashes integers.
@usableFromInline package struct SplitMix64: Sendable {
    @usableFromInline package var state: UInt64

    /// The generator at `state`.
    @inlinable
    package init(state: UInt64) {
        self.state = state
    }

    /// The next number of the stream.
    @inlinable
    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        return SplitMix64.mix(state)
    }

    /// The finaliser alone: a bijection that spreads every input bit over the whole word.
    @inlinable
    package static func mix(_ value: UInt64) -> UInt64 {
        var value = value
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}

/// The 64-bit FNV-1a hash of `bytes`: the same on every machine and in every version.
@inlinable
package func fnv1a(_ bytes: some Sequence<UInt8>) -> UInt64 {
    bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
}
