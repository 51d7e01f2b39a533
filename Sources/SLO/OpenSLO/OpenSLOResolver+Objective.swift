internal import Documents

extension OpenSLOResolver {
    /// The objectives of one SLO; none where a mistake keeps them from being made.
    mutating func resolve(
        _ document: OpenSLO.Object<OpenSLO.ObjectiveSpec>
    ) -> [ObjectiveSet.Entry] {
        let spec = document.spec
        let owner = spec.service.flatMap { ownerName(of: $0) }
        let policies = spec.alertPolicies.compactMap { follow($0) }
        let parts = measuredParts(of: spec)
        guard let name = document.metadata.name, let service = spec.service,
            let window = spec.timeWindow, !parts.isEmpty
        else { return [] }
        let frame = ObjectiveFrame(
            name: name,
            metadata: document.metadata,
            description: spec.description,
            service: service.value,
            owner: document.metadata.extensions.owner?.value ?? owner,
            window: window
        )
        let groups: [MeasuredPart]
        var entries: [ObjectiveSet.Entry]
        if spec.indicator == nil {
            groups = parts.compactMap { $0 }
            guard groups.count == parts.count else { return [] }
            entries = [frame.composite(groups)]
        } else {
            entries = parts.enumerated().compactMap { index, part in
                part.map { frame.entry($0, number: parts.count == 1 ? nil : index + 1) }
            }
        }
        for index in entries.indices {
            for policy in policies {
                attach(policy, to: &entries[index])
            }
        }
        return entries
    }
}

/// One entry of `objectives` with its indicator, in the engine's terms.
struct MeasuredPart {
    var displayName: String?
    /// The indicator's name.
    var name: String
    var target: OpenSLO.Located<ExactDecimal>
    var budgeting: BudgetingMethod
    var indicator: Indicator
    var weight: ExactDecimal
    var sources: [OpenSLO.Located<MetricSource>]
}

/// What the objectives of one SLO have in common.
struct ObjectiveFrame {
    var name: OpenSLO.Located<String>
    var metadata: OpenSLO.Metadata
    var description: String?
    var service: String
    var owner: String?
    var window: OpenSLO.Located<TimeWindow>

    /// The objective of one part; `number`, from 1, where there are several.
    func entry(_ part: MeasuredPart, number: Int?) -> ObjectiveSet.Entry {
        let component = ObjectiveComponent(name: part.name, indicator: part.indicator)
        var entry = entry(part, components: [component], sources: part.sources)
        if let number {
            entry.objective.name += "-\(part.displayName.flatMap(Self.slug) ?? "\(number)")"
            let names = [metadata.displayName, part.displayName].compactMap { $0 }
            entry.objective.displayName = names.isEmpty ? nil : names.joined(separator: ", ")
        }
        return entry
    }

    /// The one objective of all `parts`, at least one, which agree in method: its target is the
    /// strictest of theirs.
    func composite(_ parts: [MeasuredPart]) -> ObjectiveSet.Entry {
        var taken: [String: Int] = [:]
        let strictest =
            parts.map(\.target).max { $0.value < $1.value } ?? parts[0].target
        let components = parts.map { part in
            taken[part.name, default: 0] += 1
            let count = taken[part.name, default: 1]
            var component = ObjectiveComponent(
                name: count == 1 ? part.name : "\(part.name)-\(count)",
                indicator: part.indicator,
                weight: part.weight,
                target: part.target.value == strictest.value ? nil : part.target.value
            )
            if case .timeslices(_, let target) = part.budgeting,
                case .timeslices(_, let first) = parts[0].budgeting, target != first
            {
                component.sliceTarget = target
            }
            return component
        }
        var whole = parts[0]
        whole.target = strictest
        return entry(whole, components: components, sources: parts.flatMap(\.sources))
    }

    private func entry(
        _ part: MeasuredPart,
        components: [ObjectiveComponent],
        sources: [OpenSLO.Located<MetricSource>]
    ) -> ObjectiveSet.Entry {
        let objective = Objective(
            name: name.value,
            displayName: metadata.displayName,
            service: service,
            owner: owner,
            description: description,
            target: part.target.value,
            budgeting: part.budgeting,
            timeWindow: window.value,
            components: components,
            minimumEvents: metadata.extensions.minimumEvents?.value ?? 0,
            maintenance: metadata.extensions.maintenance
        )
        return ObjectiveSet.Entry(
            objective: objective,
            site: name.site,
            targetSite: part.target.site,
            windowSite: window.site,
            sources: sources,
            expectedEventsPerHour: metadata.extensions.expectedEventsPerHour?.value,
            revisionNote: metadata.extensions.revisionNote?.value
        )
    }

    /// `text` as a part of a name, or nil where nothing of it can be.
    private static func slug(_ text: String) -> String? {
        let words = text.lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
        return words.isEmpty ? nil : words.joined(separator: "-")
    }
}
