internal import ArgumentParser
internal import Foundation
internal import Reports
internal import Storage

/// Where the report of a run goes: to standard output, and to files.
struct ReportOutput: ParsableArguments {
    @Option(
        help: "Also write the report here: .json, .md, .html or .txt (repeatable).",
        completion: .file(extensions: ["json", "md", "html", "txt"])
    )
    var report: [String] = []

    @Option(help: "How the summary is printed: text or json.")
    var format: SummaryFormat = .text

    @Flag(help: "Print the whole report, not only its summary.")
    var verbose = false

    mutating func validate() throws {
        for path in report where ReportFormat(path: path) == nil {
            throw ValidationError(
                "--report \(path): the name must end in .json, .md, .html or .txt."
            )
        }
    }

    /// Writes the files, and prints `finding`.
    func show(_ finding: some WrittenReport) throws {
        for path in report {
            guard let format = ReportFormat(path: path) else { continue }
            try ReportFile.write(try finding.rendered(as: format), to: path)
        }
        switch format {
        case .text:
            let document = verbose ? finding.document : finding.summary
            let text = document.text(
                colour: Terminal.usesColour,
                columns: Terminal.resultColumns
            )
            try Terminal.document(text + "\n")
        case .json: try Terminal.document(try finding.json())
        }
        for path in report { Terminal.message("report: \(path)") }
    }
}

/// How a listing is printed.
struct ListingOutput: ParsableArguments {
    @Option(help: "How it is printed: text or json.")
    var format: SummaryFormat = .text

    func print(_ listing: some WrittenListing) throws {
        switch format {
        case .text: try Terminal.document(listing.text(colour: Terminal.usesColour))
        case .json: try Terminal.document(try listing.json())
        }
    }
}

/// How a report is printed.
struct DocumentOutput: ParsableArguments {
    @Option(help: "How it is printed: text, json, markdown or html.")
    var format: ReportFormat = .text

    func print(_ report: some WrittenReport) throws {
        guard format == .text else {
            return try Terminal.document(try report.rendered(as: format))
        }
        try Terminal.document(
            report.document.text(
                colour: Terminal.usesColour,
                columns: Terminal.resultColumns,
                overflow: .below
            )
        )
    }
}

/// `--format` of a summary.
enum SummaryFormat: String, ExpressibleByArgument, CaseIterable {
    case text
    case json
}

extension ReportFormat: ExpressibleByArgument {}

/// The files that `--report` names.
enum ReportFile {
    /// Writes `text` to `path`, in a folder that is made where there is none.
    ///
    /// A file is replaced whole. A link, a pipe or a device is written through and stays what it
    /// is.
    ///
    /// - Throws: A `StoreError` that names the file.
    static func write(_ text: String, to path: String) throws(StoreError) {
        let data = Data(SecretArguments.masked(text).utf8)
        do {
            let target = URL(filePath: path)
            try FileManager.default.createDirectory(
                at: target.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            if isFile(path) {
                try data.write(to: target, options: .atomic)
            } else {
                try through(path, data)
            }
        } catch {
            let reason = (error as? Refusal)?.reason ?? error.localizedDescription
            throw StoreError(.unavailable, "the report \(path) cannot be written: \(reason)")
        }
    }

    private struct Refusal: Error {
        let code = errno

        var reason: String {
            code == ENXIO ? "nothing reads from the pipe" : String(cString: strerror(code))
        }
    }

    /// Whether a file, and no link to one, or nothing is there.
    private static func isFile(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFREG
    }

    private static func through(_ path: String, _ data: Data) throws {
        // Opening a pipe that nothing reads from would never return.
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw Refusal() }
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK)
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        try file.write(contentsOf: data)
        try file.close()
    }
}
