internal import Synchronization
internal import Timekeeping

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// What comes through a pipe, a terminal or a socket, as it comes.
///
/// Only a thread of its own waits for the writer: the threads that run Swift's tasks must never
/// wait, or nothing else goes on. It reads ahead by a bounded number of bytes.
final class InputFeed: Sendable {
    /// How far the thread reads ahead.
    private static let room = 1 << 20

    /// Raised whenever there is more to take, or the end.
    let arrival: Signal
    private let pump: InputPump

    /// A feed of `descriptor`, which it closes at its end where it `owns` it.
    init(_ descriptor: Int32, owns: Bool) throws(InputError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw InputError(
                .unreadable,
                "no pipe could be made: \(String(cString: strerror(errno)))"
            )
        }
        arrival = Signal()
        pump = InputPump(
            descriptor: descriptor,
            owns: owns,
            wakingUp: ends[0],
            waker: ends[1],
            room: InputFeed.room,
            arrival: arrival
        )
        guard pump.start() else {
            throw InputError(.unreadable, "the system has no thread left to read the input on")
        }
    }

    deinit {
        pump.stop()
    }

    /// Moves what has come to the end of `buffer`.
    func take(into buffer: inout [UInt8]) -> InputFile.Portion {
        pump.take(into: &buffer)
    }
}

/// The state that a feed shares with its thread.
private final class InputPump: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var isEnded = false
        var isStopped = false
        var failure: String?
    }

    private let descriptor: Int32
    private let owns: Bool
    /// What the thread watches beside the input, and what is written to for it to look up.
    private let wakingUp: Int32
    private let waker: Int32
    private let room: Int
    private let arrival: Signal
    private let state = Mutex(State())

    init(
        descriptor: Int32,
        owns: Bool,
        wakingUp: Int32,
        waker: Int32,
        room: Int,
        arrival: Signal
    ) {
        self.descriptor = descriptor
        self.owns = owns
        self.wakingUp = wakingUp
        self.waker = waker
        self.room = room
        self.arrival = arrival
    }

    deinit {
        close(wakingUp)
        close(waker)
        if owns { close(descriptor) }
    }

    /// Starts the thread, which holds this object until it ends.
    func start() -> Bool {
        let pump = Unmanaged.passRetained(self)
        #if canImport(Glibc)
        var thread = pthread_t()
        #else
        var thread: pthread_t?
        #endif
        guard pthread_create(&thread, nil, InputPump.main, pump.toOpaque()) == 0 else {
            pump.release()
            return false
        }
        #if canImport(Glibc)
        pthread_detach(thread)
        #else
        if let thread { pthread_detach(thread) }
        #endif
        return true
    }

    #if canImport(Glibc)
    private static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? =
        { pump in
            if let pump {
                Unmanaged<InputPump>.fromOpaque(pump).takeRetainedValue().work()
            }
            return nil
        }
    #else
    private static let main: @convention(c) (UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? =
        { pump in
            Unmanaged<InputPump>.fromOpaque(pump).takeRetainedValue().work()
            return nil
        }
    #endif

    func stop() {
        state.withLock { $0.isStopped = true }
        wake()
    }

    private func wake() {
        var byte: UInt8 = 0
        // A pipe that is full wakes as well as one more byte in it would.
        _ = write(waker, &byte, 1)
    }

    func take(into buffer: inout [UInt8]) -> InputFile.Portion {
        let (portion, wasFull) = state.withLock { state -> (InputFile.Portion, Bool) in
            guard state.bytes.isEmpty else {
                let wasFull = state.bytes.count >= room
                buffer.append(contentsOf: state.bytes)
                state.bytes.removeAll(keepingCapacity: true)
                return (.bytes, wasFull)
            }
            if let failure = state.failure { return (.failure(failure), false) }
            return (state.isEnded ? .end : .pending, false)
        }
        if wasFull { wake() }
        return portion
    }

    /// The life of the thread: waits for the input, and takes what comes, until its end.
    private func work() {
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let (isStopped, isFull) = state.withLock { ($0.isStopped, $0.bytes.count >= room) }
            if isStopped { return }
            var watched = [
                pollfd(fd: wakingUp, events: Int16(POLLIN), revents: 0),
                pollfd(fd: isFull ? -1 : descriptor, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&watched, 2, -1) >= 0 || errno == EINTR else { return end(because: errno) }
            if watched[0].revents != 0 {
                var byte: UInt8 = 0
                _ = read(wakingUp, &byte, 1)
            }
            guard watched[1].revents != 0 else { continue }
            let count = read(descriptor, &chunk, chunk.count)
            if count > 0 {
                state.withLock { $0.bytes.append(contentsOf: chunk[..<count]) }
                arrival.raise()
            } else if count == 0 {
                return end(because: 0)
            } else if errno != EINTR, errno != EAGAIN {
                return end(because: errno)
            }
        }
    }

    private func end(because code: Int32) {
        state.withLock { state in
            state.isEnded = true
            if code != 0 { state.failure = String(cString: strerror(code)) }
        }
        arrival.raise()
    }
}
