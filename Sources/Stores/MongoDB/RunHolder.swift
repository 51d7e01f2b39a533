internal import Foundation
internal import Synchronization

/// The process that holds a database for its run, as another one finds it in the lease.
struct RunHolder: Hashable, Sendable {
    /// Unlike that of any other run.
    var run: String
    /// The machine, since it was started, and the processes that know each other by number there;
    /// empty if the system does not say.
    var place: String
    var process: Int64
    /// When the process began, as its system counts: numbers of processes come again.
    var began: String
    var host: String

    /// Its name in errors.
    var text: String {
        "another run (process \(process)" + (host.isEmpty ? ")" : " on \(host))")
    }

    private static let lastNumber = Atomic<Int>(0)

    /// This process, for one more run, which the server's clock tells from those of its like.
    static func current(at instant: Int64) -> RunHolder {
        let number = lastNumber.add(1, ordering: .relaxed).newValue
        let process = Int64(ProcessInfo.processInfo.processIdentifier)
        let host = line(of: "/proc/sys/kernel/hostname")
        let place = here
        return RunHolder(
            run: "\(host) \(place) \(process) \(instant) \(number)",
            place: place,
            process: process,
            began: beginning(of: process),
            host: host
        )
    }

    /// Whether the process is known to have ended: one of this machine that is not there any more.
    var isGone: Bool {
        !place.isEmpty && place == RunHolder.here && began != RunHolder.beginning(of: process)
    }

    private static var here: String {
        let boot = line(of: "/proc/sys/kernel/random/boot_id")
        let space = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")
        guard !boot.isEmpty, let space else { return "" }
        return "\(boot) \(space)"
    }

    /// When a process began, the 22nd field of what Linux says of it; empty if there is none.
    ///
    /// The name before may have spaces in it, and the third field says how the process is.
    private static func beginning(of process: Int64) -> String {
        let fields = line(of: "/proc/\(process)/stat").split(separator: ")").last?
            .split(separator: " ")
        // One that has ended and is not yet buried writes nothing any more.
        guard let fields, fields.count > 19, fields[0] != "Z" else { return "" }
        return String(fields[19])
    }

    private static func line(of path: String) -> String {
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").first.map(String.init) ?? ""
    }
}
