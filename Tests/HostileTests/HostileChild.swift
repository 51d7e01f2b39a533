import Foundation
import Testing
import Timekeeping
import weir

#if canImport(Glibc)
import Glibc
#endif

/// A process that works through mutations: what traps, hangs or grows ends it, and not the tests.
enum HostileChild {
    /// Processor time for one mutation, in seconds.
    private static let patience = 10
    /// In kibibytes, of the whole process.
    private static let mostMemory = 500 * 1024
    /// Whatever is wrong with a file, the program knows what it does: never 70.
    private static let codes: Set<Int32> = [0, 1, 64, 65, 66, 69, 75]

    /// How many mutations of each kind: `usual`, or as many as WEIR_MUTATIONS says.
    static func seeds(usual: Int) -> Range<Int> {
        let environment = ProcessInfo.processInfo.environment
        let first = environment["WEIR_MUTATION"].flatMap { Int($0) }
        if let first { return first..<first + 1 }
        return 0..<(environment["WEIR_MUTATIONS"].flatMap { Int($0) } ?? usual)
    }

    /// A folder for the child, which the parent can read from.
    static func folder(_ kind: String) -> String {
        let place = FileManager.default.temporaryDirectory
            .appending(path: "weir-hostile-\(kind)-\(ProcessInfo.processInfo.processIdentifier)")
        try? FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        return place.path
    }

    /// What the child was at when it ended, and removes its folder.
    static func lastWords(_ folder: String) -> String {
        func text(_ name: String) -> String {
            let data = FileManager.default.contents(atPath: "\(folder)/\(name)") ?? Data()
            return String(decoding: data.suffix(3000), as: UTF8.self)
        }
        let words = "\(text("progress"))\n\(text("output"))"
        if words.contains("finished") { try? FileManager.default.removeItem(atPath: folder) }
        return words
    }

    /// Calls `body` with each seed and a generator of its own; what it returns is what is wrong.
    static func work(
        _ seeds: Range<Int>,
        in folder: String,
        _ body: (Int, inout Randomness, Diary) async throws -> Void
    ) async {
        let diary = Diary(folder)
        for seed in seeds {
            var timer = itimerval(
                it_interval: timeval(tv_sec: 0, tv_usec: 0),
                it_value: timeval(tv_sec: patience, tv_usec: 0)
            )
            setitimer(Int32(ITIMER_PROF.rawValue), &timer, nil)
            alarm(120)
            diary.begin("mutation \(seed)")
            var chance = Randomness(seed: UInt64(seed))
            do {
                try await body(seed, &chance, diary)
            } catch {
                diary.fail("\(error)")
            }
            var usage = rusage()
            getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
            if usage.ru_maxrss > mostMemory { diary.fail("\(usage.ru_maxrss / 1024) MiB") }
        }
        diary.begin("finished")
    }

    /// Where a child writes what it does, and the commands what they print.
    struct Diary {
        private let progress: Int32
        private let output: Int32

        init(_ folder: String) {
            progress = open("\(folder)/progress", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
            output = open("\(folder)/output", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0o600)
            dup2(open("/dev/null", O_WRONLY), 1)
            dup2(output, 2)
        }

        func begin(_ text: String) {
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
            if !codes.contains(code) { fail("ended with \(code)") }
        }
    }
}
