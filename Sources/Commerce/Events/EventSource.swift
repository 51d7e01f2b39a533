package import Timekeeping

/// What a producer publishes: the shopper model, or a log of what real shoppers did.
///
/// A source makes events only when asked, in the order of their times, and never
/// reads a clock.
package protocol EventSource: Sendable {
    /// The input's name, the same whenever the same input is read again.
    var stream: Symbol { get }
    /// What the symbols of the events of the next call mean.
    var symbols: SymbolTable { get }

    /// Adds to `builder` the next events whose time is not after `horizon`, at most `limit`.
    ///
    /// The builder is one of the source's ``stream`` and ``symbols`` as they are now: both may be
    /// others after the call.
    ///
    /// What cannot be made an event of goes to ``BatchBuilder/rejections`` and does not stop
    /// the rest.
    ///
    /// - Returns: The time of the next event, or nil at the end of the input.
    /// - Throws: ``InputError`` if the input cannot be read any further.
    mutating func fill(
        _ builder: inout BatchBuilder,
        until horizon: Timestamp,
        limit: Int
    ) throws(InputError) -> Timestamp?

    /// What there is to wait for before the next call; nil if it would find more, or the end.
    var arrival: InputArrival? { get }

    /// Lets the source give out what it holds back, since nothing came to it for a while.
    mutating func settle()
}

extension EventSource {
    package var arrival: InputArrival? { nil }
    package mutating func settle() {}
}

/// The next bytes of an input that is written while it is read.
package struct InputArrival: Sendable {
    /// Raised when there is more.
    package var signal: Signal
    /// Its version before the source last looked.
    package var version: UInt64
    /// Whether the source has read what may become one event with what comes next.
    package var holdsBack: Bool
}

/// One record of an input that no event could be made of.
@usableFromInline package struct Rejection: Hashable, Sendable, CustomStringConvertible {
    /// The input's file name, or `-` for standard input.
    @usableFromInline package var file: String
    /// From 1.
    @usableFromInline package var line: Int
    /// From 1, in bytes; nil if the record as a whole is wrong.
    @usableFromInline package var column: Int?
    /// The attribute, key or column that is wrong; nil if the record as a whole is.
    @usableFromInline package var field: String?
    /// The class it is counted under, such as `bad-date`: few, and without dynamic values.
    @usableFromInline package var reason: String
    /// What is wrong, what was expected, and how to fix it.
    @usableFromInline package var message: String
    /// How many records it is about: of an order with several lines, all of them.
    @usableFromInline package var records = 1

    /// `file:line:column: field: message`, without the parts it does not have.
    @usableFromInline package var description: String {
        let place = column.map { "\(file):\(line):\($0)" } ?? "\(file):\(line)"
        return field.map { "\(place): \($0): \(message)" } ?? "\(place): \(message)"
    }
}

/// An input that cannot be read at all, or not any further.
package struct InputError: Error, CustomStringConvertible {
    /// What a caller decides on.
    package enum Code: Sendable {
        /// There is no such file, or it is a directory.
        case notFound
        /// The file is there and cannot be read.
        case unreadable
        /// The file is not in the format it was read as.
        case wrongFormat
    }

    package var code: Code
    /// A sentence that names the file and the remedy.
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    @usableFromInline package var description: String { message }
}

/// A source that ends early: after a number of events, before an end time, or both.
package struct LimitedSource<Base: EventSource>: EventSource {
    private var base: Base
    /// How many events may still be made.
    private var remaining: Int
    private let end: Timestamp
    private let isPaced: Bool

    /// The first `events` events of `base`, as far as their times lie before `end`.
    ///
    /// - Parameters:
    ///   - base: The source that goes on for longer.
    ///   - events: How many events there are at most; nil for any number.
    ///   - end: Events of this time or a later one are not made; nil for no end.
    ///   - isPaced: False where the events of `base` have the time they are asked for (a traffic
    ///     model without a load): asked at `end` or later, it has then ended.
    package init(
        _ base: Base,
        events: Int? = nil,
        end: Timestamp? = nil,
        isPaced: Bool = true
    ) {
        self.base = base
        remaining = events ?? .max
        self.end = end ?? .distantFuture
        self.isPaced = isPaced
    }

    package var stream: Symbol { base.stream }
    package var symbols: SymbolTable { base.symbols }

    package var arrival: InputArrival? { remaining > 0 ? base.arrival : nil }

    package mutating func settle() {
        base.settle()
    }

    package mutating func fill(
        _ builder: inout BatchBuilder,
        until horizon: Timestamp,
        limit: Int
    ) throws(InputError) -> Timestamp? {
        guard remaining > 0, end > .distantPast, isPaced || horizon < end else { return nil }
        let before = builder.events.count
        let lastBeforeEnd = Timestamp(nanoseconds: end.nanoseconds - 1)
        let next = try base.fill(
            &builder,
            until: min(horizon, lastBeforeEnd),
            limit: min(limit, remaining)
        )
        remaining -= builder.events.count - before
        guard remaining > 0, let next, next < end else { return nil }
        return next
    }
}

extension LimitedSource: Sendable where Base: Sendable {}
