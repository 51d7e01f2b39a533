import Foundation
import Testing

/// What one child is given to work through.
struct HostileShare: Codable, Sendable {
    var folder: String
    var first: Int
    var end: Int
    /// How long, at most.
    var seconds: Int
}

/// The children that work through one kind of mutation, one after the other: where one ends before
/// its time, the next goes on behind the mutation that ended it.
///
/// The seeds are the numbers from 0, so that every run makes the same mutations. It ends after
/// `seconds`, after WEIR_MUTATION_SECONDS, or with as many as WEIR_MUTATIONS says, of which
/// WEIR_MUTATION_FIRST may name the first; WEIR_MUTATION names a single one.
struct HostileRun {
    /// So many that memory which a mutation leaves behind would show.
    private static let mostOfAChild = 1000
    private static let mostFailures = 10

    private let kind: String
    private let folder: String
    private let end: Int
    private let seconds: Int
    private let began = ContinuousClock.now
    private var seed = 0
    private var failures = 0

    init(_ kind: String, seconds: Int) {
        self.kind = kind
        func number(_ name: String) -> Int? {
            ProcessInfo.processInfo.environment[name].flatMap { Int($0) }
        }
        let (single, count) = (number("WEIR_MUTATION"), number("WEIR_MUTATIONS"))
        seed = single ?? number("WEIR_MUTATION_FIRST") ?? 0
        end = single.map { $0 + 1 } ?? count.map { [seed] in seed + $0 } ?? .max
        self.seconds = end < .max ? 1_000_000 : number("WEIR_MUTATION_SECONDS") ?? seconds
        let place = FileManager.default.temporaryDirectory
            .appending(path: "weir-hostile-\(kind)-\(ProcessInfo.processInfo.processIdentifier)")
        folder = place.path
        try? FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    }

    /// What the next child is to do; nil where all is done, and the folder is removed.
    func share() -> HostileShare? {
        let left = seconds - Int((ContinuousClock.now - began).components.seconds)
        guard seed < end, left > 0, failures < HostileRun.mostFailures else {
            if failures == 0 { try? FileManager.default.removeItem(atPath: folder) }
            return nil
        }
        return HostileShare(
            folder: folder,
            first: seed,
            end: min(end, seed + HostileRun.mostOfAChild),
            seconds: left
        )
    }

    /// Takes note of how the child ended; what it was at when it failed is an issue of the test.
    mutating func conclude() {
        func text(_ name: String) -> String {
            let data = FileManager.default.contents(atPath: "\(folder)/\(name)") ?? Data()
            return String(decoding: data.suffix(4000), as: UTF8.self)
        }
        let progress = text("progress")
        let number = progress.split { " ,\n".contains($0) }.dropFirst().first.flatMap { Int($0) }
        if progress.hasPrefix("finished"), let number {
            seed += max(1, number)
            print("\(kind): \(seed) mutations; \(progress.dropLast())")
            return
        }
        failures += 1
        Issue.record("\(kind): \(progress)\n\(text("output"))")
        let isBehindPreparation = progress.hasPrefix("mutation")
        seed = isBehindPreparation ? (number ?? .max - 1) + 1 : end
    }
}
