internal import ArgumentParser
internal import Commerce

/// `weir inspect`.
struct InspectCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Guess how a shop's log is read, and show its first events.",
        discussion: """
            The log is CSV, or has a JSON object a line. Looks at the first 500 rows. Prints the \
            'input:' of a pipeline file, with what it is not sure of as comments, and the first \
            three events as they would be read.
            """
    )

    @Argument(help: "The file.", completion: .file())
    var file: String

    mutating func validate() throws {
        if file == "-" {
            throw ValidationError("A log is read twice to be inspected; name a file, not a pipe.")
        }
    }

    func perform() async throws {
        let inspection = try LogInspection(of: file)
        let sample = try inspection.sample(of: file, count: 3)
        let events = ["# As it would be read:"] + sample.map { "#   \($0)" }
        try Terminal.result(inspection.yaml + events.joined(separator: "\n"))
    }
}
