import Documents
import Testing
import Timekeeping

/// Durations and numbers of bytes as documents write them.
@Suite struct DocumentQuantityTests {
    @Test(arguments: [
        ("600s", Int64(600_000_000_000)), ("0.1s", 100_000_000), ("250ms", 250_000_000),
        ("10m", 600_000_000_000), ("2h", 7_200_000_000_000), ("7d", 604_800_000_000_000),
        ("1.5us", 1500), ("3ns", 3), ("0s", 0), ("1.10s", 1_100_000_000),
        ("0.000000001s", 1), ("36500d", 3_153_600_000_000_000_000),
    ])
    func `a duration is read exactly`(text: String, nanoseconds: Int64) {
        let duration = DurationText.parse(text)
        #expect(duration == .nanoseconds(nanoseconds))
        #expect(duration.map(DurationText.write).flatMap(DurationText.parse) == duration)
    }

    @Test(arguments: [
        "", "s", "10", "-1s", "+1s", "1 s", "1.s", ".5s", "1.2.3s", "1e3s", "0.5ns", "1S", "1mo",
        "0.0000000001s", "36501d", "99999999999999999999s", "９s", "1week",
    ])
    func `what is no duration is refused`(text: String) {
        #expect(DurationText.parse(text) == nil)
    }

    @Test(arguments: [
        ("0", 0), ("1000000", 1_000_000), ("7B", 7), ("64MiB", 67_108_864), ("1GiB", 1 << 30),
        ("2TiB", 2 << 40), ("3KiB", 3072), ("4kB", 4000), ("5MB", 5_000_000),
    ])
    func `a number of bytes is read`(text: String, bytes: Int) {
        #expect(ByteCountText.parse(text) == bytes)
    }

    @Test(arguments: ["", "B", "-1", "1.5MiB", "1mib", "1 MiB", "9223372036854775807KiB"])
    func `what is no number of bytes is refused`(text: String) {
        #expect(ByteCountText.parse(text) == nil)
    }
}
