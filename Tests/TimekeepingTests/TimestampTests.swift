import Testing
import Timekeeping

struct TimestampTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0),
        ("1997-01-01T00:00:00Z", 852_076_800_000_000_000),
        ("2024-02-29T12:34:56.789Z", 1_709_210_096_789_000_000),
        ("2001-09-09T01:46:40.000001Z", 1_000_000_000_000_001_000),
        ("2001-09-09T01:46:40.000000001Z", 1_000_000_000_000_000_001),
        ("1969-12-31T23:59:59.999999999Z", -1),
        ("1900-03-01T00:00:00Z", -2_203_891_200_000_000_000),
    ])
    func `known instants are printed and read`(text: String, nanoseconds: Int64) {
        #expect(Timestamp(nanoseconds: nanoseconds).description == text)
        #expect(Timestamp(rfc3339: text) == Timestamp(nanoseconds: nanoseconds))
    }

    @Test(arguments: [
        ("1985-04-12T23:20:50.52Z", "1985-04-12T23:20:50.520Z"),
        ("1996-12-19T16:39:57-08:00", "1996-12-20T00:39:57Z"),
        ("1937-01-01T12:00:27.87+00:20", "1937-01-01T11:40:27.870Z"),
        ("1990-12-31T23:59:60Z", "1991-01-01T00:00:00Z"),
        ("1990-12-31T15:59:60-08:00", "1991-01-01T00:00:00Z"),
        ("2024-01-01t00:00:00z", "2024-01-01T00:00:00Z"),
        ("2024-01-01T00:00:00.000000000Z", "2024-01-01T00:00:00Z"),
        ("2024-03-01T00:30:00+01:00", "2024-02-29T23:30:00Z"),
    ])
    func `the forms of RFC 3339 are read`(text: String, canonical: String) {
        #expect(Timestamp(rfc3339: text)?.description == canonical)
    }

    @Test(arguments: [
        "", "2024", "2024-01-01", "2024-01-01T00:00:00", "2024-01-01 00:00:00Z",
        "2024-01-01T00:00Z", "2024-13-01T00:00:00Z", "2024-00-01T00:00:00Z",
        "2023-02-29T00:00:00Z", "2024-01-32T00:00:00Z", "2024-01-01T24:00:00Z",
        "2024-01-01T00:60:00Z", "2024-01-01T00:00:61Z", "2024-01-01T00:00:00.Z",
        "2024-01-01T00:00:00.1234567890Z", "2024-01-01T00:00:00,5Z", "2024-01-01T00:00:00Z ",
        " 2024-01-01T00:00:00Z", "2024-01-01T00:00:00+0100", "2024-01-01T00:00:00+24:00",
        "2024-01-01T00:00:00+01:60", "2024-01-01T00:00:00*01:00", "2024-01-01T00:00:00+01:00Z",
        "+024-01-01T00:00:00Z", "2024-1-01T00:00:00ZZ", "2024-01-01T0a:00:00Z",
        "1677-12-31T00:00:00Z", "2262-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
        "２０２４-01-01T00:00:00Z",
    ])
    func `what is not RFC 3339 is refused`(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `what is printed is read again as the same instant`(seed: UInt64) {
        var chance = Randomness(seed: seed)
        let first = Int64(-9_214_560_000)  // 1678-01-01
        let span = UInt64(9_214_646_400 + 9_214_560_000)  // to the end of 2261
        let units: [Int64] = [1, 1000, 1_000_000, 1_000_000_000]
        for _ in 0..<2000 {
            let second = first + Int64(chance.below(span))
            let unit = units[Int(chance.below(4))]
            let fraction = Int64(chance.below(1_000_000_000)) / unit * unit
            let instant = Timestamp(nanoseconds: second * 1_000_000_000 + fraction)
            #expect(Timestamp(rfc3339: instant.description) == instant)
        }
    }

    @Test func `the last instant is printed`() {
        #expect(Timestamp.distantFuture.description == "2262-04-11T23:47:16.854775807Z")
    }

    @Test func `durations are added and taken away`() {
        let instant = Timestamp(seconds: 100)
        #expect(instant + .milliseconds(1500) == Timestamp(nanoseconds: 101_500_000_000))
        #expect(instant - .seconds(101) == Timestamp(seconds: -1))
        #expect(Timestamp(seconds: 3) - Timestamp(seconds: 5) == .seconds(-2))
        #expect(Timestamp(seconds: 3) < Timestamp(seconds: 5))
    }

    @Test func `a duration is cut to whole nanoseconds`() {
        #expect(
            Duration(secondsComponent: 1, attosecondsComponent: 1_999_999_999).inNanoseconds
                == 1_000_000_001
        )
        #expect(Duration.seconds(-2).inNanoseconds == -2_000_000_000)
        #expect(Duration.milliseconds(250).inSeconds == 0.25)
    }

    @Test(arguments: [(0, 1, "0"), (7, 3, "007"), (1234, 2, "1234"), (-5, 3, "-005")])
    func `decimal numbers are padded with zeros`(value: Int, width: Int, text: String) {
        var bytes: [UInt8] = []
        bytes.appendDecimal(value, width: width)
        #expect(String(decoding: bytes, as: UTF8.self) == text)
    }

    @Test func `the smallest integer is printed in full`() {
        var bytes: [UInt8] = []
        bytes.appendDecimal(.min)
        #expect(String(decoding: bytes, as: UTF8.self) == "-9223372036854775808")
    }
}
