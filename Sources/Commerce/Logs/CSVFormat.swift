/// Makes events of the rows of a CSV file.
struct CSVFormat: LogFormat {
    private let mapping: CSVMapping
    private let options: LogOptions
    private var symbols: SymbolTable
    private var source: Symbol
    /// Nil before the header was read.
    private var rows: CSVLineReader?
    private var window = OrderWindow()
    private var identity = RowIdentity()
    /// Whether what is held back is given out now.
    private var isClosing = false

    init(_ mapping: CSVMapping, _ options: LogOptions, _ symbols: SymbolTable) {
        self.mapping = mapping
        self.options = options
        self.symbols = symbols
        // The same for every file: what a row says tells it from another, not where it stands.
        source = symbols.symbol(for: "/log:csv", in: .text)
    }

    var needsHeader: Bool { rows == nil }
    var holdsBack: Bool { !window.isEmpty }

    mutating func takeHeader(_ record: Record?, file: String) throws(InputError) {
        guard let record else {
            throw InputError(.wrongFormat, "\(file): is empty; expected a header in its first line")
        }
        let header: CSVRow
        do throws(RejectionReason) {
            if let flaw = record.flaw {
                throw flaw
            }
            header = try CSVRow(record.bytes, delimiter: mapping.delimiter)
        } catch {
            throw InputError(
                .wrongFormat,
                "\(record.rejection(of: error, file: file)); expected a header"
            )
        }
        rows = CSVLineReader(
            mapping,
            columns: try CSVColumns(mapping, header: header, line: record.line, file: file),
            header: header.texts,
            source: source,
            symbols: symbols
        )
    }

    mutating func take(_ record: Record, file: String) throws(RejectionReason) {
        window.noteLine()
        guard record.isTerminated || options.lastRowIsWhole else {
            throw Record.unterminated("say 'lastRowIsWhole: true' in the mapping")
        }
        guard let line = try rows?.line(of: record) else { return }
        try window.add(line, symbols)
    }

    mutating func next(file: String, rejecting rejections: inout [Rejection]) -> LogEntry? {
        while var entry = isClosing ? window.take() : window.next() {
            if entry.event.name == .purchase, entry.event.value < 0 {
                let sum = Money(minorUnits: entry.event.value, currency: entry.event.currency)
                let flaw = RejectionReason(
                    .negativeValue,
                    "is worth \(sum), which is no sale; a return has a negative quantity"
                )
                var rejection = flaw.rejection(file: file, line: entry.line)
                rejection.records = entry.records
                rejections.append(rejection)
                continue
            }
            name(&entry)
            return entry
        }
        isClosing = false
        return nil
    }

    mutating func translate(from last: SymbolTable, to symbols: SymbolTable) {
        self.symbols = symbols
        source = symbols.adopt(source, of: last)
        rows?.translate(to: symbols, source)
        window.translate(from: last, to: symbols)
    }

    mutating func close() {
        isClosing = true
    }

    /// Gives the event of `entry` its id and its order, where the log has none for it.
    private mutating func name(_ entry: inout LogEntry) {
        let isPart = entry.event.isOrderPart
        if entry.isKnownByContent || isPart && entry.isKnownByOrder {
            entry.event.id = identity.id(of: entry.bytes, at: entry.event.time)
        }
        guard entry.event.name.subjectNamespace == .order else { return }
        if !entry.event.transaction.isPresent {
            entry.event.transaction = Symbol(orderOf: entry.event.id)
        }
        entry.event.subject = entry.event.transaction
        if entry.event.name == .purchase {
            window.notePublished(entry.event.transaction, symbols)
        }
    }
}
