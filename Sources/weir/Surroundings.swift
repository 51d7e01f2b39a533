internal import Foundation
internal import Timekeeping

/// The process's environment: signals, limits and the clock of the machine.
enum Surroundings {
    /// Something of the machine with which nothing can be done.
    struct Unfit: Error, CustomStringConvertible {
        let description: String
    }

    /// More open files are of no use to anything here.
    private static let files: rlim_t = 4096
    /// With fewer, opening stores, threads and sockets fails at some point or other.
    private static let fewestFiles: rlim_t = 32

    /// Makes errors of what would end the process, and takes the files that it may have.
    ///
    /// - Throws: ``Unfit`` if the clock is out of range, or too few files
    ///   may be open.
    static func prepare() throws(Unfit) {
        // A reader that has gone away, and a file that may grow no further, are errors of the
        // write, which says so.
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
        let limit = raiseFileLimit()
        guard limit >= fewestFiles else {
            throw Unfit(
                description: "only \(limit) files may be open at a time, and \(fewestFiles) are "
                    + "needed; raise the limit with 'ulimit -n'"
            )
        }
        guard RealTimeline.isClockSound else {
            throw Unfit(
                description: "the clock of this machine is before 1980 or after 2199; set it"
            )
        }
    }

    /// Whether the process was started to outlive its terminal, as nohup does.
    static var ignoresHangup: Bool {
        var action = sigaction()
        guard sigaction(SIGHUP, nil, &action) == 0 else { return false }
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
            == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    /// Gives the number of files that may be open now.
    private static func raiseFileLimit() -> rlim_t {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(resource, &limit) == 0, limit.rlim_cur < files else { return files }
        limit.rlim_cur = min(files, limit.rlim_max)
        setrlimit(resource, &limit)
        return limit.rlim_cur
    }
}
