internal import Foundation
internal import NIOCore
internal import NIOPosix
internal import TestSupport
internal import Timekeeping

/// Requests to a collector, each with events that no other request has.
struct BenchRequests: Sendable {
    private let parts: [[UInt8]]
    private let next = Locked<UInt64>(0)

    /// Requests with so many events each; one event is sent alone, more as a batch.
    init(events count: Int) {
        var parts: [[UInt8]] = []
        let isBatch = count > 1
        let type = isBatch ? "application/cloudevents-batch+json" : "application/cloudevents+json"
        var text = isBatch ? "[" : ""
        for number in 0..<count {
            text += (number == 0 ? "" : ",") + #"{"specversion":"1.0","id":"0190b0a0-"#
            parts.append(Array(text.utf8))
            text =
                #"-8000-0000\#(10_000_000 + number)","#
                + #""source":"/web","type":"com.example.add_to_cart.v1","#
                + #""time":"2026-11-30T12:00:00Z","datacontenttype":"application/json","#
                + #""data":{"user_id":"u\#(number)","session_id":"s\#(number)","currency":"USD","#
                + #""value":12.5,"items":[{"item_id":"p\#(number)","price":12.5}]}}"#
        }
        text += isBatch ? "]" : ""
        parts.append(Array(text.utf8))
        // Each id has nine more bytes: four digits, a hyphen, four digits.
        let length = parts.reduce(0) { $0 + $1.count } + 9 * count
        let head =
            "POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Type: \(type)\r\n"
            + "Content-Length: \(length)\r\n\r\n"
        parts[0].insert(contentsOf: Array(head.utf8), at: 0)
        self.parts = parts
    }

    /// The next request; its events have ids of their own.
    func write(to buffer: inout ByteBuffer) {
        let number = next.change { next -> UInt64 in
            next += 1
            return next & 0xffff_ffff
        }
        var digits: [UInt8] = []
        for shift in stride(from: 28, through: 0, by: -4) {
            let digit = UInt8(number >> UInt64(shift) & 15)
            digits.append(digit < 10 ? 48 + digit : 87 + digit)
        }
        digits.insert(UInt8(ascii: "-"), at: 4)
        buffer.writeBytes(parts[0])
        for part in parts.dropFirst() {
            buffer.writeBytes(digits)
            buffer.writeBytes(part)
        }
    }
}

/// Connections that stay open, on one thread, each with one request at a time.
final class CollectorLoad: Sendable {
    /// An answer other than 202, or the end of a connection.
    struct Failed: Error {}

