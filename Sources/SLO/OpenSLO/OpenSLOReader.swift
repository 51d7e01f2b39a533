internal import Documents

/// Makes documents of the values of one file; what is wrong goes to the log.
///
/// Reads each kind in an extension of its own. What is wrong with a part makes that part nil,
/// and the rest is looked at as well. Names are joined later, by ``OpenSLOResolver``, since
/// they may lie in other files.
struct OpenSLOReader {
    let log: MistakeLog

    /// Adds the document that `root` writes down to `set`, as far as it can be read.
    func read(_ root: NodeReader, into set: inout OpenSLO.DocumentSet) {
        let kinds = OpenSLO.Kind.allCases.map(\.rawValue)
        guard case .mapping = root.node.content else {
            root.mismatch(expected: "a mapping with apiVersion, kind, metadata, spec")
            return
        }
        guard let kindReader = root.peek("kind") else {
            root.missing("kind", of: "a document", choices: kinds)
            return
        }
        let kind = readKind(kindReader)
        let fields = root.present(
            kind == .service ? OpenSLOKeys.serviceDocument : OpenSLOKeys.document
        )
        _ = fields?["apiVersion"]?.choice(from: [(OpenSLO.version, ())])
        guard let fields, let kind else { return }
        switch kind {
        case .service: set.services.append(object(fields, kind, readService))
        case .dataSource: set.dataSources.append(object(fields, kind, readDataSource))
        case .indicator: set.indicators.append(object(fields, kind, readIndicator))
        case .objective: set.objectives.append(object(fields, kind, readObjective))
        case .alertPolicy: set.alertPolicies.append(object(fields, kind, readAlertPolicy))
        case .alertCondition:
            set.alertConditions.append(object(fields, kind, readAlertCondition))
        case .alertNotificationTarget:
            set.alertNotificationTargets.append(object(fields, kind, readTarget))
        }
    }

    /// A misspelt kind is told, and read as the one that is meant.
    private func readKind(_ reader: NodeReader) -> OpenSLO.Kind? {
        if let kind = reader.choice(of: OpenSLO.Kind.self) { return kind }
        return reader.textIfAny
            .flatMap { nearestName(to: $0, in: OpenSLO.Kind.allCases.map(\.rawValue)) }
            .flatMap { OpenSLO.Kind(rawValue: $0) }
    }

    /// `metadata` and `spec`; what cannot be read of them is absent.
    private func object<Spec>(
        _ fields: FieldReader,
        _ kind: OpenSLO.Kind,
        _ readSpec: (NodeReader?) -> Spec
    ) -> OpenSLO.Object<Spec> {
        OpenSLO.Object(
            metadata: fields["metadata"].map { readMetadata($0, of: kind) } ?? .init(),
            spec: readSpec(fields["spec"])
        )
    }

    /// An item of a list that is a document in place, or under `reference` the name of one.
    func use<Spec>(
        _ reader: NodeReader,
        of kind: OpenSLO.Kind,
        reference: String,
        _ readSpec: (NodeReader?) -> Spec
    ) -> OpenSLO.Use<Spec>? {
        guard let fields = reader.present(OpenSLOKeys.use(kind, reference: reference)) else {
            return nil
        }
        if let name = fields[reference] {
            for key in ["kind", "metadata", "spec"] {
                fields[key]?.mistake(
                    "'\(key)' stands beside '\(reference)'; expected either a reference or "
                        + "\(kind.noun) in place"
                )
            }
            return name.dnsLabel().map { .reference($0) }
        }
        guard fields["kind"] != nil || fields["metadata"] != nil || fields["spec"] != nil else {
            reader.mistake(
                "\(kind.noun) is expected here, in place (kind, metadata, spec) or as a "
                    + "reference ('\(reference)')"
            )
            return nil
        }
        for key in ["kind", "metadata", "spec"] where fields[key] == nil {
            reader.mistake("\(kind.noun) in place needs the key '\(key)'")
        }
        _ = fields["kind"]?.choice(from: [(kind.rawValue, ())])
        return .inline(object(fields, kind, readSpec))
    }

    /// `indicator` or `indicatorRef`, whichever is there.
    func indicatorUse(
        _ fields: FieldReader
    ) -> OpenSLO.Use<OpenSLO.IndicatorSpec>? {
        if fields["indicator"] != nil, let second = fields["indicatorRef"] {
            second.mistake(
                "'indicator' and 'indicatorRef' exclude each other; expected one of them"
            )
            return nil
        }
        if let inline = fields["indicator"] {
            return inline.present(OpenSLOKeys.inlineIndicator)
                .map { .inline(object($0, .indicator, readIndicator)) }
        }
        return fields["indicatorRef"]?.dnsLabel().map { .reference($0) }
    }

    func description(_ fields: FieldReader?) -> String? {
        fields?["description"]?.prose(atMost: 1050)
    }

    private func readService(_ reader: NodeReader?) -> OpenSLO.ServiceSpec {
        let fields = reader?.present(OpenSLOKeys.service)
        return OpenSLO.ServiceSpec(description: description(fields))
    }

    private func readDataSource(_ reader: NodeReader?) -> OpenSLO.DataSourceSpec {
        let fields = reader?.present(OpenSLOKeys.dataSource)
        let details = fields?["connectionDetails"]
        // Anything may stand there, be it nothing; but the key has to.
        if let reader, fields != nil, reader.peek("connectionDetails") == nil {
            reader.mistake(
                "a DataSource's spec needs the key 'connectionDetails'; expected what it takes to "
                    + "reach the source, or {} for nothing"
            )
        }
        return OpenSLO.DataSourceSpec(
            description: description(fields),
            type: fields?["type"]?.locatedText(expected: "a type such as weir"),
            connectionDetails: details?.node
        )
    }
}
