internal import COpenSSL

/// A SHA-256 (FIPS 180-4), computed by the system's libcrypto.
package struct SHA256Digest: Hashable, Sendable {
    /// The first 64 bits, the big end first.
    package let first: UInt64
    /// The 64 bits after these.
    package let second: UInt64
    private let third: UInt64
    private let fourth: UInt64

    /// The digest of `content`.
    package init(of content: [UInt8]) {
        // OpenSSL writes the bytes in their order, whatever the machine's own is.
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        let code = withUnsafeMutableBytes(of: &words) { digest in
            content.withUnsafeBytes { bytes in
                let (start, count) = (bytes.baseAddress, bytes.count)
                return EVP_Digest(start, count, digest.baseAddress, nil, Method.sha256.pointer, nil)
            }
        }
        precondition(code == 1, "OpenSSL computes no SHA-256; see its configuration")
        first = UInt64(bigEndian: words.0)
        second = UInt64(bigEndian: words.1)
        third = UInt64(bigEndian: words.2)
        fourth = UInt64(bigEndian: words.3)
    }

    /// The HMAC-SHA-256 of `content` under `key` (RFC 2104): without the key nobody can try out
    /// what the content may have been.
    package init(of content: [UInt8], key: [UInt8]) {
        let blockLength = 64
        var block = key.count > blockLength ? SHA256Digest(of: key).bytes : key
        block += Array(repeating: 0, count: blockLength - block.count)
        let inner = SHA256Digest(of: block.map { $0 ^ 0x36 } + content)
        self.init(of: block.map { $0 ^ 0x5c } + inner.bytes)
    }

    /// Its 32 bytes, first to last.
    package var bytes: [UInt8] {
        [first, second, third, fourth].flatMap { word in
            (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * $0)) }
        }
    }
}

/// An algorithm of OpenSSL, looked up once.
///
/// `@unchecked Sendable`: nothing changes a method once it is fetched, and it is never given back,
/// so all threads may use it at the same time (`EVP_MD_fetch(3)`).
private struct Method: @unchecked Sendable {
    static let sha256 = Method(pointer: EVP_MD_fetch(nil, "SHA256", nil))

    /// Nil where this system's OpenSSL has none, which its use then tells.
    let pointer: OpaquePointer?
}
