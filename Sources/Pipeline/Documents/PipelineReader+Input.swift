internal import Commerce
internal import Documents
internal import Timekeeping

/// How a log is read.
extension PipelineReader {
    /// The name of the preset for JSON; all others are for CSV.
    private static let jsonPreset = "ga4-export"

    func readInput(_ reader: NodeReader, into document: inout PipelineDocument) {
        guard let fields = reader.fields(PipelineKeys.input) else { return }
        if let preset = fields["preset"], fields.exclude("preset", "csv"),
            fields.exclude("preset", "json")
        {
            let names = LogPreset.allCases.map(\.rawValue) + [Self.jsonPreset]
            guard let name = preset.choice(from: names.sorted().map { ($0, $0) }) else { return }
            if name == Self.jsonPreset {
                document.lines = .ga4Export
                for key in PipelineKeys.ofPresets {
                    fields[key]?.mistake("'\(key)' is for CSV; '\(name)' reads JSON")
                }
            } else {
                document.csv = LogPreset(rawValue: name).map { readPreset($0, fields, reader) }
            }
            return
        }
        guard fields["csv"] != nil || fields["json"] != nil else {
            reader.mistake(
                "nothing says how the input is read; expected 'csv', 'json' or 'preset'"
            )
            return
        }
        for key in PipelineKeys.ofPresets {
            fields[key]?.mistake(
                "'\(key)' of the input stands beside 'preset'; expected it in 'csv', its columns, "
                    + "or the fields of 'json'"
            )
        }
        fields.exclude("csv", "json")
        document.csv = fields["csv"].flatMap { readCSV($0) }
        document.lines = fields["json"].flatMap { readJSON($0) }
    }

    private func readJSON(_ reader: NodeReader) -> NDJSONMapping? {
        guard let json = reader.fields(PipelineKeys.json), let mapping = json["fields"],
            let fields = mapping.fields(PipelineKeys.fields)
        else { return nil }
        func places(_ key: String) -> NDJSONMapping.Places {
            fields[key].map { readPlaces($0) } ?? []
        }
        var lines = NDJSONMapping(
            time: places("time"),
            timeFormat: fields["timeFormat"].flatMap { readTimeFormat($0) } ?? .rfc3339,
            name: places("event"),
            user: places("user")
        )
        lines.id = places("id")
        lines.zone = fields["timeZone"]?.zone()
        lines.names = fields["events"].map { readNames($0) } ?? [:]
        lines.eventName = fields["eventName"].flatMap { readEventName($0) }
        if fields["event"] == nil, fields["eventName"] == nil {
            mapping.mistake(
                "nothing says which event a line is; expected 'event' (a pointer) or 'eventName' "
                    + "(the same for all lines)"
            )
        }
        lines.session = places("session")
        lines.transaction = places("transaction")
        lines.currency = places("currency")
        lines.currencyCode = fields["currencyCode"].flatMap { readCurrency($0) }
        lines.value = places("value")
        lines.items = places("items")
        lines.product = places("product")
        lines.category = places("category")
        lines.price = places("price")
        lines.quantity = places("quantity")
        lines.absent = [""]
        return lines
    }

    /// One pointer, or several of which the first counts that leads to something.
    private func readPlaces(_ reader: NodeReader) -> NDJSONMapping.Places {
        let expected = "a JSON pointer such as /customer/id"
        func pointer(_ reader: NodeReader) -> NDJSONMapping.Pointer? {
            reader.value(expected: expected) { NDJSONMapping.Pointer($0) }
        }
        guard case .list = reader.node.content else { return [reader].compactMap(pointer) }
        return reader.items(some: expected).compactMap(pointer)
    }

    private func readPreset(
        _ preset: LogPreset,
        _ fields: FieldReader,
        _ reader: NodeReader
    ) -> CSVMapping {
        var mapping = preset.mapping
        mapping.delimiter = fields["delimiter"].flatMap { readDelimiter($0) } ?? mapping.delimiter
        let format = fields["timeFormat"].flatMap { readTimeFormat($0) }
        mapping.timeFormat = format ?? mapping.timeFormat
        mapping.zone = fields["timeZone"]?.zone() ?? mapping.zone
        if let currency = fields["currencyCode"].flatMap({ readCurrency($0) }) {
            mapping.currency = .constant(currency)
        } else if preset.needsCurrency, fields["currencyCode"] == nil {
            reader.mistake(
                "the preset '\(preset.rawValue)' needs 'currencyCode' beside it: its files do not "
                    + "say in which currency they are"
            )
        }
        mapping.lastRowIsWhole = fields["lastRowIsWhole"]?.flag() ?? false
        return mapping
    }

    private func readCSV(_ reader: NodeReader) -> CSVMapping? {
        guard let csv = reader.fields(PipelineKeys.csv),
            var mapping = csv["columns"].flatMap({ readColumns($0) })
        else { return nil }
        mapping.delimiter = csv["delimiter"].flatMap { readDelimiter($0) } ?? mapping.delimiter
        mapping.lastRowIsWhole = csv["lastRowIsWhole"]?.flag() ?? false
        return mapping
    }

