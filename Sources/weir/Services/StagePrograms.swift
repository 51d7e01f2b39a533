internal import Commerce
internal import Foundation
internal import Logging
internal import Pipeline
internal import Storage
internal import Subprocess
internal import Synchronization
internal import SystemPackage
internal import Timekeeping

/// The programs that a run starts since stages of its pipeline name their commands: each runs while
/// the run does, is started again where it ends, and what it prints becomes logs of the run.
struct StagePrograms: Sendable {
    /// How long a program has to end after SIGTERM.
    private static let parting = Duration.seconds(5)
    /// A program that lives for less has failed to begin.
    private static let infancy = Duration.seconds(5)
    /// How often in succession it may.
    private static let attempts = 5

    private let stages: [(name: String, plan: PipelineDocument.Stage.External)]
    private let folder: String
    private let settings: @Sendable () -> [String: String]
    private let timeline: any Timeline
    private let logger: Logger
    /// Raised when there is something to be taken.
    let begun = Timekeeping.Signal()

    /// The programs of `document`, which begin in `folder`, with `settings` in their environment.
    init(
        _ document: PipelineDocument,
        in folder: String,
        _ timeline: any Timeline,
        _ logger: Logger,
        settings: @escaping @Sendable () -> [String: String]
    ) {
        stages = document.stages.compactMap { stage in
            stage.external.flatMap { $0.command.isEmpty ? nil : (stage.name, $0) }
        }
        self.folder = folder.isEmpty ? "." : folder
        self.settings = settings
        self.timeline = timeline
        self.logger = logger
    }

