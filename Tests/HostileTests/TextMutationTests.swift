import Foundation
import Testing
import Timekeeping

/// Texts are damaged, and a command that reads them is run over them.
@Suite(.serialized) struct TextMutationTests {
    @Test(arguments: HostileText.allCases)
    func `no damage to a text makes a command trap, hang or grow`(kind: HostileText) async {
        var run = HostileRun(kind.rawValue, seconds: 4)
        while let share = run.share() {
            await #expect(processExitsWith: .success) {
                [kind = kind as HostileText, share = share as HostileShare] in
                let child = HostileChild(share)
                let folder = share.folder
                let examples = try kind.examples()
                try await kind.prepare(in: folder, child)
                if kind == .answer {
                    let server = try HostileAnswers(file: "\(folder)/\(kind.file)")
                    try Data(HostileDocument.queried(port: server.port).utf8)
                        .write(to: URL(filePath: "\(folder)/queried.yaml"))
                }
                let commands = kind.commands(in: folder)
                // Nothing could be said of damage to what is refused as it stands.
                for example in examples where share.first == 0 {
                    try Data(example).write(to: URL(filePath: "\(folder)/\(kind.file)"))
                    for command in commands { await child.prepare(command) }
                }
                await child.work { _, chance in
                    let text = TextMutator.mutate(chance.one(of: examples), &chance)
                    try Data(text).write(to: URL(filePath: "\(folder)/\(kind.file)"))
                    await child.command(chance.one(of: commands))
                }
            }
            run.conclude()
        }
    }
}