    private func readDelimiter(_ reader: NodeReader) -> UInt8? {
        reader.value(expected: "one ASCII character in quotes such as \",\" or \"\\t\"") { text in
            let bytes = text.utf8
            return bytes.count == 1
                ? bytes.first { $0 < 0x80 && !"\"\r\n".utf8.contains($0) } : nil
        }
    }

    private func readColumns(_ reader: NodeReader) -> CSVMapping? {
        guard let fields = reader.fields(PipelineKeys.columns) else { return nil }
        func column(_ key: String) -> String? {
            fields[key]?.text(expected: "the name of a column")
        }
        var mapping = CSVMapping(
            time: column("time") ?? "",
            timeFormat: fields["timeFormat"].flatMap { readTimeFormat($0) } ?? .rfc3339,
            user: column("user") ?? "",
            name: readName(fields, reader),
            currency: readCurrency(fields)
        )
        mapping.id = column("id")
        mapping.session = column("session")
        mapping.transaction = column("transaction")
        mapping.fillsDown = fields["fillDown"]?.flag() ?? false
        if mapping.fillsDown, fields["transaction"] == nil {
            fields["fillDown"]?.mistake("'fillDown' needs 'transaction' beside it")
        }
        mapping.zone = fields["timeZone"]?.zone()
        mapping.names = fields["events"].map { readNames($0) } ?? [:]
        mapping.returnPrefix = fields["returnPrefix"]?.text(expected: "how such orders begin")
        mapping.amountFormat = readAmountFormat(fields)
        mapping.product = column("product")
        mapping.category = column("category")
        mapping.quantity = column("quantity")
        let value = column("value").map { CSVMapping.Amount.value(column: $0) }
        mapping.amount = column("price").map { .price(column: $0) } ?? value
        fields.exclude("price", "value")
        return mapping
    }

    private func readTimeFormat(_ reader: NodeReader) -> CSVMapping.TimeFormat? {
        let named = CSVMapping.TimeFormat.named
        let expected =
            "\(named.map(\.word).joined(separator: ", ")) or a pattern such as dd/MM/yyyy HH:mm, "
            + "with Z for a zone"
        guard let text = reader.text(expected: expected) else { return nil }
        if let format = named.first(where: { $0.word == text })?.value { return format }
        guard let pattern = TimePattern(text) else {
            if let near = nearestName(to: text, in: named.map(\.word)) {
                reader.mistake("\(reader.label) is '\(shortened(text))'; did you mean '\(near)'?")
            } else {
                reader.mismatch(expected: expected)
            }
            return nil
        }
        return .pattern(pattern)
    }

    private func readNames(_ reader: NodeReader) -> [String: EventName] {
        let entries = reader.entries(expected: "the log's name of an event and that of GA4") ?? []
        var names: [String: EventName] = [:]
        for (key, value) in entries {
            if let text = key.text(), let name = readEventName(value) { names[text] = name }
        }
        return names
    }

    private func readAmountFormat(_ fields: FieldReader) -> AmountFormat {
        let marks = AmountFormat.Mark.allCases.map { ($0.rawValue, Optional($0)) }
        let decimal = fields["decimal"]?.choice(from: Array(marks.prefix(2))) ?? nil
        guard let decimal else {
            fields["thousands"]?.mistake("'thousands' needs 'decimal' beside it")
            return AmountFormat()
        }
        guard let reader = fields["thousands"] else {
            return AmountFormat(decimal: decimal, thousands: decimal == .comma ? .point : .comma)
        }
        let thousands = reader.choice(from: marks + [("none", nil)]) ?? nil
        if thousands == decimal {
            reader.mistake("'thousands' and 'decimal' are the same mark; expected two")
        }
        return AmountFormat(decimal: decimal, thousands: thousands)
    }

    private func readName(_ fields: FieldReader, _ reader: NodeReader) -> CSVMapping.Name {
        let column = fields["event"]?.text(expected: "the name of a column")
        let constant = fields["eventName"].flatMap { readEventName($0) }
        fields.exclude("event", "eventName")
        if fields["event"] == nil, fields["eventName"] == nil {
            reader.mistake(
                "nothing says which event a row is; expected 'event' (a column) or 'eventName' "
                    + "(the same for all rows)"
            )
        }
        return constant.map { .constant($0) } ?? .column(column ?? "")
    }

    private func readCurrency(_ fields: FieldReader) -> CSVMapping.Money {
        let column = fields["currency"]?.text(expected: "the name of a column")
        let constant = fields["currencyCode"].flatMap { readCurrency($0) }
        fields.exclude("currency", "currencyCode")
        return column.map { .column($0) } ?? .constant(constant ?? .usd)
    }

    private func readEventName(_ reader: NodeReader) -> EventName? {
        reader.choice(from: EventName.ga4Cases.map { ($0.ga4, $0) })
    }
}
