import Testing
import Timekeeping

@Suite struct ClockTests {
    /// Seconds since the epoch by `date -u -d … +%s`.
    @Test(
        arguments: [
            (0, false), (315_532_799, false), (315_532_800, true), (1_767_225_600, true),
            // The end of 2199, and 2300, where nanoseconds are more than 63 bits hold.
            (7_258_118_399, true), (7_258_118_400, false), (10_413_792_000, false), (.max, false),
            (.min, false), (-1, false),
        ] as [(Int64, Bool)]
    )
    func `a clock is gone by from 1980 to 2199`(seconds: Int64, isSound: Bool) {
        #expect(RealTimeline.isSound(secondsSinceEpoch: seconds) == isSound)
    }

    @Test func `the clock of this machine is sound`() {
        #expect(RealTimeline.isClockSound)
    }
}
