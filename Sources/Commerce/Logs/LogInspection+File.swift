internal import Timekeeping

extension LogInspection {
    /// How many rows are looked at.
    private static let rowLimit = 500

    /// Looks at the first rows of the file at `path`: JSON where it begins with a brace, else CSV.
    package init(of path: String) throws(InputError) {
        let reader = try RecordReader(path: path)
        var lines: [JSONTree] = []
        while lines.count < LogInspection.rowLimit, case .record(let record) = try reader.next() {
            guard record.rejection == nil, !record.isBlank else { continue }
            guard record.bytes.first(where: { $0 > 0x20 }) == UInt8(ascii: "{") else { break }
            if let tree = try? JSONTree(Array(record.bytes)) { lines.append(tree) }
        }
        if lines.isEmpty {
            try self.init(csv: path)
        } else {
            self.init(lines: lines)
        }
    }

    /// Looks at the first rows of the CSV file at `path`.
    package init(csv path: String) throws(InputError) {
        let delimiter = try LogInspection.delimiter(of: path)
        let reader = try RecordReader(path: path, delimiter: delimiter)
        var table: [[String]] = []
        while table.count <= LogInspection.rowLimit, case .record(let record) = try reader.next() {
            guard record.rejection == nil, !record.isBlank,
                let row = try? CSVRow(record.bytes, delimiter: delimiter)
            else { continue }
            table.append(row.texts)
        }
        guard let header = table.first, header.count > 1 else {
            throw InputError(
                .wrongFormat,
                "\(reader.fileName): no header of a CSV file in its first line; expected the "
                    + "names of columns with a comma, semicolon, tab or bar between"
            )
        }
        self.init(header: header, rows: Array(table.dropFirst()), delimiter: delimiter)
    }

    /// The delimiter that is most often in the first line, outside quotes.
    private static func delimiter(of path: String) throws(InputError) -> UInt8 {
        let reader = try RecordReader(path: path)
        guard case .record(let line) = try reader.next() else { return UInt8(ascii: ",") }
        var counts: [(byte: UInt8, count: Int)] = Array(",;\t|".utf8).map { ($0, 0) }
        var isQuoted = false
        for byte in line.bytes {
            if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
            guard !isQuoted, let place = counts.firstIndex(where: { $0.byte == byte }) else {
                continue
            }
            counts[place].count += 1
        }
        // Of as many the first one, which is the commonest.
        let most = counts.map(\.count).max() ?? 0
        return counts.first { $0.count == most }?.byte ?? UInt8(ascii: ",")
    }

    /// The first `count` events of the file at `path` as the mapping reads them, and what is
    /// rejected on the way, a text each.
    package func sample(of path: String, count: Int) throws(InputError) -> [String] {
        var options = LogOptions()
        options.lastRowIsWhole = true
        let symbols = SymbolTable()
        var source =
            form == .table
            ? try LogReplay(csv: path, mapping: mapping, options: options, symbols: symbols)
            : try LogReplay(ndjson: path, mapping: lines, options: options, symbols: symbols)
        var builder = BatchBuilder(stream: source.stream, symbols: source.symbols, capacity: count)
        _ = try source.fill(&builder, until: .distantFuture, limit: count)
        let rejections = builder.rejections.prefix(count).map { "rejected: \($0)" }
        let batch = builder.finish(schedule: .asRecorded)
        return batch.events.indices.map { LogInspection.text(of: $0, batch) } + rejections
    }

    private static func text(of place: Int, _ batch: Batch) -> String {
        let event = batch.events[place]
        let symbols = batch.symbols
        var words = ["\(event.time)", event.name.ga4]
        for (name, symbol, namespace) in [
            ("order", event.transaction, Namespace.order), ("user", event.user, .user),
            ("session", event.session, .session),
        ] where symbol.isPresent {
            words.append("\(name)=\(symbols.text(of: symbol, in: namespace))")
        }
        words.append("\(Money(minorUnits: event.value, currency: event.currency))")
        let items = batch.items[event.itemRange].map { item in
            let product =
                item.product.isPresent
                ? symbols.text(of: item.product, in: .product) : "an item"
            let price = Money(minorUnits: item.price, currency: event.currency).decimal
            return "\(item.quantity) x \(product) at \(price)"
        }
        return (words + [items.joined(separator: ", ")]).filter { !$0.isEmpty }
            .joined(separator: "  ")
    }

