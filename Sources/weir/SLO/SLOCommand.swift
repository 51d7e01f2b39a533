internal import ArgumentParser
internal import PrometheusStores
internal import SLO

/// `weir slo`: objectives held to a history.
struct SLOCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "slo",
        abstract: "Hold objectives to what a run, or a file, has of their history.",
        subcommands: [
            SLOReportCommand.self, SLOStatusCommand.self, SLOExplainCommand.self,
            SLOExportCommand.self, SLOReplayCommand.self, SLOLintCommand.self,
            SLORulesCommand.self,
        ]
    )

    /// Runs `body`; tells of an error on standard error and ends with the exit code for it, and
    /// with 65 where rows of a store were left out.
    static func reporting(_ body: () async throws -> Void) async throws {
        do {
            try await coded(body)
        } catch let code as ExitCode {
            let isTold = DamagedRows.tell()
            throw isTold && code == Gate.failed ? ExitStatus.wrongDocument.code : code
        }
        if DamagedRows.tell() { throw ExitStatus.wrongDocument.code }
    }

    private static func coded(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let error as ExitCode {
            throw error
        } catch let error as ValidationError {
            Terminal.message("weir: \(error.message)")
            throw ExitStatus.usage.code
        } catch let error as PrometheusError {
            Terminal.message("weir: \(error)")
            throw
                (error.code == .wrongQuery
                ? ExitStatus.wrongDocument : .storeUnavailable).code
        } catch let error as RecordedHistoryError {
            Terminal.message("weir: \(error)")
            throw ExitStatus.wrongDocument.code
        } catch {
            Terminal.message("weir: \(error)")
            throw ExitStatus(error).code
        }
    }
}
