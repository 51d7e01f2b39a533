import Foundation
import Testing

/// `weir new`: files to begin with.
struct TemplateCommandTests {
    @Test(arguments: ["invariant", "slo", "scenario", "pipeline"])
    func `what is written is sound as it is, and is not written over`(kind: String) async throws {
        let folder = try TestFolder()
        let path =
            folder.path("made/own-\(kind)")
            + (kind == "invariant" ? ".sql" : ".yaml")
        let made = try await Program.run(["new", kind, "own-\(kind)", "--to", path])
        #expect(made.exitCode == 0, "\(made.errors)")
        #expect(made.output.hasPrefix(path))
        let store = "memory:"
        let read =
            switch kind {
            case "invariant": ["invariants", "lint", path]
            case "slo": ["slo", "lint", path]
            case "scenario":
                [
                    "simulate", Program.storefront, "--for", "21m", "--rate", "1", "--scenario",
                    path, "--raw", store, "--warehouse", store,
                ]
            default:
                [
                    "simulate", path, "--for", "1m", "--rate", "1", "--raw", store,
                    "--warehouse", store,
                ]
            }
        let ending = try await Program.run(read)
        #expect(ending.exitCode == 0, "\(ending.output)\(ending.errors)")
        #expect(!ending.errors.contains("warning:"))

        let again = try await Program.run(["new", kind, "own-\(kind)", "--to", path])
        #expect(again.exitCode == 64)
        #expect(again.errors.contains("is there already"))
    }

    @Test func `a name that would be none is refused`() async throws {
        for name in ["Own", "1st", "a b", "../x", ""] {
            let ending = try await Program.run(["new", "invariant", name])
            #expect(ending.exitCode == 64)
            #expect(ending.errors.contains("is not a name"))
        }
        let kind = try await Program.run(["new", "invariants", "own"])
        #expect(kind.exitCode == 64)
    }
}
