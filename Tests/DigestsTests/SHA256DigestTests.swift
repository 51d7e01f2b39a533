import Digests
import Testing

@Suite struct SHA256DigestTests {
    /// The examples of FIPS 180-2, appendix B, and the digest of nothing.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func `a digest is that of the standard`(content: String, expected: String) {
        let digest = SHA256Digest(of: Array(content.utf8))
        #expect(hexadecimal(digest.bytes) == expected)
        #expect(digest.first == UInt64(expected.prefix(16), radix: 16))
        #expect(digest.second == UInt64(expected.dropFirst(16).prefix(16), radix: 16))
    }

    private func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0\(digits)" : digits
        }.joined()
    }
}
