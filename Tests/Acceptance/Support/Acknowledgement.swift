import Foundation
import Testing

/// A delivery that the program said it had acknowledged.
struct Acknowledgement {
    var stage: String
    var stream: String
    /// The lines of the log it held.
    var lines: ClosedRange<Int64>

    /// The acknowledgements among the lines of standard error.
    static func all(in errors: String) throws -> [Acknowledgement] {
        struct Entry: Decodable {
            var message: String
            var metadata: [String: String]
        }
        // The last line may have been cut by the kill.
        let lines = errors.split(separator: "\n").filter { $0.hasPrefix("{") && $0.hasSuffix("}") }
        return try lines.compactMap { line in
            let entry = try JSONDecoder().decode(Entry.self, from: Data(line.utf8))
            guard entry.message == "acknowledged" else { return nil }
            let first = try #require(entry.metadata["first"].flatMap { Int64($0) })
            let last = try #require(entry.metadata["last"].flatMap { Int64($0) })
            let count = try #require(entry.metadata["count"].flatMap { Int64($0) })
            #expect(last - first + 1 == count, "the log has no gaps")
            return Acknowledgement(
                stage: try #require(entry.metadata["stage"]),
                stream: try #require(entry.metadata["stream"]),
                lines: first...last
            )
        }
    }
}
