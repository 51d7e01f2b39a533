internal import Documents

/// Makes the engine's objectives of the documents of many files: joins what refers to each other
/// and holds it to the rules that concern several documents.
///
/// An SLO with an indicator of its own gives an objective for each of its `objectives`, one with
/// an indicator on each of them (a composite) a single one.
struct OpenSLOResolver {
    private(set) var mistakes: [Mistake] = []
    private(set) var warnings: [Mistake] = []
    private let documents: OpenSLO.DocumentSet
    private var services: NameIndex<OpenSLO.ServiceSpec>
    private var dataSources: NameIndex<OpenSLO.DataSourceSpec>
    private var indicators: NameIndex<OpenSLO.IndicatorSpec>
    private var alertPolicies: NameIndex<OpenSLO.AlertPolicySpec>
    private var alertConditions: NameIndex<OpenSLO.AlertConditionSpec>
    private var targets: NameIndex<OpenSLO.AlertNotificationTargetSpec>

    init(_ documents: OpenSLO.DocumentSet) {
        self.documents = documents
        var found: [Mistake] = []
        services = NameIndex(documents.services, of: .service, mistakes: &found)
        dataSources = NameIndex(documents.dataSources, of: .dataSource, mistakes: &found)
        indicators = NameIndex(documents.indicators, of: .indicator, mistakes: &found)
        alertPolicies = NameIndex(documents.alertPolicies, of: .alertPolicy, mistakes: &found)
        alertConditions = NameIndex(
            documents.alertConditions,
            of: .alertCondition,
            mistakes: &found
        )
        targets = NameIndex(
            documents.alertNotificationTargets,
            of: .alertNotificationTarget,
            mistakes: &found
        )
        _ = NameIndex(documents.objectives, of: .objective, mistakes: &found)
        mistakes = found
    }

    /// Notes `message` about `site`.
    mutating func mistake(_ message: String, at site: OpenSLO.Site) {
        mistakes.append(site.mistake(message))
    }

    /// Notes `message`, a doubt, about `site`.
    mutating func warn(_ message: String, at site: OpenSLO.Site) {
        warnings.append(site.mistake(message))
    }

    /// The objectives of every SLO that makes sense; what is wrong is in ``mistakes``.
    mutating func resolve() -> ObjectiveSet {
        var set = ObjectiveSet()
        set.dataSources = documents.dataSources.compactMap { resolve($0) }
        // Documents that nothing refers to are held to the rules as well.
        for indicator in documents.indicators {
            _ = indicator.spec.metric.map { sources(of: $0) }
        }
        for policy in documents.alertPolicies {
            checkReferences(of: policy)
        }
        var names: [String: OpenSLO.Site] = [:]
        for document in documents.objectives {
            for entry in resolve(document) {
                let name = entry.objective.name
                if let earlier = names[name] {
                    if isDerived(name) {
                        mistake(
                            "the objective '\(name)' is there a second time, after \(earlier); "
                                + "expected another name or displayName",
                            at: entry.targetSite
                        )
                    }
                    continue
                }
                names[name] = entry.targetSite
                set.entries.append(entry)
            }
        }
        warnOfUnused()
        return set
    }

    private mutating func warnOfUnused() {
        let idle =
            indicators.unused.map { ("no SLO uses the SLI", $0) }
            + dataSources.unused.map { ("no SLI uses the DataSource", $0) }
            + alertPolicies.unused.map { ("no SLO uses the AlertPolicy", $0) }
            + alertConditions.unused.map { ("no AlertPolicy uses the AlertCondition", $0) }
            + targets.unused.map { ("no AlertPolicy uses the AlertNotificationTarget", $0) }
        for (text, name) in idle {
            warn("\(text) '\(name.value)'", at: name.site)
        }
    }

    /// Whether no SLO but a part of one has this name, so that the index has not told of it.
    private func isDerived(_ name: String) -> Bool {
        documents.objectives.count { $0.metadata.name?.value == name } < 2
    }

    private mutating func resolve(
        _ source: OpenSLO.Object<OpenSLO.DataSourceSpec>
    ) -> ObjectiveSet.DataSource? {
        guard let type = source.spec.type else { return nil }
        let kind = sourceKind(of: type)
        guard let name = source.metadata.name else { return nil }
        return ObjectiveSet.DataSource(
            name: name.value,
            kind: kind,
            site: type.site,
            connectionDetails: source.spec.connectionDetails?.flattened ?? [:]
        )
    }

