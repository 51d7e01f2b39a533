internal import Documents
internal import Timekeeping

extension ScenarioDocument {
    /// The file that describes it, ending with a newline.
    package var yaml: String {
        var lines = [
            "apiVersion: weir/v1", "kind: Scenario", "metadata: {name: \(name)}", "spec:",
        ]
        if let description { lines.append("  description: \"\(description)\"") }
        lines.append(faults.isEmpty ? "  faults: []" : "  faults:")
        for fault in faults {
            let fields = fault.fields.map { "\($0.key): \($0.value)" }
            lines.append("    - {\(fields.joined(separator: ", "))}")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension ScenarioDocument.Fault {
    /// What its mapping says, in the order in which people write it.
    fileprivate var fields: [(key: String, value: String)] {
        var fields = [("kind", kind.rawValue), ("target", target)]
        switch timing {
        case .once(let at, let lasting):
            fields += [("at", DurationText.write(at)), ("for", DurationText.write(lasting))]
        case .recurring(let meanGap, let lasting):
            fields += [
                ("random", "{every: \(DurationText.write(meanGap))}"),
                ("for", DurationText.write(lasting)),
            ]
        }
        let (required, optional) = kind.parameters
        for parameter in required + optional {
            switch parameter {
            case .share: if share != 1 { fields.append(("share", "\(share)")) }
            case .by: fields.append(("by", DurationText.write(by)))
            case .factor: fields.append(("factor", "\(factor)"))
            case .limit: fields.append(("limit", "\(limit)"))
            case .every: if let every { fields.append(("every", DurationText.write(every))) }
            }
        }
        return fields.map { (key: $0.0, value: $0.1) }
    }
}
