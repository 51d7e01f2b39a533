import Foundation
import Testing

@testable import Collector

@Suite("Packed bodies")
struct InflationTests {
    /// `{"event":"search"}`, by gzip.
    private static let search: [UInt8] = [
        0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xab, 0x56, 0x4a, 0x2d, 0x4b,
        0xcd, 0x2b, 0x51, 0xb2, 0x52, 0x2a, 0x4e, 0x4d, 0x2c, 0x4a, 0xce, 0x50, 0xaa, 0x05, 0x00,
        0xcf, 0xc4, 0x3e, 0x45, 0x12, 0x00, 0x00, 0x00,
    ]

    @Test("a body is unpacked, also one of several members")
    func unpacked() throws {
        let text = #"{"event":"search"}"#
        let one = try Inflation.unpacked(Self.search, atMost: text.utf8.count)
        #expect(String(decoding: one, as: UTF8.self) == text)
        let two = try Inflation.unpacked(Self.search + Self.search, atMost: 100)
        #expect(String(decoding: two, as: UTF8.self) == text + text)
    }

    @Test("a body that unpacks to more than the limit is given up at the limit")
    func bomb() {
        #expect(throws: Inflation.Failure.tooLarge) {
            try Inflation.unpacked(Self.search, atMost: 17)
        }
        let many = Array(repeatElement(Self.search, count: 200_000).joined())
        #expect(throws: Inflation.Failure.tooLarge) {
            try Inflation.unpacked(many, atMost: 1 << 20)
        }
    }

    @Test("what is cut off or damaged is no body", arguments: [0, 1, 9, 12, 20, 30])
    func damaged(_ count: Int) {
        #expect(throws: Inflation.Failure.malformed) {
            try Inflation.unpacked(Array(Self.search.prefix(count)), atMost: 1 << 20)
        }
        var changed = Self.search
        changed[count] ^= 0x55
        _ = try? Inflation.unpacked(changed, atMost: 1 << 20)
    }
}
