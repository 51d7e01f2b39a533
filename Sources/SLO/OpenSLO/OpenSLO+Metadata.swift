package import Documents

// Whatever cannot be read is noted as a mistake and is nil or absent here, so that the rest of a
// document, and all that refers to it, is looked at all the same.

extension OpenSLO {
    /// What every document says of itself.
    package struct Metadata: Sendable {
        /// Lower-case letters, digits and hyphens: a DNS label (RFC 1123).
        package var name: Located<String>?
        package var displayName: String?
        /// In the order of the document.
        package var labels: [Label] = []
        /// All of them, in the order of the document.
        package var annotations: [Annotation] = []
        /// What the annotations under this program's own prefix say.
        package var extensions = Extensions()
    }

    /// A label with its values.
    package struct Label: Hashable, Sendable {
        package var key: String
        package var values: [String]
    }

    /// An annotation as it is written.
    package struct Annotation: Hashable, Sendable {
        package var key: String
        package var value: String
    }

    /// The spec of a Service.
    package struct ServiceSpec: Sendable {
        package var description: String?
    }

    /// The spec of a DataSource.
    package struct DataSourceSpec: Sendable {
        package var description: String?
        package var type: Located<String>?
        /// What it takes to reach it; only the reader of that type understands it.
        package var connectionDetails: DocumentNode?
    }
}
