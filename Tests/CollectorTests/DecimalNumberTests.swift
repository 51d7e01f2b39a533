import Collector
import Testing

@Suite("Decimal numbers")
struct DecimalNumberTests {
    @Test(
        "are kept to their last digit, with exponents written out",
        arguments: [
            ("0", "0"), ("-0.10", "-0.10"), ("12.30", "12.30"), ("1e2", "100"), ("1.5E+1", "15"),
            ("1e-7", "0.0000001"), ("0.30000000000000004", "0.30000000000000004"),
            ("123456789012345678901234567890", "123456789012345678901234567890"), ("0e99", "0"),
        ]
    )
    func text(written: String, expected: String) {
        #expect(DecimalNumber(written)?.text == expected)
    }

    @Test(
        "are what JSON calls a number, of at most 30 digits",
        arguments: [
            "", "-", "+1", "01", "1.", ".5", "1e", "1e+", "1e1000", "1 ", "$19", "1,5", "NaN",
            "1234567890123456789012345678901", "1e40", "1e-40", "0x10",
        ]
    )
    func no(text: String) {
        #expect(DecimalNumber(text) == nil)
    }

    @Test("add, subtract and multiply exactly")
    func arithmetic() throws {
        let price = try #require(DecimalNumber("0.1"))
        let other = try #require(DecimalNumber("0.20"))
        let three = try #require(DecimalNumber("3"))
        #expect((price + other)?.text == "0.30")
        #expect((price + -other)?.text == "-0.10")
        #expect((price * three)?.text == "0.3")
        #expect(DecimalNumber("2.00")?.wholeText == "2")
        #expect(DecimalNumber("2.01")?.wholeText == nil)
        let large = try #require(DecimalNumber("999999999999999999999999999999"))
        #expect(large * large == nil)
    }
}
