package import Documents

/// OpenSLO v1 as its reference SDK enforces it: the documents as they are written, with the
/// place of everything that another document or a rule may find fault with.
///
/// ``OpenSLO/Reader`` makes an ``OpenSLO/DocumentSet`` of texts, and ``OpenSLO/Resolver`` makes
/// the engine's ``Objective``s of that.
package enum OpenSLO {
    /// The one version that is read.
    static let version = "openslo/v1"

    /// What a document may be.
    package enum Kind: String, CaseIterable, Hashable, Sendable {
        case service = "Service"
        case dataSource = "DataSource"
        case indicator = "SLI"
        case objective = "SLO"
        case alertPolicy = "AlertPolicy"
        case alertCondition = "AlertCondition"
        case alertNotificationTarget = "AlertNotificationTarget"

        /// The kind with its article, for messages.
        var noun: String {
            switch self {
            case .service, .dataSource: "a \(rawValue)"
            default: "an \(rawValue)"
            }
        }
    }

    /// A file and a place in it.
    package struct Site: Hashable, Sendable, CustomStringConvertible {
        package var file: String
        package var line: Int
        package var column: Int

        package init(file: String, line: Int, column: Int) {
            self.file = file
            self.line = line
            self.column = column
        }

        /// `file:line:column`.
        package var description: String { "\(file):\(line):\(column)" }

        /// `message` about this place.
        package func mistake(_ message: String) -> Mistake {
            Mistake(file: file, line: line, column: column, message: message)
        }
    }

    /// A value and where it stands.
    package struct Located<Value: Sendable>: Sendable {
        package var value: Value
        package var site: Site

        package init(_ value: Value, at site: Site) {
            self.value = value
            self.site = site
        }
    }

    /// A document, or a part of another one that could be a document.
    package struct Object<Spec: Sendable>: Sendable {
        package var metadata: Metadata
        package var spec: Spec
    }

    /// Something that stands where it is used, or elsewhere under a name.
    package enum Use<Spec: Sendable>: Sendable {
        case inline(Object<Spec>)
        case reference(Located<String>)
    }
}
