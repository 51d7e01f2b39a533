/// What one who asks may take of a console.
package struct ConsoleLimits: Hashable, Sendable {
    /// Connections at a time; more wait until one of them ends.
    package var connections = 64
    /// Bytes of a header field, its name included.
    package var headerField = 8 << 10
    /// Bytes of all header fields together.
    package var headers = 16 << 10
    /// Header fields.
    package var headerCount = 64
    /// Bytes of a whole request; one that sends more is cut off.
    package var request = 64 << 10
    /// Bytes of answers that the system holds for a peer that does not read.
    package var sendBuffer = 128 << 10
    /// How long asking and taking the answer may last, and how long a connection may be silent: not
    /// longer than a probe of whether the process lives may wait for a place.
    package var exchange = Duration.seconds(10)

    package init() {}
}
