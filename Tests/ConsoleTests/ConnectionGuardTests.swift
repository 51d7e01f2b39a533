import HTTPServing
import NIOCore
import NIOEmbedded
import Testing

/// The guard by itself, in the time of a test.
@Suite struct ConnectionGuardTests {
    private let loop = EmbeddedEventLoop()
    private let channel: EmbeddedChannel

    init() throws {
        var limits = ServerLimits()
        limits.exchange = .seconds(30)
        limits.request = 100
        channel = EmbeddedChannel(handler: ConnectionGuard(limits), loop: loop)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    private func receive(_ count: Int) throws {
        try channel.writeInbound(ByteBuffer(repeating: 65, count: count))
    }

    @Test func `silence is borne for so long, and no longer`() {
        loop.advanceTime(by: .milliseconds(29_999))
        #expect(channel.isActive)
        loop.advanceTime(by: .milliseconds(1))
        #expect(!channel.isActive)
    }

    @Test func `nothing that the peer sends prolongs it`() throws {
        for _ in 0..<30 {
            #expect(channel.isActive)
            try receive(1)
            loop.advanceTime(by: .seconds(1))
        }
        #expect(!channel.isActive)
    }

    @Test func `an answer that is taken begins anew`() throws {
        for _ in 0..<5 {
            loop.advanceTime(by: .seconds(29))
            try receive(90)
            try channel.writeOutbound(ByteBuffer(string: "an answer"))
            #expect(channel.isActive)
        }
        loop.advanceTime(by: .seconds(30))
        #expect(!channel.isActive)
    }

    @Test func `an answer that is not taken begins nothing anew`() throws {
        loop.advanceTime(by: .seconds(29))
        // Written, and not flushed to the peer.
        channel.pipeline.write(ByteBuffer(string: "an answer"), promise: nil)
        loop.advanceTime(by: .seconds(1))
        #expect(!channel.isActive)
    }

    @Test func `a request has so many bytes, in whatever pieces`() throws {
        try receive(60)
        try receive(40)
        #expect(channel.isActive)
        try receive(1)
        #expect(!channel.isActive)
        var passed = 0
        while let bytes = try channel.readInbound(as: ByteBuffer.self) {
            passed += bytes.readableBytes
        }
        #expect(passed == 100, "what is beyond the limit goes nowhere")
    }
}
