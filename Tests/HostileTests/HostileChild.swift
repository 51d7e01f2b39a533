import Foundation
import Timekeeping
import weir

#if canImport(Glibc)
import Glibc
#endif

/// A process that works through mutations: what traps, hangs or grows ends it, and not the tests.
///
/// ``HostileRun`` reads in the folder which mutation it was at, and what was said of it.
final class HostileChild {
    /// Processor time for one mutation, in seconds.
    private static let patience = 10
    /// In seconds of the clock, for what waits for ever; the machine may have other work.
    private static let waiting: UInt32 = 60
    /// In kibibytes, of the whole process.
    private static let mostMemory = 500 * 1024
    /// Whatever is wrong with a file, the program knows what it does: never 70.
    private static let codes: Set<Int32> = [0, 1, 64, 65, 66, 69, 75]

    private let share: HostileShare
    private let progress: Int32
    private let output: Int32
    /// How many commands ended with each code.
    private var ended: [Int32: Int] = [:]

    /// Commands print into a file of the folder from now on.
    init(_ share: HostileShare) {
        self.share = share
        progress = open("\(share.folder)/progress", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        output = open(
            "\(share.folder)/output",
            O_WRONLY | O_CREAT | O_TRUNC | O_APPEND,
            0o600
        )
        dup2(open("/dev/null", O_WRONLY), 1)
        dup2(output, 2)
    }

    /// Calls `body` with each seed of the share, and a generator of its own, until its time is up.
    func work(_ body: (Int, inout Randomness) async throws -> Void) async {
        let clock = ContinuousClock()
        let began = clock.now
        var (done, slowest, slowestSeed) = (0, Duration.zero, share.first)
        for seed in share.first..<share.end {
            let start = clock.now
            guard start - began < .seconds(share.seconds) else { break }
            limitTime()
            begin("mutation \(seed)")
            var chance = Randomness(seed: UInt64(seed))
            do {
                try await body(seed, &chance)
            } catch {
                fail("\(error)")
            }
            if peak > HostileChild.mostMemory { fail("\(peak / 1024) MiB") }
            let took = clock.now - start
            if took > slowest { (slowest, slowestSeed) = (took, seed) }
            done += 1
        }
        let codes = ended.sorted { $0.key < $1.key }.map { "\($0.value) ended with \($0.key)" }
        begin(
            "finished \(done) in \(clock.now - began), the slowest \(slowest) of \(slowestSeed), "
                + (codes + ["\(peak / 1024) MiB"]).joined(separator: ", ")
        )
    }

    private func limitTime() {
        var timer = itimerval(
            it_interval: timeval(tv_sec: 0, tv_usec: 0),
            it_value: timeval(tv_sec: HostileChild.patience, tv_usec: 0)
        )
        setitimer(Int32(ITIMER_PROF.rawValue), &timer, nil)
        alarm(HostileChild.waiting)
    }

    private var peak: Int {
        var usage = rusage()
        getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss
    }

    private func begin(_ text: String) {
        ftruncate(output, 0)
        ftruncate(progress, 0)
        lseek(progress, 0, SEEK_SET)
        note(text)
    }

    func note(_ text: String) {
        let line = Array("\(text)\n".utf8)
        write(progress, line, line.count)
    }

    func fail(_ text: String) -> Never {
        note(text)
        exit(2)
    }

    /// Runs a command; fails where it ends as no command may.
    func command(_ arguments: [String]) async {
        note("weir \(arguments.joined(separator: " "))")
        let code = await CommandRun.exitCode(of: arguments)
        if !HostileChild.codes.contains(code) { fail("ended with \(code)") }
        ended[code, default: 0] += 1
    }

    /// Runs a command of the preparation, which has to do what it says.
    func prepare(_ arguments: [String]) async {
        note("weir \(arguments.joined(separator: " "))")
        let code = await CommandRun.exitCode(of: arguments)
        if code != 0 { fail("the preparation ended with \(code)") }
    }
}