    /// Of a type that nothing here reads, with a doubt: other tools have their own.
    private mutating func sourceKind(of type: OpenSLO.Located<String>) -> MetricSource.Kind {
        let kind = Self.kind(of: type.value)
        if kind == .unread {
            warn(
                "nothing here reads a source of type '\(shortened(type.value))', so that it has "
                    + "no data; "
                    + suggestion(for: type.value, from: MetricSource.Kind.read.map(\.rawValue)),
                at: type.site
            )
        }
        return kind
    }

    private static func kind(of type: String) -> MetricSource.Kind {
        // Documents write both Prometheus and prometheus.
        MetricSource.Kind.read.first { $0.rawValue == type.lowercased() } ?? .unread
    }

    /// The service's owner, where it has one.
    mutating func ownerName(of service: OpenSLO.Located<String>) -> String? {
        // OpenSLO leaves it open whether the name has to be a document's. Where there are any,
        // a name that is none of theirs is misspelt.
        guard !services.isEmpty else { return nil }
        return services.resolve(service, mistakes: &mistakes)?.metadata.extensions.owner?.value
    }

    mutating func follow(
        _ use: OpenSLO.Use<OpenSLO.IndicatorSpec>
    ) -> OpenSLO.Object<OpenSLO.IndicatorSpec>? {
        indicators.resolve(use, mistakes: &mistakes)
    }

    mutating func follow(
        _ use: OpenSLO.Use<OpenSLO.AlertPolicySpec>
    ) -> OpenSLO.Object<OpenSLO.AlertPolicySpec>? {
        alertPolicies.resolve(use, mistakes: &mistakes)
    }

    mutating func follow(
        _ use: OpenSLO.Use<OpenSLO.AlertConditionSpec>
    ) -> OpenSLO.Object<OpenSLO.AlertConditionSpec>? {
        alertConditions.resolve(use, mistakes: &mistakes)
    }

    mutating func follow(
        _ use: OpenSLO.Use<OpenSLO.AlertNotificationTargetSpec>
    ) -> OpenSLO.Object<OpenSLO.AlertNotificationTargetSpec>? {
        targets.resolve(use, mistakes: &mistakes)
    }

    /// What a metric measures, in the engine's terms; nil where a source makes no sense.
    mutating func sources(of metric: OpenSLO.Metric) -> [OpenSLO.Located<MetricSource>]? {
        var result: [OpenSLO.Located<MetricSource>] = []
        var isComplete = true
        for source in metric.sources {
            if let resolved = resolve(source) {
                result.append(OpenSLO.Located(resolved, at: source.site))
            } else {
                isComplete = false
            }
        }
        return isComplete ? result : nil
    }

    private mutating func resolve(_ source: OpenSLO.MetricSource) -> MetricSource? {
        var document: OpenSLO.Object<OpenSLO.DataSourceSpec>?
        if let reference = source.reference, documents.dataSources.isEmpty {
            // They lie elsewhere, as in many a file that shows how an SLO is written.
            warn(
                "there is no DataSource '\(reference.value)' here, so that nothing can be asked; "
                    + "expected it beside this",
                at: reference.site
            )
        } else if let reference = source.reference {
            document = dataSources.resolve(reference, mistakes: &mistakes)
            if document == nil { return nil }
        }
        if let type = source.type, let declared = document?.spec.type,
            type.value.lowercased() != declared.value.lowercased()
        {
            mistake(
                "the type is '\(shortened(type.value))', that of the DataSource "
                    + "'\(source.reference?.value ?? "")' is '\(shortened(declared.value))' "
                    + "(\(declared.site)); expected the same, or none here",
                at: type.site
            )
            return nil
        }
        // What is doubtful about a DataSource's type is told there.
        var kind =
            (document == nil
                ? source.type.map { sourceKind(of: $0) }
                : document?.spec.type.map { Self.kind(of: $0.value) }) ?? .unread
        let log = MistakeLog(file: source.site.file)
        let reader = NodeReader(source.spec, label: "'spec'", log: log)
        // An empty one has been told of.
        if reader.hasKeys, !MetricSourceRules.check(reader, kind) {
            kind = .unread
        }
        mistakes += log.mistakes
        warnings += log.warnings
        guard log.mistakes.isEmpty else { return nil }
        return MetricSource(
            dataSource: source.reference?.value ?? kind.rawValue,
            kind: kind,
            spec: source.spec.flattened
        )
    }
}
