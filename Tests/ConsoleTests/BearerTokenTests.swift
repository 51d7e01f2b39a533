import HTTPServing
import Testing

@Suite struct BearerTokenTests {
    private static let secret = "correct-horse-battery"

    @Test(arguments: [
        "", "short", String(repeating: "a", count: 15), String(repeating: "a", count: 1025),
        "with a space in the middle", "ünïcödé-is-no-header-text", "two-lines-here\nand-there-xx",
    ])
    func `what a header cannot carry, or anyone could guess, is not a token`(text: String) {
        #expect(BearerToken(text) == nil)
    }

    @Test(arguments: ["", "\n", "\r\n", "\n\n"])
    func `the line end of a file is not part of the token`(end: String) throws {
        let token = try #require(BearerToken(Self.secret + end))
        #expect(token.isCarried(by: "Bearer \(Self.secret)"))
    }

    @Test func `the scheme may be written in any case`() throws {
        let token = try #require(BearerToken(Self.secret))
        #expect(token.isCarried(by: "bearer \(Self.secret)"))
        #expect(token.isCarried(by: "BEARER \(Self.secret)"))
    }

    @Test(arguments: [
        "", "Bearer", "Bearer ", secret, "Basic \(secret)", "Bearer \(secret)x",
        "Bearer x\(secret)",
        "Bearer \(secret.dropLast())", "Bearer \(secret)\(secret)", "Bearer  \(secret)",
        "Bearer \(secret.uppercased())",
    ])
    func `nothing but the token is the token`(authorization: String) throws {
        let token = try #require(BearerToken(Self.secret))
        #expect(!token.isCarried(by: authorization))
    }

    @Test func `a token that differs in any one byte is another one`() throws {
        let token = try #require(BearerToken(Self.secret))
        for place in Self.secret.utf8.indices {
            var bytes = Array(Self.secret.utf8)
            bytes[Self.secret.utf8.distance(from: Self.secret.utf8.startIndex, to: place)] ^= 1
            #expect(!token.isCarried(by: "Bearer " + String(decoding: bytes, as: UTF8.self)))
        }
    }
}
