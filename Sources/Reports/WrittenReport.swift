internal import FoundationEssentials

/// A form in which a report can be written.
package enum ReportFormat: String, CaseIterable, Sendable {
    /// As on a terminal.
    case text
    /// For programs.
    case json
    /// For issues and pages of a repository.
    case markdown
    /// One page with plots.
    case html

    /// The file name extension, without its dot.
    package var fileEnding: String {
        switch self {
        case .text: "txt"
        case .json: "json"
        case .markdown: "md"
        case .html: "html"
        }
    }

    /// The format that the extension of `path` asks for: `.json`, `.md`, `.html` or `.txt`.
    package init?(path: String) {
        let name = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
        guard let dot = name.lastIndex(of: ".") else { return nil }
        let ending = name[name.index(after: dot)...].lowercased()
        guard let format = ReportFormat.allCases.first(where: { $0.fileEnding == ending }) else {
            return nil
        }
        self = format
    }
}

/// What people read on a terminal, and programs read as JSON.
package protocol WrittenListing: Encodable {
    /// The listing for a terminal, ending with a newline.
    func text(colour: Bool) -> String
}

extension WrittenListing {
    /// As JSON, for programs; ends with a newline.
    package func json() throws -> String {
        try JSONText.write(self)
    }
}

/// A report that can be written in every form, all of which say the same.
package protocol WrittenReport: WrittenListing {
    /// What it says, for people.
    var document: ReportDocument { get }

    /// The least that a person wants to see of it on a terminal.
    var summary: ReportDocument { get }
}

extension WrittenReport {
    /// All of it, where a report has nothing shorter.
    package var summary: ReportDocument { document }

    package func text(colour: Bool) -> String {
        document.text(colour: colour)
    }

    /// The report in `format`, ending with a newline.
    package func rendered(as format: ReportFormat, colour: Bool = false) throws -> String {
        switch format {
        case .text: text(colour: colour)
        case .json: try json()
        case .markdown: document.markdown()
        case .html: document.html()
        }
    }
}

extension WrittenReport where Self: Decodable {
    /// The report that ``json()`` wrote.
    package init(json: String) throws {
        self = try JSONText.read(json)
    }
}

/// JSON as every report is written: keys in `snake_case` and sorted, so that two reports compare
/// by line.
///
/// What is nil is left out.
package enum JSONText {
    /// `value` as JSON, ending with a newline.
    package static func write(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return shown(String(decoding: try encoder.encode(value), as: UTF8.self)) + "\n"
    }

    /// `value` as JSON on one line, with keys as they are.
    ///
    /// It may hold secrets and what would steer a terminal; ``shown(_:)`` takes them out.
    package static func line(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    /// The value that ``write(_:)`` has written as `json`.
    package static func read<Value: Decodable>(_ json: String) throws -> Value {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Value.self, from: Data(json.utf8))
    }

    /// `json` without secrets, and with what would steer a terminal as an escape.
    package static func shown(_ json: String) -> String {
        var shown = String.UnicodeScalarView()
        for scalar in SecretText.masked(json).unicodeScalars {
            if ReportText.isShown(scalar) || scalar == "\n" {
                shown.append(scalar)
            } else {
                shown.append(contentsOf: ReportText.escape(scalar).unicodeScalars)
            }
        }
        return String(shown)
    }
}
