#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// The files, sockets among them, that the process has open and may have.
package struct OpenFiles: Hashable, Sendable {
    /// Nil where the system does not say.
    package var count: Int?
    /// Nil for no limit.
    package var limit: Int?

    /// What is left for everything else: stores that are opened again, reports, logs.
    private static let reserve = 32
    /// With fewer nothing is listened on: the event loop alone takes four.
    private static let least = 12

    package init(count: Int?, limit: Int?) {
        self.count = count
        self.limit = limit
    }

    /// As they are now.
    package static var now: OpenFiles {
        var limit = rlimit()
        let isKnown = getrlimit(files, &limit) == 0 && limit.rlim_cur < UInt64(Int.max)
        return OpenFiles(count: openCount, limit: isKnown ? Int(limit.rlim_cur) : nil)
    }

    /// How many of at most `most` connections may be open at once, so that files are left for
    /// everything else; nil if there are too few to listen at all.
    package func connections(atMost most: Int) -> Int? {
        guard let count, let limit else { return most }
        let free = limit - count
        guard free >= OpenFiles.least else { return nil }
        return min(most, max(free - OpenFiles.reserve, free / 3))
    }

    private static var openCount: Int? {
        guard let folder = opendir("/proc/self/fd") else { return nil }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        // Without itself, its parent, and the one that reads the folder.
        return count - 3
    }

    #if canImport(Glibc)
    private static let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
    private static let files = RLIMIT_NOFILE
    #endif
}
