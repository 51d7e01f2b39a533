internal import Documents
internal import SLO

/// The spec of a DataSource: what kind of thing answers, and what it takes to reach it.
struct DataSourceSpec: DocumentSpec {
    static let kind = DocumentKind.dataSource
    static var catalog: KeyPath<DocumentSet, Catalog<DataSourceSpec>> { \.dataSources }

    var type: Located<String>?
    var url: String?
    var bearerTokenEnv: String?

    private static let keys = KeySet(
        "dataSource",
        noun: "a DataSource's spec",
        required: ["type"],
        optional: ["connectionDetails", "description"]
    )

    init(_ reader: NodeReader?) {
        guard let reader, let fields = reader.present(Self.keys) else { return }
        // Anything may stand there, be it nothing; but the key has to.
        if reader.peek("connectionDetails") == nil {
            reader.mistake(
                "a DataSource's spec needs the key 'connectionDetails'; expected what it takes to "
                    + "reach the source, or {} for nothing"
            )
        }
        _ = fields.description
        type = fields["type"]?.locatedText(expected: "a type such as weir")
        url = fields["connectionDetails"]?.scalar("url")
        bearerTokenEnv = fields["connectionDetails"]?.scalar("bearerTokenEnv")
    }

    /// The data source that a document describes, or nil where its name or type is missing.
    static func resolved(
        _ document: Document<DataSourceSpec>,
        in set: DocumentSet
    ) -> ObjectiveSet.DataSource? {
        guard let type = document.spec.type else { return nil }
        let kind = kind(of: type, doubtedIn: set)
        guard let name = document.metadata.name else { return nil }
        return ObjectiveSet.DataSource(
            name: name.value,
            kind: kind,
            site: type.site,
            url: document.spec.url,
            bearerTokenEnv: document.spec.bearerTokenEnv
        )
    }

    /// What kind of source `type` means.
    ///
    /// One that is not known is only a warning: other tools have their own.
    static func kind(
        of type: Located<String>,
        doubtedIn set: DocumentSet?
    ) -> MetricSource.Kind {
        // Documents write both Prometheus and prometheus.
        if let kind = MetricSource.Kind.read.first(where: {
            $0.rawValue == type.value.lowercased()
        }) {
            return kind
        }
        set?.warn(
            "there is no reader for sources of type '\(shortened(type.value))', so there is "
                + "no data; "
                + suggestion(for: type.value, from: MetricSource.Kind.read.map(\.rawValue)),
            at: type.site
        )
        return .unread
    }
}