    /// The guess as the `input:` of a pipeline file, with the doubts as comments.
    package var yaml: String {
        switch form {
        case .table: break
        case .lines: return linesYAML
        case .cloudEvents: return "# CloudEvents: they need no mapping.\n"
        case .ga4Export: return "spec:\n  input:\n    preset: ga4-export\n"
        }
        var lines = ["spec:", "  input:"]
        let delimiter = String(UnicodeScalar(mapping.delimiter))
        if let preset {
            lines.append("    preset: \(preset.rawValue)")
            if mapping.delimiter != UInt8(ascii: ",") {
                lines.append("    delimiter: \(LogInspection.scalar(delimiter))")
            }
            var own: Set<String> = []
            if mapping.timeFormat != preset.mapping.timeFormat { own.insert("timeFormat") }
            if mapping.currency != preset.mapping.currency { own.insert("currencyCode") }
            lines += keys.filter { own.contains($0.key) }.map {
                "    \($0.key): \($0.value)\(comment(on: $0.key))"
            }
            return lines.joined(separator: "\n") + "\n"
        }
        lines.append("    csv:")
        if mapping.delimiter != UInt8(ascii: ",") {
            lines.append("      delimiter: \(LogInspection.scalar(delimiter))")
        }
        lines.append("      columns:")
        return (lines + mappingLines(keys)).joined(separator: "\n") + "\n"
    }

    /// The lines of `keys`, with the doubts as comments.
    func mappingLines(_ keys: [(key: String, value: String)]) -> [String] {
        keys.map { "        \($0.key): \($0.value)\(comment(on: $0.key))" }
            + doubts.filter { doubt in !keys.contains { $0.key == doubt.key } }.map {
                "        # \($0.key): not sure: \($0.text)"
            }
    }

    private func comment(on key: String) -> String {
        let texts = doubts.filter { $0.key == key }.map(\.text)
        return texts.isEmpty ? "" : "  # not sure: \(texts.joined(separator: "; "))"
    }

    /// The keys of the columns' mapping with their values in YAML.
    var keys: [(key: String, value: String)] {
        var keys: [(key: String, value: String)] = []
        func add(_ key: String, _ value: String?) {
            if let value { keys.append((key, LogInspection.scalar(withoutItems(value)))) }
        }
        add("id", mapping.id)
        add("time", mapping.time)
        switch mapping.timeFormat {
        case .pattern(let pattern): add("timeFormat", pattern.text)
        case let format:
            add("timeFormat", CSVMapping.TimeFormat.named.first { $0.value == format }?.word)
        }
        add("user", mapping.user)
        add("session", mapping.session)
        switch mapping.name {
        case .column(let column): add("event", column)
        case .constant(let name): add("eventName", name.ga4)
        }
        let names = mapping.names.sorted { $0.key < $1.key }.map {
            "\(LogInspection.scalar($0.key)): \($0.value.ga4)"
        }
        if !names.isEmpty { keys.append(("events", "{\(names.joined(separator: ", "))}")) }
        add("transaction", mapping.transaction)
        add("product", mapping.product)
        add("category", mapping.category)
        add("quantity", mapping.quantity)
        switch mapping.amount {
        case .price(let column): add("price", column)
        case .value(let column): add("value", column)
        case nil: break
        }
        if let decimal = mapping.amountFormat.decimal {
            add("decimal", decimal.rawValue)
            add("thousands", mapping.amountFormat.thousands?.rawValue ?? "none")
        }
        switch mapping.currency {
        case .column(let column): add("currency", column)
        case .constant(let currency): add("currencyCode", currency.code)
        }
        return keys
    }

    /// `text` as a scalar of YAML: in quotes unless it is a plain word.
    static func scalar(_ text: String) -> String {
        let words = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"]
        let isPlain =
            text.utf8.first.map { (97...122).contains($0 | 0x20) } == true
            && text.utf8.allSatisfy {
                (97...122).contains($0 | 0x20) || (48...57).contains($0)
                    || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
            }
        return isPlain && !words.contains(text.lowercased()) ? text : JSONTree(text: text).json
    }
}
