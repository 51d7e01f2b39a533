internal import Reports

/// A value that replaces one in a document: `spec.stages.ingest.batch=64`.
package struct DocumentSetting: Hashable, Sendable, CustomStringConvertible {
    /// Keys of mappings; an item of a list is called by its `name`, or by its place from 0.
    package var path: [String]
    /// The value, in YAML.
    package var value: String

    package init(path: [String], value: String) {
        self.path = path
        self.value = value
    }

    /// The setting that `path=value` writes down, or nil if it is not one.
    package init?(_ text: String) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let path = parts[0].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, path.allSatisfy({ !$0.isEmpty }),
            !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else { return nil }
        self.init(path: path, value: String(parts[1]))
    }

    /// As written on a command line, without secrets.
    package var description: String {
        SecretText.masked(value: "\(path.joined(separator: "."))=\(value)")
    }
}

/// Why a setting cannot be made.
package struct DocumentSettingError: Error, Hashable, CustomStringConvertible {
    /// What is wrong; what was expected.
    package var description: String
}

extension DocumentNode {
    /// The document with `setting` applied; missing keys are added.
    ///
    /// Messages about the new value name the place of the old one, or of the mapping it is put
    /// into.
    ///
    /// - Throws: ``DocumentSettingError`` if the path leads nowhere, or the value is not YAML.
    package func with(_ setting: DocumentSetting) throws(DocumentSettingError) -> DocumentNode {
        if setting.value.allSatisfy({ $0 == " " }) {
            let nothing = DocumentNode(
                content: .scalar(text: "", isPlain: true),
                place: place,
                size: 1
            )
            return try replacing(setting.path[...], by: nothing, for: setting)
        }
        let log = MistakeLog(file: setting.description)
        guard let value = DocumentLoader.load(setting.value, log: log), log.isClean else {
            let mistakes = log.mistakes.map(\.message).joined(separator: "; ")
            throw DocumentSettingError(
                description: "\(setting): the value is not YAML: \(mistakes)"
            )
        }
        return try replacing(setting.path[...], by: value.placed(at: place), for: setting)
    }

    private func replacing(
        _ path: ArraySlice<String>,
        by value: DocumentNode,
        for setting: DocumentSetting
    ) throws(DocumentSettingError) -> DocumentNode {
        guard let step = path.first else { return value.placed(at: place) }
        var changed = self
        switch content {
        case .mapping(var entries):
            if let index = entries.firstIndex(where: { $0.key == step }) {
                entries[index].value = try entries[index].value
                    .replacing(path.dropFirst(), by: value, for: setting)
            } else {
                let empty = DocumentNode(content: .mapping([]), place: place, size: 1)
                let new = try empty.replacing(path.dropFirst(), by: value, for: setting)
                entries.append(DocumentEntry(key: step, place: place, value: new))
            }
            changed.content = .mapping(entries)
        case .list(var items):
            let names = items.map { $0.name ?? "" }
            let index =
                names.firstIndex(of: step)
                ?? Int(step).flatMap { place in
                    items.indices.contains(place) ? place : nil
                }
            guard let index else {
                throw DocumentSettingError(
                    description: "\(setting): there is no '\(shortened(step))' in "
                        + "\(setting.path.dropLast(path.count).joined(separator: ".")); "
                        + suggestion(for: step, from: names.filter { !$0.isEmpty })
                )
            }
            items[index] = try items[index].replacing(path.dropFirst(), by: value, for: setting)
            changed.content = .list(items)
        case .scalar, .unreadable:
            throw DocumentSettingError(
                description: "\(setting): "
                    + "\(setting.path.dropLast(path.count).joined(separator: ".")) is \(summary), "
                    + "in which there is no '\(shortened(step))'"
            )
        }
        return changed
    }

    /// The text after the key `name` of a mapping.
    private var name: String? {
        guard case .mapping(let entries) = content,
            let entry = entries.first(where: { $0.key == "name" }),
            case .scalar(let text, _) = entry.value.content
        else { return nil }
        return text
    }

    /// The same value, all of it at `place`.
    private func placed(at place: DocumentPlace) -> DocumentNode {
        var moved = self
        moved.place = place
        moved.textPlace = nil
        switch content {
        case .scalar, .unreadable: break
        case .list(let items): moved.content = .list(items.map { $0.placed(at: place) })
        case .mapping(let entries):
            moved.content = .mapping(
                entries.map { entry in
                    DocumentEntry(
                        key: entry.key,
                        place: place,
                        value: entry.value.placed(at: place)
                    )
                }
            )
        }
        return moved
    }
}
