internal import Documents

extension OpenSLOReader {
    /// Reads an annotation under this program's prefix.
    ///
    /// That its value is no text is told where all annotations are read.
    func readExtension(
        _ name: String,
        _ key: NodeReader,
        _ value: NodeReader,
        of kind: OpenSLO.Kind,
        into extensions: inout OpenSLO.Extensions
    ) {
        guard let annotation = WeirAnnotation.allCases.first(where: { $0.key == name }) else {
            let known = WeirAnnotation.allCases.filter { $0.kinds.contains(kind) }.map(\.key)
            let expected =
                known.isEmpty
                ? "there is none under \(WeirAnnotation.prefix) for \(kind.noun)"
                : suggestion(for: name, from: known)
            key.mistake("unknown annotation '\(shortened(name))'; \(expected)")
            return
        }
        guard annotation.kinds.contains(kind) else {
            let nouns = annotation.kinds.map(\.noun).joined(separator: " or ")
            key.mistake("'\(name)' means nothing on \(kind.noun); expected it on \(nouns)")
            return
        }
        guard let text = value.textIfAny else { return }
        read(annotation, text, value, into: &extensions)
    }

    private func read(
        _ annotation: WeirAnnotation,
        _ text: String,
        _ reader: NodeReader,
        into extensions: inout OpenSLO.Extensions
    ) {
        func located<Value>(_ value: Value) -> OpenSLO.Located<Value> {
            OpenSLO.Located(value, at: reader.site)
        }
        switch annotation {
        case .owner: extensions.owner = located(text)
        case .revisionNote: extensions.revisionNote = located(text)
        case .minimumEvents:
            guard let count = Quantity(text)?.whole(), count > 0 else {
                return reader.mismatch(expected: "a whole number above 0, in quotes")
            }
            extensions.minimumEvents = located(count)
        case .maintenance: extensions.maintenance = readMaintenance(text, reader)
        case .expectedEventsPerHour:
            guard let rate = ExactDecimal(text), rate > .zero else {
                return reader.mismatch(expected: "a number above 0, in quotes")
            }
            extensions.expectedEventsPerHour = located(rate)
        case .shortWindow: extensions.shortWindow = reader.shorthand()
        case .tier:
            extensions.tier = reader.choice(of: AlertTier.self).map { located($0) }
        case .tiers: extensions.tiers = readTiers(text, reader).map { located($0) }
        case .alertWhenExhausted:
            guard text == "true" || text == "false" else {
                return reader.mismatch(expected: "\"true\" or \"false\"")
            }
            extensions.alertWhenExhausted = located(text == "true")
        case .noDataAfter: extensions.noDataAfter = reader.shorthand()
        }
    }

    private func readTiers(_ text: String, _ reader: NodeReader) -> [AlertTier]? {
        let words = text.split(separator: ",").map { String($0.filter { $0 != " " }) }
        let tiers = words.compactMap { AlertTier(rawValue: $0) }
        guard !words.isEmpty, tiers.count == words.count, Set(tiers).count == tiers.count else {
            let names = AlertTier.allCases.map(\.rawValue).joined(separator: ", ")
            reader.mismatch(expected: "some of \(names), each once, with commas between")
            return nil
        }
        return tiers.sorted()
    }

    private func readMaintenance(_ text: String, _ reader: NodeReader) -> [MaintenanceWindow] {
        let parts: [Substring] = text.split { $0 == ";" || $0.isNewline }
        return parts.compactMap { part in
            do throws(MaintenanceText.Flaw) {
                return try MaintenanceText.parse(part)
            } catch {
                reader.mistake("\(reader.label): \(error.message)")
                return nil
            }
        }
    }
}
