internal import Documents
internal import SLO

/// The documents of some files, with everything that is wrong and doubtful about them.
///
/// They are read first, all of them, and then joined: names may be used above the file in which
/// they are declared.
final class DocumentSet {
    let services = Catalog<ServiceSpec>()
    let dataSources = Catalog<DataSourceSpec>()
    let indicators = Catalog<IndicatorSpec>()
    let objectives = Catalog<ObjectiveSpec>()
    let alertPolicies = Catalog<AlertPolicySpec>()
    let alertConditions = Catalog<AlertConditionSpec>()
    let alertNotificationTargets = Catalog<AlertNotificationTargetSpec>()

    private(set) var mistakes: Set<Mistake> = []
    private(set) var warnings: Set<Mistake> = []

    /// Notes `message` about `site`.
    func mistake(_ message: String, at site: Site) {
        mistakes.insert(site.mistake(message))
    }

    /// Notes `message`, a doubt, about `site`.
    func warn(_ message: String, at site: Site) {
        warnings.insert(site.mistake(message))
    }

    /// Notes all that stands in `log`.
    func note(_ log: MistakeLog) {
        mistakes.formUnion(log.mistakes)
        warnings.formUnion(log.warnings)
    }

    // MARK: - Reading

    private static func keys(of kind: DocumentKind?) -> KeySet {
        // A Service may have nothing to say but its name.
        let isOptional = kind == .service
        return KeySet(
            "document",
            noun: "a document",
            required: ["apiVersion", "kind", "metadata"] + (isOptional ? [] : ["spec"]),
            optional: isOptional ? ["spec"] : []
        )
    }

    /// Adds the document that `root` writes down, as far as it can be read.
    func read(_ root: NodeReader) {
        guard case .mapping = root.node.content else {
            root.mismatch(expected: "a mapping with apiVersion, kind, metadata, spec")
            return
        }
        let kinds = DocumentKind.allCases.map(\.rawValue)
        guard let kindReader = root.peek("kind") else {
            root.missing("kind", of: "a document", choices: kinds)
            return
        }
        // A misspelt kind is reported, and read as the one that is meant.
        let kind =
            kindReader.choice(of: DocumentKind.self)
            ?? kindReader.textIfAny.flatMap { nearestName(to: $0, in: kinds) }
            .flatMap { DocumentKind(rawValue: $0) }
        let fields = root.present(Self.keys(of: kind))
        _ = fields?["apiVersion"]?.choice(from: [("openslo/v1", ())])
        guard let fields, let kind else { return }
        switch kind {
        case .service: services.add(Document(fields), to: self)
        case .dataSource: dataSources.add(Document(fields), to: self)
        case .indicator: indicators.add(Document(fields), to: self)
        case .objective: objectives.add(Document(fields), to: self)
        case .alertPolicy: alertPolicies.add(Document(fields), to: self)
        case .alertCondition: alertConditions.add(Document(fields), to: self)
        case .alertNotificationTarget: alertNotificationTargets.add(Document(fields), to: self)
        }
    }

    // MARK: - Joining

    /// The document that `use` means, or nil (with a mistake) where there is none.
    func follow<Spec>(_ use: Use<Spec>) -> Document<Spec>? {
        switch use {
        case .inline(let document): document
        case .reference(let name): self[keyPath: Spec.catalog].find(name, in: self)
        }
    }

    /// The objectives of every SLO that makes sense; what is wrong is in ``mistakes``.
    func resolved() -> ObjectiveSet {
        var set = ObjectiveSet()
        set.dataSources = dataSources.documents.compactMap { DataSourceSpec.resolved($0, in: self) }
        // Documents that nothing refers to are held to the rules as well.
        for indicator in indicators.documents {
            _ = indicator.spec.metric?.resolvedSources(in: self)
        }
        for policy in alertPolicies.documents {
            policy.spec.checkReferences(in: self)
        }
        var sites: [String: Site] = [:]
        for document in objectives.documents {
            for entry in ObjectiveSpec.resolved(document, in: self) {
                let name = entry.objective.name
                if let earlier = sites[name] {
                    // Two SLOs with one name were reported by the catalog already.
                    if objectives.documents.count(where: { $0.metadata.name?.value == name }) < 2 {
                        mistake(
                            "the objective '\(name)' is declared a second time, after \(earlier); "
                                + "expected another name or displayName",
                            at: entry.targetSite
                        )
                    }
                    continue
                }
                sites[name] = entry.targetSite
                set.entries.append(entry)
            }
        }
        warnOfUnused()
        return set
    }

    private func warnOfUnused() {
        let idle =
            indicators.unused.map { ("no SLO uses the SLI", $0) }
            + dataSources.unused.map { ("no SLI uses the DataSource", $0) }
            + alertPolicies.unused.map { ("no SLO uses the AlertPolicy", $0) }
            + alertConditions.unused.map { ("no AlertPolicy uses the AlertCondition", $0) }
            + alertNotificationTargets.unused.map {
                ("no AlertPolicy uses the AlertNotificationTarget", $0)
            }
        for (text, name) in idle {
            warn("\(text) '\(name.value)'", at: name.site)
        }
    }
}