    /// Runs `body` while the programs run, and then ends them.
    ///
    /// - Throws: What `body` throws; ``StageProgramError`` where a program cannot be started, or
    ///   goes on ending.
    func running<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        guard !stages.isEmpty else { return try await body() }
        let (stop, ended) = (Timekeeping.Signal(), Timekeeping.Signal())
        return try await withCompanions(
            {
                defer { ended.raise() }
                try await begun.wait(since: 0)
                try await withThrowingTaskGroup { group in
                    for (name, plan) in stages {
                        group.addTask { try await keepRunning(plan, of: name, until: stop) }
                    }
                    while try await group.next() != nil {}
                }
            },
            body: {
                let result: Result<Value, any Error>
                do { result = .success(try await body()) } catch { result = .failure(error) }
                stop.raise()
                begun.raise()
                try await ended.wait(since: 0)
                return try result.get()
            }
        )
    }

    /// Runs the program of the stage `name`, again and again, until `stop` is raised.
    private func keepRunning(
        _ plan: PipelineDocument.Stage.External,
        of name: String,
        until stop: Timekeeping.Signal
    ) async throws {
        var failures = 0
        while stop.version == 0 {
            let began = timeline.now
            let status = try await run(plan, of: name, until: stop)
            try Task.checkCancellation()
            guard stop.version == 0 else { return }
            failures = timeline.now - began < StagePrograms.infancy ? failures + 1 : 0
            logger.warning(
                "the program of a stage has ended, and is started again",
                metadata: ["stage": "\(name)", "status": "\(status)"]
            )
            guard failures < StagePrograms.attempts else {
                throw StageProgramError(
                    "the program of the stage \"\(name)\" has ended \(failures) times in "
                        + "succession, last with \(status); see what it says: "
                        + "weir logs stage=\(name)"
                )
            }
            let pause = Duration.milliseconds(100) * (1 << failures)
            try await timeline.wait(for: stop, since: 0, until: timeline.now + pause)
        }
    }

    private func run(
        _ plan: PipelineDocument.Stage.External,
        of name: String,
        until stop: Timekeeping.Signal
    ) async throws -> String {
        var variables: [Environment.Key: String?] = [
            "SERVICE": name,
            "PUBSUB_PROJECT_ID": "weir",
            "PUBSUB_SUBSCRIPTION": plan.subscription,
            "PUBSUB_TOPIC": plan.topic,
        ]
        // order-free: by name
        for (name, value) in settings() {
            variables[Environment.Key(stringLiteral: name)] = value
        }
        var options = PlatformOptions()
        // An interrupt at the terminal is the run's: it lets the program finish first.
        options.processGroupID = 0
        do {
            let result = try await Subprocess.run(
                plan.command[0].contains("/")
                    ? .path(FilePath("\(folder)/\(plan.command[0])")) : .name(plan.command[0]),
                arguments: Arguments(Array(plan.command.dropFirst())),
                environment: .inherit.updating(variables),
                workingDirectory: FilePath(folder),
                platformOptions: options,
                input: .none,
                output: .sequence,
                error: .combinedWithOutput
            ) { execution in
                let process = execution.processIdentifier.value
                Survivors.add(process)
                defer { Survivors.remove(process) }
                try await withCompanions(
                    {
                        try await stop.wait(since: 0)
                        try execution.send(signal: .terminate)
                        try await timeline.sleep(until: timeline.now + StagePrograms.parting)
                        try execution.send(signal: .kill)
                    },
                    body: {
                        var lines = ProgramLines()
                        for try await buffer in execution.standardOutput {
                            for line in buffer.withUnsafeBytes({ lines.add($0) }) {
                                note(line, of: name)
                            }
                        }
                        if let rest = lines.rest { note(rest, of: name) }
                    }
                )
            }
            switch result.terminationStatus {
            case .exited(let code): return "exit code \(code)"
            case .signaled(let signal): return "signal \(signal)"
            }
        } catch let error as SubprocessError {
            throw StageProgramError(
                "the program of the stage \"\(name)\", \(plan.command[0]), cannot be started in "
                    + "\(folder): \(error)"
            )
        }
    }

    /// A line that the program of the stage `name` has printed becomes a log of it: an object of
    /// JSON with its fields, anything else as the words of one.
    private func note(_ line: [UInt8], of name: String) {
        guard !line.isEmpty else { return }
        let tree = try? JSONTree(body: line)
        guard let tree, tree.isObject else {
            let text = String(decoding: line, as: UTF8.self)
            logger.info("\(text)", metadata: ["stage": "\(name)"])
            return
        }
        var message = ""
        var level = Logger.Level.info
        var metadata: Logger.Metadata = [:]
        for (key, value) in tree.members {
            let text = value.text ?? value.json
            switch key {
            case "message", "msg": message = text
            case "level", "severity": level = Logger.Level(rawValue: text.lowercased()) ?? level
            case "time", "timestamp": break
            default: metadata[key] = "\(text)"
            }
        }
        metadata["stage"] = "\(name)"
        logger.log(level: level, "\(message)", metadata: metadata)
    }
}

/// A program that a stage is, and that does not run.
struct StageProgramError: Error, CustomStringConvertible {
    /// What is wrong, and the remedy.
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// Takes what a program prints apart into lines, of which only the beginning is kept where they are
/// longer than any log should be; a pure value.
struct ProgramLines {
    private static let longest = 32 << 10
    private var line: [UInt8] = []

    /// The lines that end in `bytes`.
    mutating func add(_ bytes: UnsafeRawBufferPointer) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        for part in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .enumerated()
        {
            if part.offset > 0 {
                lines.append(line)
                line = []
            }
            line += part.element.prefix(ProgramLines.longest - line.count)
        }
        return lines
    }

    /// What no line end has followed; nil where there is nothing.
    var rest: [UInt8]? { line.isEmpty ? nil : line }
}

/// The programs that must not live on where this process ends at once, as by a second interrupt.
private enum Survivors {
    private static let processes = Mutex<Set<pid_t>>([])
    private static let atExit: Void = {
        atexit {
            // order-free: each is ended
            for process in Survivors.processes.withLock({ $0 }) { kill(process, SIGTERM) }
        }
    }()

    static func add(_ process: pid_t) {
        _ = atExit
        processes.withLock { _ = $0.insert(process) }
    }

    static func remove(_ process: pid_t) {
        processes.withLock { _ = $0.remove(process) }
    }
}
