import Commerce
import Testing
import Timekeeping

struct ArrivalProcessTests {
    private static let start = Timestamp(seconds: 1_700_000_000)

    private static func process(
        _ shape: LoadProfile.Shape,
        _ arrivals: LoadProfile.Arrivals,
        seed: UInt64 = 1
    ) -> ArrivalProcess {
        ArrivalProcess(
            profile: LoadProfile(shape: shape, arrivals: arrivals),
            start: start,
            chance: Randomness(seed: seed)
        )
    }

    /// How many arrivals there are in each of the `slots` of `length` that follow the start.
    private static func counts(
        _ process: ArrivalProcess,
        slots: Int,
        of length: Duration
    ) -> [Int] {
        var process = process
        var counts = [Int](repeating: 0, count: slots)
        var last = start
        while let time = process.next() {
            #expect(time >= last)
            last = time
            let slot = Int((time - start).inNanoseconds / length.inNanoseconds)
            guard slot < slots else { break }
            counts[slot] += 1
        }
        return counts
    }

    @Test(arguments: [1, 3, 7, 1000, 12_345.678, 1_000_000])
    func `even arrivals come at half a gap and then a gap apart, within a nanosecond`(
        rate: Double
    ) {
        var process = Self.process(.constant(rate: rate), .uniform)
        for index in 0..<20_000 {
            let expected = (Double(index) + 0.5) / rate * 1e9
            let time = process.next()
            let passed = time.map { Double(($0 - Self.start).inNanoseconds) } ?? -1
            #expect(abs(passed - expected) <= 1.5)
        }
    }

    @Test(arguments: [1, 3, 10, 999, 50_000])
    func `n seconds of even arrivals hold exactly n times the rate`(rate: Int) {
        let counts = Self.counts(
            Self.process(.constant(rate: Double(rate)), .uniform),
            slots: 5,
            of: .seconds(1)
        )
        #expect(counts == Array(repeating: rate, count: 5))
    }

    @Test(arguments: [(1, 0.2), (2, 50), (3, 10_000), (4, 2_000_000)] as [(UInt64, Double)])
    func `gaps of a Poisson process are exponential`(seed: UInt64, rate: Double) {
        var process = Self.process(.constant(rate: rate), .poisson, seed: seed)
        let draws = 100_000
        var last = Self.start
        var sum = 0.0
        var squares = 0.0
        var beyondOne = 0
        var beyondEight = 0
        for _ in 0..<draws {
            guard let time = process.next() else { break }
            let gap = Double((time - last).inNanoseconds) * 1e-9 * rate
            last = time
            sum += gap
            squares += gap * gap
            beyondOne += gap > 1 ? 1 : 0
            // In the tail of the ziggurat.
            beyondEight += gap > 8 ? 1 : 0
        }
        let mean = sum / Double(draws)
        #expect(abs(mean - 1) < 5 / Double(draws).squareRoot())
        #expect(abs(squares / Double(draws) - mean * mean - 1) < 0.05)
        #expect(abs(Double(beyondOne) / Double(draws) - 0.36788) < 0.01)
        #expect((10...65).contains(beyondEight))  // 33.5 expected
    }

    @Test func `counts of a Poisson process vary as much as their mean`() {
        let counts = Self.counts(
            Self.process(.constant(rate: 100), .poisson),
            slots: 2000,
            of: .seconds(1)
        )
        let mean = Double(counts.reduce(0, +)) / 2000
        let variance = counts.map { (Double($0) - mean) * (Double($0) - mean) }.reduce(0, +) / 2000
        #expect(abs(mean - 100) < 1.2)
        #expect(abs(variance - 100) < 16)
    }

    @Test func `a ramp brings the area below it`() {
        let shape = LoadProfile.Shape.ramp(from: 100, to: 300, over: .seconds(10))
        let counts = Self.counts(Self.process(shape, .uniform), slots: 12, of: .seconds(1))
        let expected = (0..<10).map { 100 + 20 * $0 + 10 } + [300, 300]
        for (count, area) in zip(counts, expected) {
            #expect(abs(count - area) <= 1)
        }
        #expect(abs(counts.prefix(10).reduce(0, +) - 2000) <= 1)
    }

    @Test func `a ramp down to nothing ends after the area below it`() {
        let shape = LoadProfile.Shape.ramp(from: 200, to: 0, over: .seconds(10))
        var process = Self.process(shape, .uniform)
        var count = 0
        while let time = process.next() {
            #expect(time < Self.start + .seconds(10))
            count += 1
        }
        #expect(abs(count - 1000) <= 1)
        #expect(process.next() == nil)
    }

    @Test func `steps hold their rates, and a step of 0 holds none`() {
        let steps = [(0, 50), (2, 0), (100_002, 200)].map {
            LoadProfile.Step(at: .seconds($0.0), rate: Double($0.1))
        }
        let process = Self.process(.step(steps), .uniform)
        let counts = Self.counts(process, slots: 100_004, of: .seconds(1))
        #expect(counts[0] == 50)
        #expect(abs(counts[1] - 50) <= 1)
        #expect(counts[2..<100_002].allSatisfy { $0 == 0 })
        #expect(abs(counts[100_002] - 200) <= 1)
        #expect(abs(counts[100_003] - 200) <= 1)
    }

    @Test func `a spike has its peak for its time alone`() {
        let shape = LoadProfile.Shape.spike(
            base: 10,
            peak: 1000,
            at: .seconds(3),
            lasting: .milliseconds(1500)
        )
        let counts = Self.counts(Self.process(shape, .uniform), slots: 6, of: .seconds(1))
        for (count, expected) in zip(counts, [10, 10, 10, 1000, 505, 10]) {
            #expect(abs(count - expected) <= 1)
        }
    }

