internal import ArgumentParser

/// A command that does something: what all of them do alike is here, once.
protocol Verb: AsyncParsableCommand {
    /// Does it.
    ///
    /// - Throws: An error, which is reported on standard error and has its exit code in
    ///   ``ExitStatus``; or the `ExitCode` itself, where what there is to say has been said.
    func perform() async throws
}

extension Verb {
    func run() async throws {
        var code = ExitCode.success
        do {
            try await perform()
        } catch let end as ExitCode {
            code = end
        } catch {
            Terminal.message("weir: \(error)")
            code = ExitStatus(error).code
        }
        // Where rows of a store were left out, a result is not whole, and no gate can be held.
        if DamagedRows.tell(), code.isSuccess || code == Gate.failed {
            code = ExitStatus.wrongDocument.code
        }
        if !code.isSuccess { throw code }
    }
}
