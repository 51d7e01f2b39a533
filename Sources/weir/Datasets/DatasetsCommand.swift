internal import ArgumentParser
internal import Datasets
internal import Documents
internal import Reports
internal import Storage

/// `weir datasets`: what a warehouse's catalogue knows.
struct DatasetsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "datasets",
        abstract: "What is stored: each dataset, where it comes from, and its chain of blocks.",
        subcommands: [DatasetsListCommand.self, DatasetsShowCommand.self]
    )
}

/// `weir datasets list`.
struct DatasetsListCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "One line for each dataset."
    )

    @OptionGroup var options: WarehouseOptions

    @OptionGroup var output: ListingOutput

    func perform() async throws {
        let listing = try await options.open { opened in
            DatasetListing(try await opened.catalogue.datasets(), in: opened.label)
        }
        try output.print(listing)
    }
}

/// `weir datasets show`.
struct DatasetsShowCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "A dataset: its statistics, what is upstream and downstream, its chain."
    )

    @Argument(help: "The dataset's id, such as root/events, or its name.")
    var dataset: String

    @OptionGroup var options: WarehouseOptions

    @Option(
        help: "How many blocks of the chain's end are shown.",
        transform: ArgumentValue.whole(0...1_000_000)
    )
    var blocks = 20

    @Flag(help: "Recompute every hash of the chain; end with 1 where one differs.")
    var verify = false

    @OptionGroup var output: DocumentOutput

    func perform() async throws {
        let report = try await options.open { opened in try await read(from: opened) }
        try output.print(report)
        if report.verification?.holds == false { throw Gate.failed }
    }

    private func read(from opened: OpenCatalogue) async throws -> DatasetReport {
        let records = try await opened.catalogue.datasets()
        let named = records.filter { $0.id.text == dataset || $0.name == dataset }
        guard let record = named.first else {
            let known = records.flatMap { [$0.id.text, $0.name] }
            throw DocumentError(
                .notFound,
                "\(opened.label) has no dataset \"\(dataset)\"; 'weir datasets list' names them"
                    + suggestion(for: dataset, in: known)
            )
        }
        guard named.count == 1 else {
            throw ValidationError(
                "\"\(dataset)\" is the name of \(named.map(\.id.text).joined(separator: " and ")); "
                    + "say which."
            )
        }
        let end = record.statistics.map(\.blocks) ?? record.head.map { $0.sequence + 1 } ?? 0
        let chain = try await opened.catalogue.blocks(
            of: record.id,
            from: max(0, end - Int64(blocks)),
            atMost: blocks
        )
        let verdict = verify ? try await opened.catalogue.verify(record.id) : nil
        return DatasetReport(record, chain: chain, verdict: verdict)
    }
}