    @Test(arguments: [LoadProfile.Arrivals.uniform, .poisson])
    func `surges multiply whatever the shape says, each for its time alone`(
        arrivals: LoadProfile.Arrivals
    ) {
        let shapes: [(LoadProfile.Shape, (Int) -> Double)] = [
            (.constant(rate: 1000), { _ in 1000 }),
            (.ramp(from: 0, to: 2000, over: .seconds(10)), { 200 * Double($0) + 100 }),
            (
                .diurnal(mean: 1000, amplitude: 0, period: .seconds(3), peakAt: .zero),
                { _ in 1000 }
            ),
        ]
        let factors = [1, 1, 4, 6, 1.5, 1, 0, 1, 1, 1]
        for (shape, rate) in shapes {
            var profile = LoadProfile(shape: shape, arrivals: arrivals)
            profile.surges = [
                .init(range: .seconds(2)..<(.seconds(4)), factor: 4),
                .init(range: .seconds(3)..<(.seconds(5)), factor: 1.5),
                .init(range: .seconds(6)..<(.seconds(7)), factor: 0),
            ]
            let process = ArrivalProcess(
                profile: profile,
                start: Self.start,
                chance: Randomness(seed: 1)
            )
            let counts = Self.counts(process, slots: 10, of: .seconds(1))
            for (second, count) in counts.enumerated() {
                let expected = rate(second) * factors[second]
                // Five deviations of a Poisson count, or the edges of an even one.
                let bound = arrivals == .poisson ? 5 * expected.squareRoot() + 1 : 2
                #expect(abs(Double(count) - expected) <= bound, "\(shape) second \(second)")
            }
        }
    }

    @Test func `a day's curve brings its area, is highest at its peak and repeats`() {
        let shape = LoadProfile.Shape.diurnal(
            mean: 1000,
            amplitude: 0.8,
            period: .seconds(24),
            peakAt: .seconds(18)
        )
        let counts = Self.counts(Self.process(shape, .uniform), slots: 48, of: .seconds(1))
        #expect(abs(counts.prefix(24).reduce(0, +) - 24_000) <= 2)
        #expect(abs(counts.reduce(0, +) - 48_000) <= 2)
        for hour in 0..<24 {
            // The area of an hour in closed form: sin a - sin b over the angle of an hour.
            let turn = 1.0 / 24
            let upper = (Double(hour + 1 - 18) * turn).portableSineOfTurns
            let lower = (Double(hour - 18) * turn).portableSineOfTurns
            let area = 1000 + 800 * (upper - lower) * 24 / (2 * Double.pi)
            #expect(abs(Double(counts[hour]) - area) <= 1.5)
            #expect(abs(counts[hour] - counts[hour + 24]) <= 1)
        }
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>)
    func `a random process keeps to the area of its profile`(seed: UInt64) {
        let shape = LoadProfile.Shape.diurnal(
            mean: 2000,
            amplitude: 1,
            period: .seconds(10),
            peakAt: .zero
        )
        let count = Self.counts(
            Self.process(shape, .poisson, seed: seed),
            slots: 1,
            of: .seconds(20)
        )[0]
        #expect(abs(count - 40_000) < 1000)  // five standard deviations
    }

    @Test(arguments: LoadProfile.Arrivals.allCases)
    func `a rate that is 0 for good has no arrivals`(arrivals: LoadProfile.Arrivals) {
        let never: [LoadProfile.Shape] = [
            .constant(rate: 0), .constant(rate: -1), .constant(rate: .nan),
            .ramp(from: 0, to: 0, over: .seconds(1 << 30)), .step([]),
            .step([LoadProfile.Step(at: .seconds(5), rate: 0)]),
            .spike(base: 0, peak: 0, at: .seconds(1), lasting: .seconds(1)),
            .diurnal(mean: 0, amplitude: 1, period: .seconds(86_400), peakAt: .zero),
            .constant(rate: 1e-300),
            .diurnal(mean: 1e-300, amplitude: 0.5, period: .seconds(1), peakAt: .zero),
        ]
        for shape in never {
            var process = Self.process(shape, arrivals)
            #expect(process.next() == nil)
            #expect(process.next() == nil)
        }
    }

    @Test func `a rate close to 0 is passed over quickly`() {
        // One event in three years, on a curve of one second.
        let shape = LoadProfile.Shape.diurnal(
            mean: 1e-8,
            amplitude: 1,
            period: .seconds(1),
            peakAt: .zero
        )
        var process = Self.process(shape, .uniform)
        let first = process.next().map { ($0 - Self.start).inSeconds } ?? 0
        let second = process.next().map { ($0 - Self.start).inSeconds } ?? 0
        #expect(abs(first - 0.5e8) < 1)
        #expect(abs(second - 1.5e8) < 1)
    }

    @Test func `the same seed has the same arrivals and another seed has others`() {
        func arrivals(_ seed: UInt64) -> [Timestamp?] {
            var process = Self.process(.constant(rate: 100), .poisson, seed: seed)
            return (0..<100).map { _ in process.next() }
        }
        #expect(arrivals(5) == arrivals(5))
        #expect(arrivals(5) != arrivals(6))
    }

    @Test func `a month of arrivals is as exact as its first second`() {
        let steps = [(0, 0), (2_592_000, 3)].map {
            LoadProfile.Step(at: .seconds($0.0), rate: Double($0.1))
        }
        var process = Self.process(.step(steps), .uniform)
        let offset = process.next().map { ($0 - Self.start).inNanoseconds }
        #expect(offset == 2_592_000_166_666_666)
    }
}
