/// Something that code may not say, except in places that are named with it.
struct BanRule {
    var words: [String]
    var remedy: String
    var exempt: [String] = []
    /// Whether a comment just above, with the reason, allows it.
    var allowsReason = false

    func check(_ file: SwiftFile) -> [Finding] {
        guard !exempt.contains(where: file.file.isWithin) else { return [] }
        var findings: [Finding] = []
        for (index, line) in file.code.enumerated() {
            for word in words where line.mentions(word) && !line.places(of: word).isEmpty {
                if allowsReason, file.hasComment(near: index, above: 3) { continue }
                findings.append(Finding(file.path, line: index + 1, "`\(word)`: \(remedy)"))
                break
            }
        }
        return findings
    }

    /// Where a library for programs of others, which has no run to be repeated, asks the system.
    private static let trackerSystem = "Sources/WeirTracker/TrackerSystem.swift"

    static let all = [
        BanRule(
            words: [
                "Date()", "Date.now", "Date(timeIntervalSinceNow", "ContinuousClock",
                "SuspendingClock", "DispatchTime", "ProcessInfo.processInfo.systemUptime",
                "clock_gettime", "gettimeofday",
            ],
            remedy: "ask the Timeline that is handed in, so that virtual time works too",
            exempt: ["Sources/Timekeeping/RealTimeline.swift", trackerSystem]
        ),
        BanRule(
            words: ["Task.sleep", "Thread.sleep", "usleep(", "nanosleep("],
            remedy: "wait with the Timeline that is handed in, so that virtual time works too",
            exempt: ["Sources/Timekeeping/RealTimeline.swift", trackerSystem]
        ),
        BanRule(
            words: ["Task {", "Task{", "Task(priority", "Task<Void, Never> {", "Task.detached"],
            remedy: "use a task group or async let: an unstructured task leaves the executor",
            exempt: [trackerSystem]
        ),
        BanRule(
            words: ["DispatchQueue", "OperationQueue", "Thread("],
            remedy: "use structured concurrency: a queue leaves the executor"
        ),
        BanRule(
            words: ["SystemRandomNumberGenerator", "UUID()", ".shuffled()", ".shuffle()"],
            remedy: "draw from a Randomness with a seed, so that a run can be repeated",
            exempt: [trackerSystem]
        ),
        BanRule(
            words: ["try!", "fatalError(", "fatalError ("],
            remedy: "throw an error a user understands; precondition with a message for what only "
                + "a fault of the program can cause"
        ),
        BanRule(
            words: ["print(", "debugPrint(", "dump(", "NSLog("],
            remedy: "log with the Logger that is handed in; only the command line prints",
            exempt: ["Sources/weir"]
        ),
        BanRule(
            words: ["nonisolated(unsafe)"],
            remedy: "use a Mutex, an atomic or an immutable value"
        ),
        BanRule(
            words: ["@unchecked Sendable"],
            remedy: "use a Mutex, or say in a comment just above why no race is possible",
            allowsReason: true
        ),
        BanRule(
            words: ["as? any", "as! any", "is any", "as? Memory", "as! Memory", "is Memory"],
            remedy: "ask the port: what a store can do is a property of it, which layers pass on",
            exempt: ["Sources/weir/Weir.swift"]
        ),
        BanRule(
            words: ["@testable"],
            remedy: "give the test a `package` declaration to stand on"
        ),
    ]
}

/// Finds randomness without a seed: calls that fall back to the system's generator.
enum SeedRule {
    static func check(_ file: SwiftFile) -> [Finding] {
        var findings: [Finding] = []
        for (index, line) in file.code.enumerated() {
            for word in [".random(", ".randomElement("] where line.mentions(word) {
                for place in line.places(of: word) {
                    // A call may go on over a few lines.
                    let next = file.code[(index + 1)...].prefix(4).map { $0[...] }
                    let rest = ([line[place...]] + next).joined(separator: "\n")
                    let arguments = rest[...].dropFirst(word.count).balancedPrefix(closing: ")")
                    guard !arguments.contains("using:") else { continue }
                    findings.append(
                        Finding(
                            file.path,
                            line: index + 1,
                            "`\(word)` without `using:`: draw from a Randomness with a seed"
                        )
                    )
                }
            }
        }
        return findings
    }
}
