internal import Foundation
internal import Reports
internal import Storage
internal import Timekeeping

/// Standard output for results, standard error for everything else.
enum Terminal {
    /// Whether colour may be used on standard output: a terminal, and no `NO_COLOR`.
    static var usesColour: Bool {
        isatty(1) == 1 && (ProcessInfo.processInfo.environment["NO_COLOR"] ?? "").isEmpty
    }

    /// Writes the lines of a result, and a line end behind them.
    ///
    /// - Throws: What ``document(_:)`` throws.
    static func result(_ text: String) throws {
        try document(ReportText.printableLines(text) + "\n")
    }

    /// Writes a text that was made to be shown, with its line ends: a report, rules, a history.
    ///
    /// - Throws: The exit code of a pipe that nothing reads any more, as `head` leaves it; a
    ///   `StoreError` where standard output is closed, or on a full disk.
    static func document(_ text: String) throws {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(1, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
                continue
            }
            switch errno {
            case EINTR: continue
            case EAGAIN:
                var output = pollfd(fd: 1, events: Int16(POLLOUT), revents: 0)
                _ = poll(&output, 1, -1)
            case EPIPE: throw ExitStatus.unread.code
            default:
                throw StoreError(
                    .unavailable,
                    "standard output cannot be written to (\(String(cString: strerror(errno)))); "
                        + "what was to be shown is lost"
                )
            }
        }
    }

    /// Writes a message: the one place where what somebody sent or typed comes to standard error,
    /// but for the log.
    static func message(_ text: String) {
        write(ReportText.printableLines(SecretArguments.masked(text)) + "\n")
    }

    /// Whether people read standard error: it is a terminal.
    static let isRead = isatty(2) == 1

    /// How many columns the terminal of standard error has now; 80 where it does not say.
    static var columns: Int { columns(of: 2) ?? 80 }

    /// How many columns a result may take: those of a terminal, any number elsewhere.
    static var resultColumns: Int { columns(of: 1) ?? .max }

    private static func columns(of descriptor: Int32) -> Int? {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    /// Writes `text` over the live line; removes it where there is none.
    static func live(_ text: String = "") {
        write("\r\u{1b}[K" + ReportText.printable(text))
    }

    /// Writes a line for people where a live line may stand, which is written anew after it.
    static func remark(_ text: String) {
        write("\r\u{1b}[K" + ReportText.printable(SecretArguments.masked(text)) + "\n")
    }

    /// Writes bytes of the log.
    static func log(_ line: String) {
        write(JSONText.shown(SecretArguments.masked(line)) + "\n")
    }

    /// Raised when nothing reads standard error any more.
    static let isUnread = Signal()

    /// Where standard error is gone, messages are dropped.
    private static func write(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(2, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EPIPE {
                isUnread.raise()
                return
            } else if errno != EINTR {
                return
            }
        }
    }
}
