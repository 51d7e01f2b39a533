internal import Dispatch
internal import Synchronization
package import Timekeeping

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// A source whose next events are made on a thread of its own, while those before are counted.
///
/// It is for sources whose events follow from themselves alone, never from when or for how many
/// they are asked: the shopper model under a load is one. Then it gives the same events in the same
/// portions as that source would, so a run in virtual time is the same with it and without it.
///
/// - Invariant: Who asks waits for the thread at most as long as one portion takes to make; the
///   thread waits for room only, which there is whenever somebody waits for it. So neither waits
///   for a task, and virtual time stands still meanwhile. The thread ends with the last copy of
///   the source, which waits for that.
package struct AheadSource: EventSource {
    package let stream: Symbol
    package let symbols: SymbolTable
    private let maker: AheadMaker
    /// What is given out now; nil before the first and after the last.
    private var portion: Batch?
    /// The place in ``portion`` of the next event.
    private var next = 0
    private var hasEnded = false

    /// The events of `source`, made ahead in portions of `size`.
    package init(_ source: any EventSource, portionsOf size: Int = 4096) {
        stream = source.stream
        symbols = source.symbols
        maker = AheadMaker(source, size: size)
    }

    package mutating func fill(
        _ builder: inout BatchBuilder,
        until horizon: Timestamp,
        limit: Int
    ) throws(InputError) -> Timestamp? {
        var left = max(0, limit)
        while let portion = try current() {
            if builder.events.isEmpty { builder.firstOffset = portion.origin.offset(at: next) }
            let end = min(portion.count, next + left)
            let taken = portion.events[next..<end].prefix { $0.time <= horizon }
            builder.append(taken, of: portion)
            left -= taken.count
            next += taken.count
            if next < portion.count { return portion.events[next].time }
        }
        return nil
    }

    /// The portion in which there is a next event; nil at the end.
    private mutating func current() throws(InputError) -> Batch? {
        if let portion, next < portion.count { return portion }
        portion = nil
        guard !hasEnded else { return nil }
        next = 0
        // There is no empty portion but the last.
        let made = try maker.take().get()
        hasEnded = made.isLast
        portion = made.events.count > 0 ? made.events : nil
        return portion
    }
}

extension BatchBuilder {
    /// Adds events of a batch that follow one another there, with their items.
    fileprivate mutating func append(_ some: ArraySlice<Event>, of batch: Batch) {
        guard let first = some.first, let last = some.last else { return }
        let shift = items.count - Int(first.firstItem)
        let from = events.count
        items += batch.items[Int(first.firstItem)..<last.itemRange.upperBound]
        events += some
        guard shift != 0 else { return }
        for place in from..<events.count {
            events[place].firstItem = UInt32(
                truncatingIfNeeded: Int(events[place].firstItem) + shift
            )
        }
    }
}

/// Owns the thread that makes events ahead: it ends with this.
private final class AheadMaker: Sendable {
    private let portions: AheadPortions

    init(_ source: any EventSource, size: Int) {
        portions = AheadPortions(source, size: size)
        // The thread holds the portions, not this object, which could otherwise never go.
        let pointer = Unmanaged.passRetained(portions).toOpaque()
        #if canImport(Glibc)
        var thread = pthread_t()
        #else
        var thread: pthread_t?
        #endif
        let code = pthread_create(&thread, nil, AheadMaker.main, pointer)
        precondition(code == 0, "the system has no thread left for a source")
        #if canImport(Glibc)
        pthread_detach(thread)
        #else
        if let thread { pthread_detach(thread) }
        #endif
    }

    deinit {
        portions.stop()
    }

    func take() -> AheadPortions.Made { portions.take() }

    #if canImport(Glibc)
    private static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? =
        { portions in
            if let portions {
                let ended = Unmanaged<AheadPortions>.fromOpaque(portions).takeRetainedValue().work()
                ended.signal()
            }
            return nil
        }
    #else
    private static let main: @convention(c) (UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? =
        { portions in
            let ended = Unmanaged<AheadPortions>.fromOpaque(portions).takeRetainedValue().work()
            ended.signal()
            return nil
        }
    #endif
}

/// What is made and not taken yet, in order: a few portions at most.
private final class AheadPortions: Sendable {
    typealias Made = Result<(events: Batch, isLast: Bool), InputError>

    private struct State {
        var made: [Made] = []
        var isStopped = false
    }

    private static let room = 4

    private let source: any EventSource
    private let size: Int
    private let state = Mutex(State())
    /// Raised for each portion that is made.
    private let made = DispatchSemaphore(value: 0)
    /// Raised for each place that a portion may take, and once to stop.
    private let room = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)

    init(_ source: any EventSource, size: Int) {
        self.source = source
        self.size = size
        for _ in 0..<AheadPortions.room { room.signal() }
    }

    /// The next portion, once it is made; none comes after the last.
    func take() -> Made {
        made.wait()
        let first = state.withLock { $0.made.removeFirst() }
        room.signal()
        return first
    }

    /// Ends the thread, and waits for that.
    func stop() {
        state.withLock { $0.isStopped = true }
        room.signal()
        ended.wait()
    }

    /// The life of the thread: makes portions until the last, or until it is stopped.
    ///
    /// - Returns: What it is to raise as the last, when it holds nothing any more.
    func work() -> DispatchSemaphore {
        var source = source
        let pool = BatchPool()
        var goesOn = true
        while goesOn {
            room.wait()
            if state.withLock({ $0.isStopped }) { break }
            let portion = make(&source, pool)
            goesOn = (try? !portion.get().isLast) ?? false
            state.withLock { $0.made.append(portion) }
            made.signal()
        }
        return ended
    }

    private func make(_ source: inout any EventSource, _ pool: BatchPool) -> Made {
        var builder = BatchBuilder(
            stream: source.stream,
            symbols: source.symbols,
            capacity: size,
            pool: pool
        )
        do throws(InputError) {
            let next = try source.fill(&builder, until: .distantFuture, limit: size)
            return .success((builder.finish(schedule: .asRecorded), isLast: next == nil))
        } catch {
            return .failure(error)
        }
    }
}
