internal import NIOPosix
internal import Synchronization

/// Threads for servers, which are kept when a server has ended and taken by the next one.
///
/// They are never ended: the library tells them of the end of a connection when the server has
/// ended already, and a thread that is gone by then is an error that it logs.
enum ServerThreads {
    private static let idle = Mutex<[Int: [MultiThreadedEventLoopGroup]]>([:])

    /// So many threads that nobody else has.
    static func take(_ count: Int) -> MultiThreadedEventLoopGroup {
        idle.withLock { $0[count]?.popLast() }
            ?? MultiThreadedEventLoopGroup(numberOfThreads: count)
    }

    /// Keeps the threads of a server that has ended for another one.
    static func giveBack(_ threads: MultiThreadedEventLoopGroup, _ count: Int) {
        idle.withLock { $0[count, default: []].append(threads) }
    }
}