    /// One connection; on the thread of the load alone.
    private final class Connection: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        /// Hears that the answer has come, and whether it was 202.
        var onAnswer: (Bool) -> Void = { _ in }
        private var answer: [UInt8] = []

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            answer += unwrapInboundIn(data).readableBytesView
            // Its answer has no body.
            guard answer.suffix(4).elementsEqual("\r\n\r\n".utf8) else { return }
            let isAccepted = answer.starts(with: "HTTP/1.1 202".utf8)
            answer.removeAll(keepingCapacity: true)
            onAnswer(isAccepted)
        }

        func channelInactive(context: ChannelHandlerContext) { onAnswer(false) }
    }

    private let group: MultiThreadedEventLoopGroup
    private let loop: any EventLoop
    private let channels: [any Channel]

    private init(_ group: MultiThreadedEventLoopGroup, _ channels: [any Channel]) {
        self.group = group
        loop = group.next()
        self.channels = channels
    }

    static func open(_ count: Int, to port: Int) async throws -> CollectorLoad {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        var channels: [any Channel] = []
        for _ in 0..<count {
            channels.append(
                try await ClientBootstrap(group: group)
                    .channelInitializer { channel in
                        channel.eventLoop.makeCompletedFuture {
                            try channel.pipeline.syncOperations.addHandler(Connection())
                        }
                    }
                    .connect(host: "127.0.0.1", port: port).get()
            )
        }
        return CollectorLoad(group, channels)
    }

    func close() async throws {
        for channel in channels { try? await channel.close() }
        try await group.shutdownGracefully()
    }

    /// Answers per second, where each connection sends again as soon as it is answered.
    func closedLoop(_ requests: BenchRequests, for length: Duration) async throws -> Double {
        let times = try await run(requests, perSecond: nil, for: length)
        return Double(times.count) / length.inSeconds
    }

    /// The 99th percentile in milliseconds, where requests are to be sent at fixed times; one waits
    /// for a connection, which counts.
    func p99(
        _ requests: BenchRequests,
        perSecond rate: Double,
        for length: Duration
    ) async throws -> Double {
        let times = try await run(requests, perSecond: rate, for: length).sorted()
        guard !times.isEmpty else { throw Failed() }
        return Double(times[min(times.count - 1, times.count * 99 / 100)]) / 1_000_000
    }

    /// Nanoseconds from the time at which each request was to be sent until its answer.
    private func run(
        _ requests: BenchRequests,
        perSecond rate: Double?,
        for length: Duration
    ) async throws -> [Int64] {
        try await loop.flatSubmit { [self] in
            let round = Round(channels, requests, rate, length, on: loop)
            return round.begin()
        }.get()
    }

    /// One round of load; on the thread of the load alone.
    private final class Round {
        private let channels: [any Channel]
        private let requests: BenchRequests
        /// Nanoseconds between two requests; nil where each answer makes room for the next.
        private let gap: Double?
        private let start: NIODeadline
        private let end: NIODeadline
        private let loop: any EventLoop
        private let done: EventLoopPromise<[Int64]>
        private var times: [Int64] = []
        private var idle: [Int] = []
        private var busy = 0
        private var due = 0
        private var hasFailed = false
        private var isScheduled = false

        init(
            _ channels: [any Channel],
            _ requests: BenchRequests,
            _ rate: Double?,
            _ length: Duration,
            on loop: any EventLoop
        ) {
            self.channels = channels
            self.requests = requests
            gap = rate.map { 1_000_000_000 / $0 }
            start = .now()
            end = start + TimeAmount(length)
            self.loop = loop
            done = loop.makePromise()
        }

        func begin() -> EventLoopFuture<[Int64]> {
            idle = Array(channels.indices)
            fill()
            return done.futureResult
        }

        /// Sends what is due.
        private func fill() {
            let now = NIODeadline.now()
            while !hasFailed, let place = idle.last {
                let time = gap.map { start + .nanoseconds(Int64(Double(due) * $0)) } ?? now
                guard time < end else { break }
                guard time <= now else {
                    // About a millisecond is as exact as the system's timer.
                    guard !isScheduled else { return }
                    isScheduled = true
                    loop.assumeIsolated().scheduleTask(deadline: time) {
                        self.isScheduled = false
                        self.fill()
                    }
                    return
                }
                guard now < end else { break }
                idle.removeLast()
                due += 1
                send(at: place, dueAt: time)
            }
            if busy == 0, !isScheduled {
                if hasFailed { done.fail(Failed()) } else { done.succeed(times) }
            }
        }

        private func send(at place: Int, dueAt time: NIODeadline) {
            let channel = channels[place]
            busy += 1
            var buffer = channel.allocator.buffer(capacity: 1024)
            requests.write(to: &buffer)
            guard
                let connection = try? channel.pipeline.syncOperations.handler(
                    type: Connection.self
                )
            else { return }
            connection.onAnswer = { [self] isAccepted in
                connection.onAnswer = { _ in }
                busy -= 1
                idle.append(place)
                if isAccepted {
                    times.append((NIODeadline.now() - time).nanoseconds)
                } else {
                    hasFailed = true
                }
                fill()
            }
            channel.writeAndFlush(buffer, promise: nil)
        }
    }
}
