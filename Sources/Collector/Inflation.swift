internal import CZlib

/// Unpacks bodies that came packed by gzip or zlib, up to a limit, which a small body can be made
/// to exceed a thousand times over.
enum Inflation {
    enum Failure: Error {
        case tooLarge
        case malformed
    }

    private static let chunk = 1 << 16

    /// What `packed` unpacks to, at most `limit` bytes.
    static func unpacked(_ packed: [UInt8], atMost limit: Int) throws(Failure) -> [UInt8] {
        var stream = z_stream()
        // 15 bits of window; 32 more have zlib tell gzip from its own format.
        let size = Int32(MemoryLayout<z_stream>.size)
        guard inflateInit2_(&stream, 15 + 32, ZLIB_VERSION, size) == Z_OK else {
            throw .malformed
        }
        defer { inflateEnd(&stream) }
        var input = packed
        var output: [UInt8] = []
        var room = [UInt8](repeating: 0, count: chunk)
        let failure = input.withUnsafeMutableBufferPointer { input -> Failure? in
            stream.next_in = input.baseAddress
            stream.avail_in = UInt32(clamping: input.count)
            while true {
                let (status, made) = room.withUnsafeMutableBufferPointer { room in
                    stream.next_out = room.baseAddress
                    stream.avail_out = UInt32(room.count)
                    let status = inflate(&stream, Z_NO_FLUSH)
                    return (status, room.count - Int(stream.avail_out))
                }
                guard output.count + made <= limit else { return .tooLarge }
                output.append(contentsOf: room[..<made])
                switch status {
                case Z_STREAM_END:
                    if stream.avail_in == 0 { return nil }
                    // A gzip file may have several members.
                    guard inflateReset(&stream) == Z_OK else { return .malformed }
                case Z_OK where made > 0 || stream.avail_in > 0: continue
                default: return .malformed
                }
            }
        }
        if let failure { throw failure }
        return output
    }
}
