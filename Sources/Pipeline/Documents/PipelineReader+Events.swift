internal import Commerce
internal import Documents

// The events that a shop names itself.
extension PipelineReader {
    /// The declared events, and what becomes of others as `validation` has it.
    func readEvents(
        _ reader: NodeReader?,
        _ validation: PipelineDocument.Validation
    ) -> EventDeclarations {
        var events = validation.events
        for item in reader?.items() ?? [] {
            guard let fields = item.fields(PipelineKeys.event) else { continue }
            guard let name = fields["name"].flatMap({ readEventName($0, beside: events) }) else {
                continue
            }
            let parameters = fields["parameters"].map { readParameters($0, of: name) } ?? []
            events.declared.append(.init(name: name, parameters: parameters))
        }
        return events
    }

    private func readEventName(
        _ reader: NodeReader,
        beside events: EventDeclarations
    ) -> String? {
        guard let name = word(reader, expected: "the name of an event") else { return nil }
        if EventName(ga4: name) != nil {
            reader.mistake("'\(name)' is an event of GA4, which every pipeline knows; leave it out")
            return nil
        }
        if events.declaration(of: name) != nil {
            reader.mistake("'\(name)' is declared twice; expected each event once")
            return nil
        }
        return name
    }

    private func readParameters(
        _ reader: NodeReader,
        of event: String
    ) -> [EventDeclarations.Parameter] {
        let entries = reader.entries(expected: "names of parameters with their kinds") ?? []
        return entries.compactMap { key, value in
            guard let name = word(key, expected: "the name of a parameter"),
                let kind = value.choice(of: EventDeclarations.Kind.self)
            else { return nil }
            if let kinds = EventDeclarations.kinds(ofGA4Parameter: name) {
                guard !kinds.contains(kind) else { return .init(name: name, kind: kind) }
                let expected = kinds.map(\.rawValue).joined(separator: " or ")
                value.mistake(
                    kinds.isEmpty
                        ? "'\(name)' means the same in every event, as GA4 has it; leave it out"
                        : "'\(name)' means the same in every event, as GA4 has it; "
                            + "expected \(expected)"
                )
                return nil
            }
            if let own = kind.parameter {
                value.mistake(
                    "'\(name)' cannot be of kind \(kind.rawValue), which is what '\(own)' holds; "
                        + "name it so, or call it a string"
                )
                return nil
            }
            return .init(name: name, kind: kind)
        }
    }

    /// A name as GA4 has them.
    private func word(_ reader: NodeReader, expected: String) -> String? {
        guard let text = reader.text(expected: expected) else { return nil }
        let bytes = Array(text.utf8)
        func isLetter(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
        }
        let isWord = bytes.allSatisfy {
            isLetter($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                || $0 == UInt8(ascii: "_")
        }
        guard let first = bytes.first, isLetter(first), isWord, bytes.count <= 40 else {
            reader.mismatch(
                expected: "\(expected): up to 40 letters, digits and underscores, a letter first"
            )
            return nil
        }
        return text
    }
}
