internal import Commerce
internal import Digests
internal import Stages
internal import Timekeeping

extension PersonalDataRule {
    /// Applies the rule to `event`.
    ///
    /// - Parameters:
    ///   - event: What is changed.
    ///   - secret: What digests need to be computed again; not empty where they are asked for.
    /// - Returns: How many values were changed.
    func apply(to event: inout CollectedEvent, secret: [UInt8]) -> Int {
        var changes = 0
        let path = field.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        if path.count > 1, path[0] == "data" {
            changes += change(&event.data, at: path.dropFirst(), secret)
            return changes
        }
        for place in event.attributes.indices.reversed()
        where PersonalDataRule.isSame(event.attributes[place].name, field) {
            changes += 1
            if let text = replacement(for: event.attributes[place].value, secret) {
                event.attributes[place].value = text
            } else {
                event.attributes.remove(at: place)
            }
        }
        changes += changeAll(&event.data, secret)
        return changes
    }

    /// Changes the members called ``field`` of `tree` and of all that lies in it.
    private func changeAll(_ tree: inout JSONTree, _ secret: [UInt8]) -> Int {
        changeChildren(of: &tree, secret) { key, isElement, child in
            !isElement && PersonalDataRule.isSame(key, field) ? nil : changeAll(&child, secret)
        }
    }

    /// Changes what `path` leads to in `tree`.
    private func change(
        _ tree: inout JSONTree,
        at path: ArraySlice<String>,
        _ secret: [UInt8]
    ) -> Int {
        guard let name = path.first else { return 0 }
        let rest = path.dropFirst()
        if case .array(let elements) = tree, name != "*", Int(name) == nil {
            // What is said of one is said of each.
            var (changed, changes) = (elements, 0)
            for place in changed.indices { changes += change(&changed[place], at: path, secret) }
            tree = .array(changed)
            return changes
        }
        return changeChildren(of: &tree, secret) { key, isElement, child in
            guard PersonalDataRule.isSame(key, name) || isElement && name == "*" else { return 0 }
            return rest.isEmpty ? nil : change(&child, at: rest, secret)
        }
    }

    /// Goes through what lies in `tree`, by key or, of an array, by place: `step` says how much it
    /// has changed further in, or nil where the value itself is to be hidden.
    private func changeChildren(
        of tree: inout JSONTree,
        _ secret: [UInt8],
        _ step: (_ key: String, _ isElement: Bool, _ child: inout JSONTree) -> Int?
    ) -> Int {
        var changes = 0
        // Where the value stays, it is what is there now.
        func kept(_ key: String, _ isElement: Bool, _ child: JSONTree) -> JSONTree? {
            var child = child
            if let deeper = step(key, isElement, &child) {
                changes += deeper
                return child
            }
            changes += 1
            return treatment == .drop ? nil : replaced(child, secret)
        }
        switch tree {
        case .scalar: break
        case .array(let elements):
            tree = .array(
                elements.enumerated().compactMap { kept("\($0.offset)", true, $0.element) }
            )
        case .object(let members):
            tree = .object(
                members.compactMap { member in
                    kept(member.key, false, member.value).map { (key: member.key, value: $0) }
                }
            )
        }
        return changes
    }

    /// `tree` with each value in it replaced.
    private func replaced(_ tree: JSONTree, _ secret: [UInt8]) -> JSONTree {
        switch tree {
        case .array(let elements): return .array(elements.map { replaced($0, secret) })
        case .object(let members):
            return .object(members.map { ($0.key, replaced($0.value, secret)) })
        case .scalar(let json):
            if json == "null" { return tree }
            return replacement(for: tree.text ?? json, secret).map(JSONTree.init(text:))
                ?? .scalar("null")
        }
    }

    /// What stands in the place of `text`; nil for nothing.
    private func replacement(for text: String, _ secret: [UInt8]) -> String? {
        switch treatment {
        case .drop: return nil
        case .hash:
            let digest = SHA256Digest(of: Array(text.utf8), key: secret)
            // 128 bits: no two values of a shop share one.
            return digest.bytes.prefix(16).hexadecimal
        case .truncate:
            return PersonalDataRule.network(of: text) ?? String(text.prefix(keep))
        }
    }

    /// The network of an Internet address: of IPv4 the first 24 bits, of IPv6 the first 48; nil for
    /// any other text.
    static func network(of text: String) -> String? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        if parts.count == 4, parts.allSatisfy({ UInt8($0) != nil }) {
            return parts.prefix(3).joined(separator: ".") + ".0"
        }
        let groups = text.split(separator: ":", omittingEmptySubsequences: false)
        guard groups.count >= 3, groups.count <= 8,
            groups.allSatisfy({ $0.isEmpty || $0.count <= 4 && UInt16($0, radix: 16) != nil })
        else { return nil }
        // What is left out with "::" is zeros.
        let first = groups.prefix(3).prefix { !$0.isEmpty }
        return first.isEmpty ? "::" : first.joined(separator: ":") + "::"
    }

    /// Whether two names are the same to a rule: clients write `user_id`, `userId` and `User-ID`.
    private static func isSame(_ left: String, _ right: String) -> Bool {
        func plain(_ name: String) -> some Sequence<UInt8> {
            name.utf8.lazy.filter { $0 != UInt8(ascii: "_") && $0 != UInt8(ascii: "-") }
                .map { (65...90).contains($0) ? $0 | 0x20 : $0 }
        }
        return plain(left).elementsEqual(plain(right))
    }
}
