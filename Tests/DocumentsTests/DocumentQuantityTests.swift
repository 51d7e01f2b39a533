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
        ("1.5h", 5_400_000_000_000), ("1h30m", 5_400_000_000_000), ("1w", 604_800_000_000_000),
        ("1w2d3h4m5s6ms7us8ns", 788_645_006_007_008), (".5s", 500_000_000),
        ("1e3s", 1_000_000_000_000),
        // A day and a half, and a third of a second as far as nanoseconds go.
        ("1.5d", 129_600_000_000_000), ("0.333333333s", 333_333_333),
    ])
    func `a duration is read exactly`(text: String, nanoseconds: Int64) {
        let duration = DurationText.parse(text)
        #expect(duration == .nanoseconds(nanoseconds))
        #expect(duration.map(DurationText.write).flatMap(DurationText.parse) == duration)
    }

    @Test(arguments: [
        "", "s", "10", "-1s", "+1s", "1 s", ".s", "1.2.3s", "1es", "0.5ns", "1S", "1mo", "1M",
        "0.0000000001s", "36501d", "99999999999999999999s", "９s", "1week", "30m1h", "1h1h",
        "1h30", "1h-30m", "1h 30m", "1e400w", "5ks", "1m1M", "1s\u{301}",
    ])
    func `what is not a duration is refused`(text: String) {
        #expect(DurationText.parse(text) == nil)
    }

    @Test(arguments: [
        ("0", 0), ("1000000", 1_000_000), ("7B", 7), ("64MiB", 67_108_864), ("1GiB", 1 << 30),
        ("2TiB", 2 << 40), ("3KiB", 3072), ("4kB", 4000), ("5MB", 5_000_000),
        ("1.5MiB", 1_572_864), ("1e6", 1_000_000), ("10.0", 10), ("5k", 5000), ("64M", 64_000_000),
    ])
    func `a number of bytes is read`(text: String, bytes: Int) {
        #expect(ByteCountText.parse(text) == bytes)
    }

    @Test(arguments: [
        "", "B", "1.5B", "0.3KiB", "1mib", "1 MiB", "9223372036854775807KiB", "1e999",
    ])
    func `what is not a number of bytes is refused`(text: String) {
        #expect(ByteCountText.parse(text) == nil)
    }

    @Test(arguments: [
        ("250", 250), ("10.0", 10), ("1e3", 1000), ("1E+3", 1000), ("2500e-2", 25), ("5k", 5000),
        ("5K", 5000), ("1.5M", 1_500_000), ("2G", 2_000_000_000), ("+7", 7), ("-7", -7), ("7.", 7),
        ("0.00", 0), ("0e400", 0), ("1.5k", 1500), ("9223372036854775807", Int64.max),
        ("0.9223372036854775807e19", .max),
    ])
    func `a whole number is read exactly, however it is written`(text: String, value: Int64) {
        #expect(Quantity(text)?.whole() == value)
        #expect(Quantity(text)?.double == Double(value))
    }

    @Test(arguments: ["1.5", "1e-1", "0.5k0", "9223372036854775808", "1e19", "1e400", "1.0005k"])
    func `what is not a whole number of 64 bits is none`(text: String) {
        #expect(Quantity(text)?.whole() == nil)
    }

    @Test(arguments: [
        "", "-", ".", "e3", "1e", "1e+", "1e401", "1 ", " 1", "0x10", "1_000", "1,5", "nan", "inf",
        ".inf", "1.2.3", "--1", "1e3k", "5kk", "5m", "5T", "5kB", "１",
    ])
    func `what is not a number is none`(text: String) {
        #expect(Quantity(text) == nil)
    }

    /// Floating point has the nearest double of each, which the standard library reads as well.
    @Test(arguments: ["0.1", "1e-6", ".5", "3.14159", "123456.789", "1e22", "2.5E-4", "1e300"])
    func `a fraction is the nearest double`(text: String) {
        #expect(Quantity(text)?.double == Double(text))
    }

    @Test func `equal numbers are equal values`() {
        #expect(Set(["1000", "1e3", "1k", "1000.0", "+1.000k"].map { Quantity($0) }).count == 1)
        #expect(Quantity("0") == Quantity("-0.0e5"))
    }
}
